"""The protocol's side: which handler answers which request, and what an error looks like.

Only the SDK is imported for `initialize`. The tools, and all of memcairn that they need, are
imported when a client has been answered.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mcp import types
from mcp.server import NotificationOptions, Server
from mcp.shared.exceptions import MCPError

from memcairn import __version__
from memcairn.errors import MemcairnError, SecretFound
from memcairn.mcp.instructions import INSTRUCTIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mcp.server import ServerRequestContext
    from mcp.server.models import InitializationOptions

    from memcairn.files import Files
    from memcairn.mcp.table import Tool
    from memcairn.mcp.toolbox import Profile

log = logging.getLogger(__name__)

# Each thread has its own connections to the databases.
THREADS = 4
# Only a person may decide otherwise, on the command line.
_NO_SECRETS = "write down where the secret is kept, and not the secret itself"


class MemoryServer(Server[None]):
    """A server of one root's memory.

    Args:
        open_files: gives the root; called once, in a thread, after `initialize` was answered.
        profile: which tools there are.
    """

    def __init__(self, open_files: Callable[[], Files], profile: Profile) -> None:
        super().__init__(
            "memcairn",
            version=__version__,
            title="memcairn",
            instructions=INSTRUCTIONS,
            lifespan=_lifespan,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )
        self._open_files = open_files
        self._profile: Profile = profile
        self._lock = threading.Lock()
        self._files: Files | None = None
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="memcairn")

    def create_initialization_options(
        self, notification_options: NotificationOptions | None = None, *args: Any, **more: Any
    ) -> InitializationOptions:
        """As the SDK's, but clients are told when notes come, go or change."""
        options = notification_options or NotificationOptions(resources_changed=True)
        return super().create_initialization_options(options, *args, **more)

    @property
    def files(self) -> Files:
        """The root, opened by the first who asks."""
        with self._lock:
            if self._files is None:
                self._files = self._open_files()
            return self._files

    @cached_property
    def _tools(self) -> dict[str, Tool]:
        from memcairn.mcp import toolbox  # noqa: PLC0415 - not before `initialize` is answered

        return toolbox.of_profile(self._profile)

    async def in_thread(self, work: Callable[[], Any]) -> Any:
        """Run what may wait for a disk in one of our own threads."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._pool, context.run, work)

    async def _list_tools(
        self, _: ServerRequestContext[None], __: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        listed = await self.in_thread(lambda: [tool.listed for tool in self._tools.values()])
        return types.ListToolsResult(tools=listed)

    async def _call_tool(
        self, _: ServerRequestContext[None], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        result: types.CallToolResult = await self.in_thread(
            lambda: self._call(params.name, params.arguments or {})
        )
        return result

    def _call(self, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        tool = self._tools.get(name)
        if tool is None:
            names = ", ".join(self._tools)
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {name}. There are: {names}")
        try:
            result = tool.function(self.files, **tool.checked(arguments))
            return types.CallToolResult(
                content=[types.TextContent(text=tool.text(result))],
                structured_content=tool.structured(result),
            )
        except MemcairnError as error:
            hint = _NO_SECRETS if isinstance(error, SecretFound) else error.hint
            return _failed(f"{error}\n{hint}" if hint else str(error))
        except Exception:
            log.exception("tool.failed", extra={"tool": name})
            return _failed(f"{name} failed; the reason is in the server's log")

    def close(self) -> None:
        """Wait for calls that are under way, and close the databases."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            if self._files is not None:
                self._files.memory.close()


def _failed(why: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=why)], is_error=True)


@asynccontextmanager
async def _lifespan(server: Server[None]) -> AsyncIterator[None]:
    assert isinstance(server, MemoryServer)
    try:
        yield None
    finally:
        server.close()
