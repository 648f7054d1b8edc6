"""The time limit of each hook, in seconds: hook files contain it, and a hook call keeps it.

A plain table without imports: every hook call loads it.
"""

from __future__ import annotations

# By memcairn's name of the event. Claude Code gives all SessionEnd hooks together 1.5 s, whatever a plugin
# says.
LIMIT_S = {
    "session-start": 5,
    "user-prompt": 5,
    "subagent-prompt": 5,
    "subagent-start": 5,
    "tool-used": 5,
    "tool-failed": 5,
    "pre-compact": 10,
    "stop": 10,
    "subagent-stop": 10,
    "session-end": 1,
}
