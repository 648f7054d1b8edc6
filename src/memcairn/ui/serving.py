"""Serve the site on loopback: in the resident process, or in the foreground without one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import TYPE_CHECKING

import uvicorn

from memcairn.errors import UsageError
from memcairn.ui.access import OPEN, Guard
from memcairn.ui.app import application
from memcairn.ui.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from contextlib import AbstractContextManager

    from memcairn.daemon.background import Background
    from memcairn.daemon.server import Server
    from memcairn.memory import Memory

LOOPBACK = "127.0.0.1"
END_TIMEOUT_S = 1


class _Uvicorn(uvicorn.Server):
    """Without its handling of signals: its process has one."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class Served:
    """A site and the port that it is served on; 0 selects a free one. `in_use`: see `Guard`.

    Raises:
        UsageError: the port is in use.
    """

    def __init__(
        self,
        site: Site,
        port: int,
        in_use: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        try:
            self._socket = socket.create_server((LOOPBACK, port))
        except (OSError, OverflowError) as error:
            raise UsageError(f"cannot listen on {LOOPBACK}:{port}: {error}") from error
        self.port = int(self._socket.getsockname()[1])
        self._site = site
        guarded = Guard(application(site), site.visitors, self.port, in_use)
        config = uvicorn.Config(
            guarded, log_config=None, access_log=False, server_header=False, lifespan="off", ws="none",
            timeout_graceful_shutdown=END_TIMEOUT_S,
        )  # fmt: skip
        self._server = _Uvicorn(config)

    def url(self, *, read_only: bool) -> str:
        """An address that opens the site once."""
        token = self._site.visitors.token(read_only=read_only)
        return f"http://{LOOPBACK}:{self.port}{OPEN}?token={token}"

    async def run(self) -> None:
        """Serve until `end`."""
        with self._socket:
            await self._server.serve([self._socket])

    def end(self) -> None:
        """Let `run` return."""
        self._server.should_exit = True


# The one of the resident process, and the task that serves it.
_RESIDENT: dict[Server, tuple[Served, asyncio.Task[None]]] = {}


async def serve_resident(server: Server, header: Mapping[str, object]) -> bytes:
    """Serve the site in the resident process, unless it is served already.

    Returns:
        A JSON line for `memcairn ui`: the address, or why there is none.
    """
    port = header.get("port")
    wanted = port if isinstance(port, int) else 0
    if server not in _RESIDENT:
        site = Site(server.engines.memory, server.background, server.status)
        try:
            served = Served(site, wanted, server.in_use)
        except UsageError as error:
            return json.dumps({"error": error.message}).encode() + b"\n"
        _RESIDENT[server] = served, asyncio.create_task(_until_end(served, server))
    served, _ = _RESIDENT[server]
    if wanted in (0, served.port):
        found = {"url": served.url(read_only=header.get("read_only") is True)}
    else:
        found = {"error": f"the page is served on port {served.port} already"}
    return json.dumps(found).encode() + b"\n"


async def _until_end(served: Served, server: Server) -> None:
    serving = asyncio.create_task(served.run())
    await server.ending.wait()
    served.end()
    await serving


def serve_foreground(
    memory: Memory,
    background: Background,
    port: int,
    *,
    read_only: bool,
    started: Callable[[str], None],
) -> None:
    """Serve the site in this process until Ctrl-C; `started` gets its address."""
    served = Served(Site(lambda: memory, background, dict), port)
    background.start()
    try:
        started(served.url(read_only=read_only))
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(served.run())
    finally:
        background.stop()
        memory.close()
