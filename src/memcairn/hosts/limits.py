"""How long a host waits for each hook, in seconds: what hook files say, and what a hook call keeps to.

A plain table without imports: it is on the way of every hook call.
"""

from __future__ import annotations

# By our word for the event. Claude Code gives all SessionEnd hooks together 1.5 s, whatever a plugin says.
LIMIT_S = {
    "session-start": 5,
    "user-prompt": 5,
    "tool-used": 5,
    "tool-failed": 5,
    "pre-compact": 10,
    "stop": 10,
    "subagent-stop": 10,
    "session-end": 1,
}
