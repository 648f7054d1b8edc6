"""What the resident process answers: `python -m memcairn.cli.daemon_handlers` is its program.

    hook     an event of a host            hosts/events.py
    search   `memcairn search`             cli/search.py
    mcp      a session of an MCP client    mcp/server.py
    ui       `memcairn ui`                 ui/serving.py

Everything is imported after the process listens.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from memcairn.daemon.server import Handlers, run

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Mapping

    from memcairn.daemon.server import Reply, Serve, Server
    from memcairn.memory import Memory


# How long indexing goes on after the end of a session.
END_S = 30.0


def hook(memory: Memory, header: Mapping[str, Any], body: bytes) -> Reply | None:
    """What a hook prints."""
    from memcairn.hosts import events  # noqa: PLC0415 - see the module

    event, host = str(header["event"]), str(header["host"])
    # After the end of a session its client leaves, and what it wrote is still indexed.
    deadline = header["deadline"] + (END_S if event == "session-end" else 0.0)
    session_id, text, message = events.answer(memory, event, host, body, deadline)
    return {"session_id": session_id, "message": message}, text.encode("utf-8", "replace")


def search(memory: Memory, header: Mapping[str, Any], _: bytes) -> Reply | None:
    """What `memcairn search` prints; None if the command line is wrong or asks for help."""
    from memcairn.cli.search import answer_remotely  # noqa: PLC0415 - see the module
    from memcairn.errors import MemcairnError  # noqa: PLC0415 - see the module

    columns = header.get("columns")
    try:
        found = answer_remotely(
            memory,
            [str(argument) for argument in header["arguments"]],
            columns=columns if isinstance(columns, int) else None,
            bold=isinstance(columns, int) and not header.get("plain"),
        )
    except MemcairnError:
        return None  # the client reports it
    if found is None:
        return None
    errors = "".join(f"memcairn: {message}\n" for message in found.messages)
    return {"code": 0, "errors": errors}, found.output.encode("utf-8", "surrogateescape")


async def serve(server: Server, header: Mapping[str, Any]) -> Serve | None:
    """A session of an MCP client; None if the MCP SDK is not installed."""
    given = header.get("root")
    root = None if given is None else str(given)

    def create() -> Serve | None:
        from memcairn.cli.serve import open_root  # noqa: PLC0415 - see the module

        try:
            from memcairn.mcp import stdio  # noqa: PLC0415 - see the module
            from memcairn.mcp.server import MemoryServer  # noqa: PLC0415 - see the module
        except ModuleNotFoundError:
            return None
        mcp = MemoryServer(
            lambda: open_root(server.engines.memory(), root),
            "full" if header.get("profile") == "full" else "core",
            background=server.background,
            pool=server.session_pool,
        )
        return partial(stdio.serve_stream, mcp)

    await server.until_quiet()
    return await server.in_thread(server.session_pool, create)


async def ui(server: Server, header: Mapping[str, Any]) -> Serve | None:
    """One line for `memcairn ui`: the address of the page; None if a package of it is missing."""
    module = "memcairn.ui.serving"
    try:
        serving = await server.in_thread(
            server.session_pool, partial(importlib.import_module, module)
        )
    except ModuleNotFoundError:
        return None
    line: bytes = await serving.serve_resident(server, header)

    async def write(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readline()  # the client has read that it is served
        writer.write(line)
        await writer.drain()

    return write


def warm_up(memory: Memory) -> None:
    """Load what the first prompt needs. The MCP SDK is loaded when a client asks for a session."""
    importlib.import_module("memcairn.hosts.events")
    engine = memory.engine
    engine.databases.run(lambda opened: engine.model.meaning(opened.db))


def main() -> int:
    """Run the resident process; returns the exit code."""
    logging.basicConfig(level=logging.WARNING)
    return run(Handlers({"hook": hook, "search": search}, {"mcp": serve, "ui": ui}, warm_up))


if __name__ == "__main__":
    # Whoever waits for the end of a pipe of the process that started this one must not wait for this.
    os.closerange(3, 1024)
    sys.exit(main())
