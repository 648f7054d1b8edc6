"""Serve many clients over streamable HTTP, on loopback or with a token.

    request ──► Guard: Host, Origin, token, body ──► OpenSessions ──► the SDK's application at /mcp

A web page must not reach the server through its reader's browser. So the Origin must be this machine or the
requested Host, and the Host must be an IP address or a known name of this machine. A foreign name that
resolves to this machine (DNS rebinding) is refused.

Who opens sessions or connections without end harms only those that nobody uses: beyond a limit, the longest
idle one ends.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import os
import resource
import socket
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from memcairn.errors import UsageError
from memcairn.mcp.http_sessions import OpenSessions
from memcairn.mcp.stdio import without_lone_surrogates
from memcairn.safety.request_body import read_body

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

    from memcairn.mcp.server import MemoryServer

PATH = "/mcp"
TOKEN_VARIABLE = "MEMCAIRN_SERVE_TOKEN"  # noqa: S105 - the name of it
MIN_TOKEN_CHARS = 16
LOOPBACK = "127.0.0.1"
# Clients reuse a connection that was idle for a few seconds: it must not close just then, and a busy client
# may be late.
HEADER_TIMEOUT_S = 60.0
KEEP_ALIVE_S = 75
BODY_TIMEOUT_S = 30.0
SESSION_IDLE_S = 1800.0
MAX_SESSIONS = 200
MAX_CONNECTIONS = 500


def address(text: str) -> tuple[str, int]:
    """Host and port of "8731", "HOST:8731" or "[::1]:8731".

    Raises:
        UsageError: the text has none of these forms.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else LOOPBACK
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise UsageError(
            f"{text!r} is not an address", hint="write PORT, HOST:PORT or [ADDRESS]:PORT"
        )
    return host, int(port)


def token(file: str | None) -> str | None:
    """The token that clients must send: the first line of a file, or the environment variable.

    Raises:
        UsageError: the file cannot be read, or the token is too short.
    """
    found = os.environ.get(TOKEN_VARIABLE)
    if file is not None:
        try:
            with open(file, encoding="utf-8") as stream:
                found = stream.readline().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError("the token cannot be read from this file", path=file) from error
    if found is None:
        return None
    if len(found) < MIN_TOKEN_CHARS:
        raise UsageError(
            f"the token has fewer than {MIN_TOKEN_CHARS} characters",
            hint="make one with: python -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    return found


class Guard:
    """Passes on requests that are addressed to this server and come from a permitted origin.

    Args:
        app: the guarded application.
        host: the name or address that the server listens on.
        secret: the token that each request must carry; None if no token is required.
        max_body_bytes: the size of the largest body that is read.
    """

    def __init__(
        self, app: ASGIApp, *, host: str, secret: str | None, max_body_bytes: int = 64 << 20
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._names = {"localhost", host.lower(), socket.gethostname().lower()}
        self._secret = secret.encode() if secret is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request or pass it on."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            refusal = self._refusal(headers)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
            if scope["method"] == "POST":
                length = headers.get("content-length", "")
                try:
                    with anyio.fail_after(BODY_TIMEOUT_S):
                        is_long = length.isdecimal() and int(length[:20]) > self._max_body_bytes
                        body = None if is_long else await read_body(receive, self._max_body_bytes)
                except TimeoutError:
                    await PlainTextResponse("The body took too long.", 408)(scope, receive, send)
                    return
                if body is None:
                    await PlainTextResponse("The body is too long.", 413)(scope, receive, send)
                    return
                receive = _replayed(body, receive)
        await self._app(scope, receive, send)

    def _refusal(self, headers: Headers) -> PlainTextResponse | None:
        host = _name(f"//{headers.get('host', '')}")
        if not (host in self._names or _is_address(host)):
            return PlainTextResponse("This Host is not served here.", 421)
        origin = headers.get("origin")
        if origin is not None and not (is_loopback(_name(origin)) or _name(origin) == host):
            return PlainTextResponse("This Origin may not ask.", 403)
        if self._secret is not None:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            right = hmac.compare_digest(given.strip().encode(), self._secret)
            if scheme.lower() != "bearer" or not right:
                needed = {"WWW-Authenticate": "Bearer"}
                return PlainTextResponse("A bearer token is required.", 401, headers=needed)
        return None


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Receive the body, without the escapes that the SDK cannot parse, and then what follows it."""
    if b"\\u" in body:
        body = without_lone_surrogates(body.decode("utf-8", "replace")).encode()
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


def _name(url: str) -> str:
    """The host name in a URL, or "" if it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether an address can only be reached from this machine."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def serve(server: MemoryServer, host: str, port: int, *, secret: str | None) -> None:
    """Serve until Ctrl-C.

    Args:
        server: the server.
        host: a name or an address.
        port: 0 selects a free port; the address is printed on stderr.
        secret: the token that clients must send.

    Raises:
        UsageError: other machines can reach the address and there is no token, or the server cannot listen
            on it.
    """
    if secret is None and not is_loopback(host):
        raise UsageError(
            f"other machines can reach {host}, so a token is required",
            hint=f"name a file with --token-file, or set {TOKEN_VARIABLE}",
        )
    app = Guard(
        application(server), host=host, secret=secret, max_body_bytes=server.max_request_bytes
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    with listening:
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listening.getsockname()[1]}{PATH}"
        print(f"memcairn: serving {url}; stop with Ctrl-C", file=sys.stderr, flush=True)  # noqa: T201
        with contextlib.suppress(KeyboardInterrupt):
            anyio.run(uvicorn_server(app).serve, [listening])


def uvicorn_server(app: ASGIApp) -> uvicorn.Server:
    """A server that closes connections on which no request arrives."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=_TimedProtocol,
            log_level="warning",
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
    )


def max_connections() -> int:
    """How many connections may be open: half of the files that this process may open, at most."""
    return min(MAX_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


class _TimedProtocol(H11Protocol):
    """Closes a connection unless the whole header of a request arrives in time; uvicorn waits for ever.

    Among too many connections, it closes the one that has waited longest for its client.
    """

    waits_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit of the first request, and make room for the connection."""
        super().connection_made(transport)
        if len(self.connections) > max_connections():
            waiting = [one for one in self._others() if one.waits_for_client()]
            if waiting:
                min(waiting, key=lambda one: one.waits_since).transport.close()
        self._limit_wait(HEADER_TIMEOUT_S)

    def on_response_complete(self) -> None:
        """Start the time limit of the next request."""
        super().on_response_complete()
        self._limit_wait(KEEP_ALIVE_S)

    def _others(self) -> Iterator[_TimedProtocol]:
        return (
            one for one in self.connections if isinstance(one, _TimedProtocol) and one is not self
        )

    def waits_for_client(self) -> bool:
        """Whether the client has to send something before there is work to do."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def _limit_wait(self, limit_s: float) -> None:
        self.waits_since = self.loop.time()
        self.loop.call_later(limit_s, self._close_unless_begun, self.cycle)

    def _close_unless_begun(self, last: RequestResponseCycle | None) -> None:
        if self.cycle is last:
            self.transport.close()


def application(server: MemoryServer) -> ASGIApp:
    """The server as an ASGI application, without a guard."""
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=server.max_request_bytes,
        session_idle_timeout=SESSION_IDLE_S,
        max_sessions=MAX_SESSIONS,
        # `Guard` checks Host and Origin, also where the server is not on loopback.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return OpenSessions(app, MAX_SESSIONS)
