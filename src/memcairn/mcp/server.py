"""The protocol: which handler answers which request, and what an error looks like.

Only the SDK is imported for `initialize`. The tools, and everything that they need, are imported
after the client has been answered.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from mcp import types
from mcp.server import NotificationOptions, Server

from memcairn import __version__
from memcairn.errors import MemcairnError
from memcairn.mcp import prompts
from memcairn.mcp.instructions import INSTRUCTIONS
from memcairn.mcp.listeners import Listeners

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mcp.server import ServerRequestContext
    from mcp.server.models import InitializationOptions

    from memcairn.daemon.background import Background
    from memcairn.mcp.calls import Calls
    from memcairn.mcp.changes import Changes
    from memcairn.mcp.toolbox import Profile
    from memcairn.root import OpenRoot

    Context = ServerRequestContext[None]

log = logging.getLogger(__name__)

T = TypeVar("T")

# Each thread has its own connections to the databases.
THREADS = 12


class MemoryServer(Server[None]):
    """A server of one root's memory.

    Args:
        open_root: opens the root; called once, in a thread, after `initialize` was answered.
        profile: which tools are listed.
        background: the background work of the process, if several servers share it. The engine is
            then theirs, too, and stays open.
        pool: the threads that do the work, if several servers share them.
    """

    def __init__(
        self,
        open_root: Callable[[], OpenRoot],
        profile: Profile,
        *,
        background: Background | None = None,
        pool: ThreadPoolExecutor | None = None,
    ) -> None:
        self.listeners = Listeners()
        super().__init__(
            "memcairn",
            version=__version__,
            title="memcairn",
            instructions=INSTRUCTIONS,
            lifespan=_lifespan,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_resource_templates,
            on_read_resource=self._read_resource,
            on_subscribe_resource=self._subscribe,
            on_unsubscribe_resource=self._unsubscribe,
            on_subscriptions_listen=self.listeners.listen,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
            on_completion=self._complete,
            # Without it, the SDK lists all tools at each call over HTTP.
            get_tool_input_schema=self._input_schema,
        )
        self.add_notification_handler(
            "notifications/initialized", types.NotificationParams, self._initialized
        )
        self._open_root = open_root
        self._profile: Profile = profile
        self._lock = threading.Lock()
        self._root: OpenRoot | None = None
        self._changes: Changes | None = None
        self._is_shared = background is not None
        self._background = background
        self._owns_pool = pool is None
        self._pool = pool or ThreadPoolExecutor(THREADS, thread_name_prefix="memcairn")

    def create_initialization_options(
        self, notification_options: NotificationOptions | None = None, *args: Any, **more: Any
    ) -> InitializationOptions:
        """As in the SDK, with notifications when notes are added or removed."""
        options = notification_options or NotificationOptions(resources_changed=True)
        return super().create_initialization_options(options, *args, **more)

    # ── what is served ───────────────────────────────────────────────────────────────────────────

    @property
    def root(self) -> OpenRoot:
        """The root, opened on first use.

        Raises:
            MemcairnError: it cannot be opened; the next use tries again.
        """
        with self._lock:
            if self._root is None:
                # See the docstring of the module.
                from memcairn.daemon.background import Background  # noqa: PLC0415
                from memcairn.mcp.changes import Changes  # noqa: PLC0415
                from memcairn.memory import Memory  # noqa: PLC0415

                self._root = self._open_root()
                if self._background is None:
                    memory = Memory(engine=self._root.engine)
                    self._background = Background(lambda: memory)
                    self._background.start()
                self._changes = Changes(self._root, self.listeners)
                self._background.add_watcher(self._changes.check)
            return self._root

    @cached_property
    def _calls(self) -> Calls:
        from memcairn.mcp.calls import Calls  # noqa: PLC0415 - not before `initialize` is answered

        return Calls(self._profile)

    def close(self) -> None:
        """Wait for what is under way, and close all files."""
        if self._owns_pool:
            self._pool.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            if self._background is not None and self._changes is not None:
                self._background.remove_watcher(self._changes.check)
            if self._background is not None and not self._is_shared:
                self._background.stop()
            if self._root is not None:
                self._root.close()
                if not self._is_shared:
                    self._root.engine.close()

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run what may wait for a disk in one of the pool's threads."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._pool, context.run, work)

    def _warm_up(self) -> None:
        try:
            _ = self.root, self._calls.listed()
        except MemcairnError as error:
            # The first call raises it again, and reports it.
            log.warning("%s", error)

    async def _initialized(self, context: Context, _: types.NotificationParams | None) -> None:
        self.listeners.joined(context.session)
        self._pool.submit(contextvars.copy_context().run, self._warm_up)

    # ── tools ────────────────────────────────────────────────────────────────────────────────────

    @property
    def max_request_bytes(self) -> int:
        """What a request may have: the largest note, with every other character escaped."""
        from memcairn.settings import config  # noqa: PLC0415 - of no use on standard input

        return 2 * int(config.load()["tools.max_write_bytes"]) + (1 << 20)

    def _listed(self) -> list[types.Tool]:
        return self._calls.listed()

    def _input_schema(self, name: str) -> dict[str, Any] | None:
        return self._calls.input_schema(name)

    async def _list_tools(
        self, _: Context, __: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=await self.in_thread(self._listed))

    async def _call_tool(
        self, _: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        def work() -> types.CallToolResult:
            result = self._calls.call(lambda: self.root, params.name, params.arguments or {})
            if self._background is not None and self._calls.changes(params.name):
                self._background.wake()
            return result

        return await self.in_thread(work)

    # ── resources ────────────────────────────────────────────────────────────────────────────────

    async def _list_resources(
        self, _: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        from memcairn.mcp import resources  # noqa: PLC0415 - not before `initialize` is answered

        cursor = params.cursor if params is not None else None
        return await self.in_thread(lambda: resources.page(self.root, cursor))

    async def _list_resource_templates(
        self, _: Context, __: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        from memcairn.mcp import resources  # noqa: PLC0415 - as above

        return types.ListResourceTemplatesResult(resource_templates=[resources.TEMPLATE])

    async def _read_resource(
        self, _: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        from memcairn.mcp import resources  # noqa: PLC0415 - as above

        return await self.in_thread(lambda: resources.read(self.root, str(params.uri)))

    async def _subscribe(
        self, context: Context, params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        self.listeners.subscribe(context.session, str(params.uri))
        return types.EmptyResult()

    async def _unsubscribe(
        self, context: Context, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        self.listeners.unsubscribe(context.session, str(params.uri))
        return types.EmptyResult()

    async def _complete(
        self, _: Context, params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        from memcairn.mcp import resources  # noqa: PLC0415 - as above

        if params.ref.type != "ref/resource" or params.argument.name != "path":
            return types.CompleteResult(completion=types.Completion(values=[]))
        found = await self.in_thread(lambda: resources.complete(self.root, params.argument.value))
        return types.CompleteResult(completion=found)

    # ── prompts ──────────────────────────────────────────────────────────────────────────────────

    async def _list_prompts(
        self, _: Context, __: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=list(prompts.PROMPTS))

    async def _get_prompt(
        self, _: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        return await self.in_thread(
            lambda: prompts.get(self.root, params.name, params.arguments or {})
        )


@asynccontextmanager
async def _lifespan(server: Server[None]) -> AsyncIterator[None]:
    assert isinstance(server, MemoryServer)
    server.listeners.open()
    try:
        yield None
    finally:
        await asyncio.get_running_loop().run_in_executor(None, server.close)
