"""Record what the server answers to every client, for the first session of a home: see daemon/stdio_pipe."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from memcairn.daemon.stdio_pipe import CONSTANT, HANDSHAKE_VERSION, ConstantAnswers, constant_key
from memcairn.errors import StateError
from memcairn.mcp import stdio
from memcairn.mcp.server import MemoryServer

if TYPE_CHECKING:
    from memcairn.root import OpenRoot

_CLIENT = {
    "protocolVersion": HANDSHAKE_VERSION,
    "capabilities": {},
    "clientInfo": {"name": "memcairn", "version": "1"},
}


def record(home: str) -> None:
    """Ask a server of the core profile in this process, and keep its answers in the home."""
    requests: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": number, "method": method, "params": {}}
        for number, method in enumerate(CONSTANT)
    ]
    requests[0]["params"] = _CLIENT
    answers = ConstantAnswers(home, {})
    for line in asyncio.run(_answers(requests)).splitlines():
        message = json.loads(line)
        key = constant_key(requests[message["id"]], HANDSHAKE_VERSION)
        if key is not None:
            answers.renew(key, message.get("result"))


async def _answers(requests: list[dict[str, Any]]) -> bytes:
    """What the server writes when it reads these lines."""
    reader = asyncio.StreamReader()
    for message in requests:
        reader.feed_data(json.dumps(message).encode() + b"\n")
    written = _Written(reader, len(requests))
    await stdio.serve_stream(MemoryServer(_no_root, "core"), reader, written)  # type: ignore[arg-type]
    return bytes(written.content)


class _Written:
    """The part of a StreamWriter that the server uses; the client leaves when it has all answers."""

    def __init__(self, reader: asyncio.StreamReader, count: int) -> None:
        self._reader = reader
        self._count = count
        self.content = bytearray()

    def write(self, content: bytes) -> None:
        self.content += content
        if self.content.count(b"\n") == self._count:
            self._reader.feed_eof()

    async def drain(self) -> None:
        pass


def _no_root() -> OpenRoot:
    raise StateError("no root is served while the answers are recorded")
