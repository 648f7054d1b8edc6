"""End the longest idle session when a client opens one more than there may be.

The SDK refuses the new session instead, so that anybody who opens sessions and leaves them keeps others out.
A client whose session ended gets 404 for its next request, and opens a new one, as the protocol demands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SESSION_HEADER = "mcp-session-id"
VERSION_HEADER = "mcp-protocol-version"


class OpenSessions:
    """The sessions of an application, up to a limit.

    Args:
        app: the SDK's application.
        most: how many sessions may be open. A session that is answering a request is not ended.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._opening = 0
        # session -> how many of its requests are being answered; the longest idle first
        self._open: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, after making room for the session that it opens."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        session = headers.get(SESSION_HEADER)
        if session in self._open:
            await self._use(session, scope, receive, send)
        elif scope["type"] == "http" and session is None and _has_sessions(headers):
            await self._begin(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _use(self, session: str, scope: Scope, receive: Receive, send: Send) -> None:
        # A stream of notifications stays open, whether its client works or not.
        answering = int(scope["method"] != "GET")
        self._open[session] += answering
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["method"] == "DELETE":
                self._open.pop(session, None)
            elif answering and session in self._open:
                self._open[session] = self._open.pop(session) - answering

    async def _begin(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                session = Headers(raw=message["headers"]).get(SESSION_HEADER)
                if session is not None and message["status"] < 400:
                    self._open[session] = 0
            await send(message)

        self._opening += 1
        try:
            while len(self._open) + self._opening > self._most:
                idle = next((one for one, answering in self._open.items() if not answering), None)
                if idle is None:
                    break  # the SDK refuses the new one
                del self._open[idle]
                await self._end(idle, scope)
            await self._app(scope, receive, noted)
        finally:
            self._opening -= 1

    async def _end(self, session: str, scope: Scope) -> None:
        """End a session as its client would; one that ended by itself is unknown to the SDK."""

        async def received() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def ignored(_message: Message) -> None:
            pass

        kept = [(name, value) for name, value in scope["headers"] if name == b"host"]
        headers = [*kept, (SESSION_HEADER.encode(), session.encode())]
        await self._app({**scope, "method": "DELETE", "headers": headers}, received, ignored)


def _has_sessions(headers: Headers) -> bool:
    """Whether the version of the protocol that a request names has sessions; the first request names none."""
    version = headers.get(VERSION_HEADER)
    return version is None or version in HANDSHAKE_PROTOCOL_VERSIONS
