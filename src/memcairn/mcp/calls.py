"""Call a tool: check the arguments, run it, log the call, and say what went wrong if it failed."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any

from mcp import types
from mcp.shared.exceptions import MCPError

from memcairn.errors import MemcairnError, SecretFound
from memcairn.mcp import toolbox
from memcairn.sessions import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.mcp.toolbox import Profile
    from memcairn.root import OpenRoot

log = logging.getLogger(__name__)

# Only a person may decide otherwise, on the command line.
_NO_SECRETS = "write down where the secret is kept, and not the secret itself"


class Calls:
    """The tools of one profile."""

    def __init__(self, profile: Profile) -> None:
        self._tools = toolbox.of_profile(profile)

    def listed(self) -> list[types.Tool]:
        """The tools as clients are told of them."""
        return [tool.listed for tool in self._tools.values()]

    def changes(self, name: str) -> bool:
        """Whether a call of a tool may have changed something."""
        return name in self._tools and not self._tools[name].read_only

    def call(
        self, files: Callable[[], OpenRoot], name: str, arguments: dict[str, Any]
    ) -> types.CallToolResult:
        """Call a tool; what it raises becomes an answer that says why.

        Raises:
            MCPError: there is no such tool in this profile.
        """
        tool = self._tools.get(name)
        if tool is None:
            names = ", ".join(self._tools)
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {name}. There are: {names}")
        started = time.perf_counter()
        opened = None
        try:
            checked = tool.checked(arguments)
            opened = files()
            result = tool.function(opened, **checked)
            answer = types.CallToolResult(
                content=[types.TextContent(text=tool.text(result))],
                structured_content=tool.structured(result),
            )
            outcome, path, size = tool.logged(arguments, answer.structured_content or {})
        except MemcairnError as error:
            hint = _NO_SECRETS if isinstance(error, SecretFound) else error.hint
            answer = _failed(f"{error}\n{hint}" if hint else str(error))
            outcome, path, size = f"failed: {type(error).__name__}", tool.path(arguments), 0
        except Exception as error:
            log.exception("tool.failed", extra={"tool": name})
            answer = _failed(f"{name} failed; the reason is in the server's log")
            outcome, path, size = f"failed: {type(error).__name__}", tool.path(arguments), 0
        if opened is not None:
            took_ms = (time.perf_counter() - started) * 1000
            path = os.path.join(opened.root, path) if path else ""
            opened.session.log(Line(name, path, outcome, size, took_ms))
        return answer


def _failed(why: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=why)], is_error=True)
