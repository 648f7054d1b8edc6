"""Call a tool: validate the arguments, run it, log the call, and report errors."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any

from mcp import types
from mcp.shared.exceptions import MCPError

from memcairn.errors import MemcairnError, SecretFound, UsageError
from memcairn.mcp import answers, toolbox
from memcairn.sessions import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.mcp.toolbox import Profile
    from memcairn.root import OpenRoot

# They change no note without the user, whatever the user allows.
_ASKING = frozenset(("memory_observe", "memory_propose", "memory_consent", "mem_index_refresh"))

log = logging.getLogger(__name__)

# Only a person may override this, on the command line.
_NO_SECRETS = "write where the secret is stored, not the secret itself"


class Calls:
    """The tools of one profile."""

    def __init__(self, profile: Profile) -> None:
        self._tools = toolbox.of_profile(profile)

    def listed(self) -> list[types.Tool]:
        """The descriptions of the tools that clients receive."""
        return [tool.description for tool in self._tools.values()]

    def input_schema(self, name: str) -> dict[str, Any] | None:
        """The schema of a tool's arguments; None if there is no such tool."""
        return self._tools[name].description.input_schema if name in self._tools else None

    def changes(self, name: str) -> bool:
        """Whether a call of this tool may change something."""
        return name in self._tools and not self._tools[name].read_only

    def call(
        self, open_root: Callable[[], OpenRoot], name: str, arguments: dict[str, Any]
    ) -> types.CallToolResult:
        """Call a tool; an exception becomes an error result that states the reason.

        Raises:
            MCPError: the profile has no such tool.
        """
        tool = self._tools.get(name)
        if tool is None:
            names = ", ".join(self._tools)
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {name}. Available: {names}")
        started = time.perf_counter()
        root = None
        try:
            parameters = tool.validated(arguments)
            root = open_root()
            root.take_notice()
            if not tool.read_only and name not in _ASKING and root.inbox.consent == "nothing":
                raise UsageError(
                    "the user wants to decide what is written", hint="call memory_propose instead"
                )
            result = answers.cleaned(tool.function(root, **parameters))
            text, structured = tool.text(result), tool.structured(result)
            notice = root.take_notice()
            if (
                notice and "notice" not in structured
            ):  # the change is done, and its answer has no place for it
                structured["notice"] = answers.line(notice)
                text += f"\n{structured['notice']}"
            answer = types.CallToolResult(
                content=[types.TextContent(text=text)], structured_content=structured
            )
            outcome, path, size = tool.log_fields(arguments, answer.structured_content or {})
        except MemcairnError as error:
            hint = _NO_SECRETS if isinstance(error, SecretFound) else error.hint
            reason = answers.line(str(error))
            answer = _failed(f"{reason}\n{hint}" if hint else reason)
            outcome, path, size = f"failed: {type(error).__name__}", tool.path(arguments), 0
        except Exception as error:
            log.exception("tool.failed", extra={"tool": name})
            answer = _failed(f"{name} failed; see the server's log for the reason")
            outcome, path, size = f"failed: {type(error).__name__}", tool.path(arguments), 0
        if root is not None:
            took_ms = (time.perf_counter() - started) * 1000
            path = os.path.join(root.root, path) if path else ""
            root.session.log(Line(name, path, outcome, size, took_ms))
        return answer


def _failed(reason: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=reason)], is_error=True)
