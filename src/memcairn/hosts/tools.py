"""The events of hosts as tools of the MCP server: callable, but not listed for the model.

While a host is connected to the server, a hook calls one of these instead of starting a process.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from memcairn.hosts import output, payload
from memcairn.hosts.events import EVENTS
from memcairn.hosts.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from memcairn.memory import Memory
    from memcairn.sessions import Session

    HookTool = Callable[[Memory, Session | None, Mapping[str, Any]], dict[str, object]]

log = logging.getLogger(__name__)

# The only host whose hooks call tools.
HOST = "claude-code"
# The share of a host's limit that remains beside sending the answer.
LIMIT_SHARE = 0.8


def _tool(event: str) -> HookTool:
    def answer(
        memory: Memory, session: Session | None, arguments: Mapping[str, Any]
    ) -> dict[str, object]:
        """The output for the host; {} is none. It never raises: a hook must not fail its host."""
        started = time.monotonic()
        try:
            given = payload.from_fields(event, HOST, arguments)
            if not given.session_id and session is not None:
                given = given._replace(session_id=session.id)
            text = EVENTS[event](memory, given, started + LIMIT_S[event] * LIMIT_SHARE)
            return output.answer(HOST, event, text)
        except Exception as error:
            log.warning("hook.failed", exc_info=error, extra={"event": event})
            return {}

    return answer


# Tool name -> function. Unknown arguments are ignored.
HOOK_TOOLS: dict[str, HookTool] = {
    "hook_" + event.replace("-", "_"): _tool(event)
    for event in EVENTS
    if event not in ("session-start", "session-end")  # the server is not connected then
}


def text(answer: Mapping[str, object]) -> str:
    """An answer as the text of a tool's result; the host reads it like a command's output.

    Without an answer it is an empty object: for an empty text, Claude Code tells the model that a hook
    succeeded.
    """
    return json.dumps(answer)
