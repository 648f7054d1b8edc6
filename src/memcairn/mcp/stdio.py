"""Serve one client over standard input and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from mcp.server.stdio import stdio_server

if TYPE_CHECKING:
    from memcairn.mcp.server import MemoryServer


def serve(server: MemoryServer) -> None:
    """Serve until the client closes our input."""
    anyio.run(_serve, server)


async def _serve(server: MemoryServer) -> None:
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
