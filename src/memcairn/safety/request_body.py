"""The body of an HTTP request, up to a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Receive


async def read_body(receive: Receive, max_bytes: int) -> bytes | None:
    """The whole body of a request; None if it is too long."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > max_bytes:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)
