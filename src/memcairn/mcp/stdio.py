"""Serve one client over standard input and output, or over a stream of bytes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import anyio
from mcp.server.stdio import stdio_server

if TYPE_CHECKING:
    from memcairn.mcp.server import MemoryServer


def serve(server: MemoryServer) -> None:
    """Serve until the client closes its end of standard input."""
    anyio.run(_serve, server)


async def _serve(server: MemoryServer) -> None:
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


async def serve_stream(
    server: MemoryServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Serve one client over a connection until it ends."""
    lines = cast("anyio.AsyncFile[str]", _Lines(reader))
    output = cast("anyio.AsyncFile[str]", _Output(writer))
    async with stdio_server(lines, output) as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


class _Lines:
    """The part of `anyio.AsyncFile[str]` that the SDK reads messages from."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    def __aiter__(self) -> _Lines:
        return self

    async def __anext__(self) -> str:
        line = await _read_line(self._reader)
        if not line:
            raise StopAsyncIteration
        return line.decode("utf-8", "replace")


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    """A line of any length: a note may be longer than the buffer of the connection."""
    parts: list[bytes] = []
    while True:
        try:
            parts.append(await reader.readuntil(b"\n"))
        except asyncio.LimitOverrunError as error:
            parts.append(await reader.readexactly(error.consumed))
            continue
        except asyncio.IncompleteReadError as error:
            parts.append(error.partial)
        except ConnectionError:
            return b""
        return b"".join(parts)


class _Output:
    """The part of `anyio.AsyncFile[str]` that the SDK writes messages to."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def write(self, text: str) -> int:
        self._writer.write(text.encode("utf-8", "replace"))
        return len(text)

    async def flush(self) -> None:
        try:
            await self._writer.drain()
        except ConnectionError as error:
            raise anyio.ClosedResourceError from error
