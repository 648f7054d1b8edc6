"""Serve many clients over streamable HTTP, on loopback or with a token.

    request ──► Guard: Host, Origin, token ──► the SDK's application at /mcp

A web page must not reach the server through its reader's browser. Its Origin is where it comes from:
this machine, or the Host that is asked, is ours. A name that was made to lead here (DNS rebinding)
is not a Host of ours; an IP address as Host is no such name.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import os
import socket
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from memcairn.errors import UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from memcairn.mcp.server import MemoryServer

PATH = "/mcp"
TOKEN_VARIABLE = "MEMCAIRN_SERVE_TOKEN"  # noqa: S105 - the name of it
SHORTEST_TOKEN = 16
LOOPBACK = "127.0.0.1"


def address(text: str) -> tuple[str, int]:
    """Host and port of "8731", "HOST:8731" or "[::1]:8731".

    Raises:
        UsageError: it is none of these.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else LOOPBACK
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise UsageError(f"{text!r} is no address", hint="write PORT, HOST:PORT or [ADDRESS]:PORT")
    return host, int(port)


def token(file: str | None) -> str | None:
    """The token that clients have to send: a file's first line, else of the environment.

    Raises:
        UsageError: the file cannot be read, or the token is too short to be one.
    """
    found = os.environ.get(TOKEN_VARIABLE)
    if file is not None:
        try:
            with open(file, encoding="utf-8") as stream:
                found = stream.readline().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError("the token cannot be read from it", path=file) from error
    if found is None:
        return None
    if len(found) < SHORTEST_TOKEN:
        raise UsageError(
            f"the token has fewer than {SHORTEST_TOKEN} characters",
            hint="make one with: python -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    return found


class Guard:
    """Lets requests pass that are meant for this server and come from who may ask it.

    Args:
        app: what they go to.
        host: where the server listens.
        secret: the token that each has to bring; None if none is needed.
    """

    def __init__(self, app: ASGIApp, *, host: str, secret: str | None) -> None:
        self._app = app
        self._names = {"localhost", host.lower(), socket.gethostname().lower()}
        self._secret = secret.encode() if secret is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            refusal = self._refusal(headers)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
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
                return PlainTextResponse("A bearer token is needed.", 401, headers=needed)
        return None


def _name(url: str) -> str:
    """The host in a URL; "" if there is none."""
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
    """Whether only this machine can reach an address."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def serve(server: MemoryServer, host: str, port: int, *, secret: str | None) -> None:
    """Serve until Ctrl-C.

    Args:
        server: what is served.
        host: a name or an address.
        port: 0 takes a free one; the address is printed on stderr.
        secret: the token that clients have to send.

    Raises:
        UsageError: others can reach the address, and there is no token; or it cannot be had.
    """
    if secret is None and not is_loopback(host):
        raise UsageError(
            f"{host} can be reached by others, so a token is needed",
            hint=f"give a file with --token-file, or set {TOKEN_VARIABLE}",
        )
    app = Guard(application(server), host=host, secret=secret)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise UsageError(f"{host}:{port} cannot be had: {error.strerror}") from error
    with listening:
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listening.getsockname()[1]}{PATH}"
        print(f"memcairn: serving {url}; stop with Ctrl-C", file=sys.stderr, flush=True)  # noqa: T201
        config = uvicorn.Config(app, log_level="warning", access_log=False)
        with contextlib.suppress(KeyboardInterrupt):
            anyio.run(uvicorn.Server(config).serve, [listening])


def application(server: MemoryServer) -> ASGIApp:
    """The server as an application, unguarded."""
    return server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=server.max_request_bytes,
        # `Guard` checks Host and Origin, also where the server is not on loopback.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
