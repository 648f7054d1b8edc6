"""Serve one client over standard input and output, or over a stream of bytes."""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING, cast

import anyio
from mcp.server.stdio import stdio_server

if TYPE_CHECKING:
    from memcairn.mcp.server import MemoryServer


def serve(server: MemoryServer) -> None:
    """Serve until the client closes its end of standard input."""
    anyio.run(_serve, server)


async def _serve(server: MemoryServer) -> None:
    # Messages are read from a separate descriptor, so that child processes cannot read them.
    wire = os.fdopen(os.dup(0), encoding="utf-8", errors="replace")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    lines = cast("anyio.AsyncFile[str]", _TextLines(anyio.wrap_file(wire)))
    async with stdio_server(lines) as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


def without_lone_surrogates(text: str) -> str:
    """JSON with U+FFFD for each escape of half a character, which the SDK does not parse.

    Hosts send one when they cut a text in the middle of an emoji.
    """
    if "\\ud" not in text and "\\uD" not in text:
        return text
    return _ESCAPE.sub(lambda match: "\\ufffd" if match["half"] else match[0], text)


_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class _TextLines:
    """The part of `anyio.AsyncFile[str]` that the SDK reads messages from, over another one."""

    def __init__(self, file: anyio.AsyncFile[str]) -> None:
        self._file = file

    def __aiter__(self) -> _TextLines:
        return self

    async def __anext__(self) -> str:
        line = await self._file.readline()
        if not line:
            raise StopAsyncIteration
        return without_lone_surrogates(line)


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
        return without_lone_surrogates(line.decode("utf-8", "replace"))


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
