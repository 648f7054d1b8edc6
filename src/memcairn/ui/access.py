"""Who may use the page: Host, Origin, a one-time token that becomes a cookie, and a CSRF token.

    `memcairn ui` ─► GET /open?token=… ─► cookie (HttpOnly, SameSite=Strict) ─► every other request

A web page must not reach this server through its reader's browser: a foreign name that resolves to this
machine fails at Host, a form of another page at Origin, at the cookie and at the CSRF token. Tokens and
cookies live as long as the process.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse

from memcairn.safety.request_body import read_body
from memcairn.ui import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN = "/open"
TOKEN_LIFE_S = 300.0
MAX_COOKIES = 100
# A note in a form takes up to three times its size.
MAX_BODY_BYTES = 4 << 20
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With "no-referrer", browsers send "Origin: null" with a form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_REFUSAL = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{0}</title><h1>{0}</h1><p>{1}</p>'
)


@dataclass(slots=True)
class Visitor:
    """A browser that has the cookie; its forms contain `csrf`, its next page shows `messages`."""

    read_only: bool
    csrf: str = field(default_factory=secrets.token_urlsafe)
    messages: list[tuple[str, str]] = field(default_factory=list)


class Visitors:
    """The tokens and cookies of one process."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[float, bool]] = {}
        self._cookies: dict[str, Visitor] = {}

    def token(self, *, read_only: bool) -> str:
        """A token that opens the page once, within TOKEN_LIFE_S."""
        token = secrets.token_urlsafe()
        self._tokens[token] = (time.monotonic() + TOKEN_LIFE_S, read_only)
        return token

    def exchange(self, token: str) -> str | None:
        """The cookie for a token; None if it is unknown, used or too old."""
        deadline, read_only = self._tokens.pop(token, (0.0, True))
        if time.monotonic() > deadline:
            return None
        cookie = secrets.token_urlsafe()
        self._cookies[cookie] = Visitor(read_only)
        if len(self._cookies) > MAX_COOKIES:
            del self._cookies[next(iter(self._cookies))]
        return cookie

    def get(self, cookie: str) -> Visitor | None:
        """Whose cookie it is."""
        return self._cookies.get(cookie)


class Guard:
    """Passes on the requests of visitors, with the visitor and the form in the scope.

    `port`: on loopback. `in_use`: entered while a request is answered.
    """

    def __init__(
        self,
        app: ASGIApp,
        visitors: Visitors,
        port: int,
        in_use: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self._app = app
        self._visitors = visitors
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        # Cookies do not know ports.
        self._cookie = f"memcairn-{port}"
        self._in_use = in_use

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request or pass it on."""
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        with self._in_use():
            answer = await self._checked(scope, receive)
            await (answer or self._app)(scope, receive, with_headers)

    async def _checked(self, scope: Scope, receive: Receive) -> Response | None:
        """The refusal, or the answer to a token; None to pass the request on."""
        headers, method = Headers(scope=scope), scope["method"]
        refusal = self._misdirected(method, headers)
        if refusal is not None:
            return refusal
        if scope["path"] == OPEN and method == "GET":
            return self._open(dict(parse_qsl(scope["query_string"].decode("latin-1"))))
        visitor = self._visitors.get(_cookie(headers, self._cookie))
        if visitor is None:
            return _refused(401, TEXT.refused_visitor)
        scope["visitor"] = visitor
        return await _form(scope, headers, visitor, receive) if method == "POST" else None

    def _misdirected(self, method: str, headers: Headers) -> Response | None:
        """The refusal of a request for another host, or of another page."""
        if headers.get("host", "") not in self._hosts:
            return _refused(421, TEXT.refused_host)
        if method not in ("GET", "HEAD", "POST"):
            return _refused(405, TEXT.refused_method)
        origin = headers.get("origin")
        is_own = origin == f"http://{headers['host']}"
        is_direct = headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
        if is_direct and (is_own or (origin is None and method != "POST")):
            return None
        return _refused(403, TEXT.refused_origin)

    def _open(self, query: dict[str, str]) -> Response:
        cookie = self._visitors.exchange(query.get("token", ""))
        if cookie is None:
            return _refused(401, TEXT.refused_token)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, cookie, httponly=True, samesite="strict")
        return answer


async def _form(
    scope: Scope, headers: Headers, visitor: Visitor, receive: Receive
) -> Response | None:
    """Put the fields of a form into the scope, or refuse it."""
    if headers.get("content-type", "") != "application/x-www-form-urlencoded":
        return _refused(415, TEXT.refused_form)
    body = await read_body(receive, MAX_BODY_BYTES)
    if body is None:
        return _refused(413, TEXT.refused_size)
    try:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:
        return _refused(400, TEXT.refused_form)
    if not secrets.compare_digest(form.get("csrf", "").encode(), visitor.csrf.encode()):
        return _refused(403, TEXT.refused_csrf)
    if visitor.read_only:
        return _refused(403, TEXT.refused_read_only)
    scope["form"] = form
    return None


def _cookie(headers: Headers, name: str) -> str:
    try:
        return SimpleCookie(headers.get("cookie", ""))[name].value
    except (CookieError, KeyError):
        return ""


def _refused(status: int, text: str) -> Response:
    """A page without style or links."""
    return HTMLResponse(_REFUSAL.format(TEXT.refused, text), status)
