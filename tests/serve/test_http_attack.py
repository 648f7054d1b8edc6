"""HTTP under attack: sessions that nobody uses, requests that never end, and a client that must be served."""

from __future__ import annotations

import contextlib
import itertools
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from memcairn.mcp import http
from memcairn.mcp.http_sessions import OpenSessions

from .clients import connected
from .test_http import ACCEPT, INITIALIZE, post, serving

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Scope, Send

SESSION = "mcp-session-id"
PING = {"jsonrpc": "2.0", "id": 2, "method": "ping"}


def opened(client: httpx2.Client, url: str) -> str:
    """A new session."""
    answer = client.post(url, json=INITIALIZE, headers=ACCEPT)
    assert answer.status_code == 200, answer.text
    return answer.headers[SESSION]


def pinged(client: httpx2.Client, url: str, session: str) -> int:
    """The status of a request in a session: 404 if the session ended."""
    return client.post(url, json=PING, headers=ACCEPT | {SESSION: session}).status_code


def test_a_client_is_served_while_others_open_sessions_and_never_finish_requests(
    root: Path,
) -> None:
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(serving(root, "--http", "0"))
        legitimate = stack.enter_context(connected(url))
        attacker = stack.enter_context(httpx2.Client(timeout=30))
        address = (urlsplit(url).hostname, urlsplit(url).port)
        begun = b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n"
        legitimate.call("mem_write", path="tea.md", content="# Tea\n\noolong\n")

        for number in range(300):
            opened(attacker, url)
            if number % 2:  # a header, or a body, that never ends
                slow = stack.enter_context(socket.create_connection(address))
                slow.sendall(begun + b"\r\n{" * (number % 4 > 1))
            if number % 10 == 0:
                assert legitimate.call("memory_search", query="oolong")["passages"]

        with connected(url) as late:
            assert late.call("mem_read", path="tea.md")["text"]
        assert post(url).status_code == 200
        assert legitimate.call("memory_search", query="oolong")["passages"]


def test_the_longest_idle_session_ends_when_one_too_many_is_opened(root: Path) -> None:
    with serving(root, "--http", "0") as url, httpx2.Client(timeout=30) as client:
        first = opened(client, url)
        second = opened(client, url)
        for _ in range(http.MAX_SESSIONS - 2):
            opened(client, url)
        assert pinged(client, url, first) == 200

        opened(client, url)

        assert pinged(client, url, second) == 404
        assert pinged(client, url, first) == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n",
    ],
)
def test_the_longest_waiting_connection_closes_when_there_are_too_many(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "max_connections", lambda: 3)

    async def attacked() -> tuple[bytes, int]:
        guard = http.Guard(PlainTextResponse("served"), host="127.0.0.1", secret=None)
        server = http.uvicorn_server(guard)
        listening = socket.create_server(("127.0.0.1", 0))
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks, contextlib.AsyncExitStack() as stack:
                tasks.start_soon(server.serve, [listening])
                waiting = []
                for _ in range(3):
                    stream = await anyio.connect_tcp(*listening.getsockname())
                    waiting.append(await stack.enter_async_context(stream))
                    await stream.send(sent)
                async with httpx2.AsyncClient() as client:
                    port = listening.getsockname()[1]
                    answer = await client.get(f"http://127.0.0.1:{port}/")
                with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                    await waiting[0].receive()
                server.should_exit = True
                for stream in waiting:
                    await stream.aclose()
        return answer.content, answer.status_code

    assert anyio.run(attacked) == (b"served", 200)


def test_a_session_that_is_answering_is_not_ended() -> None:
    async def served() -> list[str]:
        ended = []
        begun, finish = anyio.Event(), anyio.Event()

        async def app(scope: Scope, receive: object, send: Send) -> None:
            session = Headers(scope=scope).get(SESSION)
            if scope["method"] == "DELETE":
                ended.append(session)
            elif session == "session 1":
                begun.set()
                await finish.wait()
            new = PlainTextResponse("", headers={SESSION: f"session {next(numbers)}"})
            await new(scope, receive, send)

        async def ask(client: httpx2.AsyncClient, **headers: str) -> None:
            await client.post("http://127.0.0.1/mcp", headers=headers)

        numbers = itertools.count(1)
        transport = httpx2.ASGITransport(app=OpenSessions(app, 2))
        async with httpx2.AsyncClient(transport=transport) as client:
            await ask(client)
            await ask(client)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lambda: ask(client, **{SESSION: "session 1"}))
                await begun.wait()
                await ask(client)
                finish.set()
        return ended

    assert anyio.run(served) == ["session 2"]
