"""HTTP: access control, and many concurrent clients."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anyio
import httpx2
import pytest
from starlette.responses import PlainTextResponse

from memcairn.cli.commands import run
from memcairn.errors import UsageError
from memcairn.mcp import http

from .clients import PROGRAM, connected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "a-token-that-is-long-enough"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@contextlib.contextmanager
def serving(root: Path, *arguments: str, **env: str) -> Iterator[str]:
    """The URL of a server in a process of its own, and what it says on stderr at the end."""
    command = [sys.executable, *PROGRAM, "serve", "--root", str(root), *arguments]
    server = subprocess.Popen(
        command, stderr=subprocess.PIPE, encoding="utf-8", env={**os.environ, **env}
    )
    with server:
        try:
            assert server.stderr is not None
            found = re.search(r"http://\S+/mcp", server.stderr.readline())
            assert found
            yield found[0]
        finally:
            server.terminate()


@pytest.fixture
def url(root: Path) -> Iterator[str]:
    with serving(root, "--http", "0") as url:
        yield url


@pytest.fixture
def guarded(root: Path, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    with serving(root, "--http", "0", "--token-file", str(tmp_path / "token")) as url:
        yield url


def post(url: str, **headers: str) -> httpx2.Response:
    return httpx2.post(url, json=INITIALIZE, headers=ACCEPT | headers, timeout=30)


def test_a_client_is_served_on_loopback(url: str) -> None:
    assert url.startswith("http://127.0.0.1:")
    with connected(url) as client:
        client.call("mem_write", path="a.md", content="# Tea\n\noolong\n")
        assert client.call("memory_search", query="oolong")["passages"]


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Host", "evil.example", 421),
        ("Host", "evil.example:8731", 421),
        ("Host", "127.0.0.1.evil.example", 421),
        ("Host", "localhost@evil.example", 421),
        ("Origin", "https://evil.example", 403),
        ("Origin", "http://localhost.evil.example", 403),
        ("Origin", "null", 403),
        ("Origin", "", 403),
        ("Origin", "http://203.0.113.7", 403),
        ("Origin", "http://[2001:db8::7]:8731", 403),
        ("Host", "localhost:1", 200),
        ("Host", "[::1]:1", 200),
        ("Origin", "http://localhost:6274", 200),
        ("Origin", "http://127.0.0.1", 200),
    ],
)
def test_foreign_hosts_and_origins_are_refused(header: str, value: str, status: int) -> None:
    assert asked({header: value}).status_code == status


def test_a_page_from_the_same_host_is_served() -> None:
    here = {"Host": "192.168.1.5:8731", "Origin": "http://192.168.1.5:8731"}

    assert asked(here).status_code == 200
    assert asked(here | {"Origin": "http://192.168.1.6:8731"}).status_code == 403


def asked(headers: dict[str, str], *, secret: str | None = None) -> httpx2.Response:
    """What a guard before an application that always answers says."""
    guard = http.Guard(PlainTextResponse("served"), host="127.0.0.1", secret=secret)

    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=guard)
        async with httpx2.AsyncClient(transport=transport) as client:
            encoded = {name: value.encode("latin-1") for name, value in headers.items()}
            return await client.get("http://127.0.0.1:8731/mcp", headers=encoded)

    return anyio.run(ask)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Basic {TOKEN}", 401),
        ("Bearer \xfc", 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
    ],
)
def test_a_request_without_the_token_is_refused(authorization: str | None, status: int) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    answer = asked(headers, secret=TOKEN)

    assert answer.status_code == status
    assert (answer.headers.get("WWW-Authenticate") == "Bearer") == (status == 401)
    assert TOKEN not in answer.text


def test_a_token_may_come_from_a_file(guarded: str) -> None:
    assert post(guarded).status_code == 401
    assert post(guarded, Authorization=f"Bearer {TOKEN}").status_code == 200
    assert (
        post(guarded, Authorization=f"Bearer {TOKEN}", Origin="http://evil.example").status_code
        == 403
    )


def test_a_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMCAIRN_SERVE_TOKEN", TOKEN)

    assert http.token(None) == TOKEN


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--http", "0.0.0.0:0"], "other machines can reach 0.0.0.0, so a token is required"),
        (["--http", "[::]:0"], "other machines can reach"),
        (["--http", "example.com:0"], "other machines can reach"),
        (["--http", "99999999"], "is not an address"),
        (["--http", "host"], "is not an address"),
        (["--http", "0", "--token-file", "/nowhere"], "the token cannot be read"),
        (["--token-file", "/nowhere"], "--token-file requires --http"),
    ],
)
def test_wrong_addresses_and_options_are_refused_with_a_reason(
    root: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", "--root", str(root), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_short_token_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("short\n", encoding="utf-8")

    with pytest.raises(UsageError, match="fewer than 16 characters"):
        http.token(str(tmp_path / "token"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("8731", ("127.0.0.1", 8731)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:80", ("::1", 80)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_an_address_is_a_port_with_or_without_a_host(text: str, address: tuple[str, int]) -> None:
    assert http.address(text) == address


def _guarded(*messages: dict[str, object], length: str = "") -> tuple[int, bytes]:
    """Status and body of the answer to a POST whose body arrives in these messages, and then stops."""

    async def asked() -> tuple[int, bytes]:
        waiting = [*messages]
        sent: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            if not waiting:
                await anyio.sleep_forever()
            return waiting.pop(0)

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        async def echo(scope: object, receive: object, send: object) -> None:
            await PlainTextResponse((await receive())["body"])(scope, receive, send)

        guard = http.Guard(echo, host="127.0.0.1", secret=None, max_body_bytes=100)
        headers = [(b"host", b"127.0.0.1"), (b"content-length", length.encode())]
        scope = {"type": "http", "method": "POST", "headers": headers}
        await guard(scope, receive, send)
        return sent[0]["status"], sent[1]["body"]

    return anyio.run(asked)


def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_TIMEOUT_S", 0.01)

    status, _ = _guarded({"type": "http.request", "body": b"{", "more_body": True})

    assert status == 408


def test_a_body_that_is_too_long_is_refused() -> None:
    status, _ = _guarded({"type": "http.request", "body": b"x" * 101, "more_body": True})

    assert status == 413


@pytest.mark.parametrize("length", ["101", "9" * 5000])
def test_a_body_whose_length_is_too_long_is_not_read(length: str) -> None:
    status, _ = _guarded({"type": "http.request", "body": b"x", "more_body": True}, length=length)

    assert status == 413


def test_half_a_character_in_a_body_is_replaced() -> None:
    first = {"type": "http.request", "body": rb'{"query": "roadmap \ud8', "more_body": True}
    last = {"type": "http.request", "body": rb'3d \ud83d\ude00 \\ud83d"}', "more_body": False}

    assert _guarded(first, last) == (200, rb'{"query": "roadmap \ufffd \ud83d\ude00 \\ud83d"}')


def test_many_concurrent_clients_are_served(url: str, root: Path) -> None:
    def client(number: int) -> int:
        with connected(url) as connection:
            for step in range(5):
                path = f"{number}-{step}.md"
                connection.call("mem_write", path=path, content=f"# N{number}\n\nstep {step}\n")
                assert connection.call("memory_search", query=f"N{number} step {step}")["passages"]
                connection.call("mem_read", path=path)
                connection.call("mem_edit", path=path, old_str="step", new_str="stair")
        return number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(client, range(8))) == list(range(8))

    assert len(list(root.glob("*-*.md"))) == 40
    index = (root / "MEMORY.md").read_text(encoding="utf-8")
    assert all(f"]({n}-{step}.md)" in index for n in range(8) for step in range(5))


def test_a_token_is_never_printed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    command = [
        *(sys.executable, *PROGRAM, "serve", "--root", str(root)),
        *("--http", "0", "--token-file", str(tmp_path / "token")),
    ]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert server.stderr is not None
    first = server.stderr.readline()
    found = re.search(r"http://\S+/mcp", first)
    assert found
    for authorization in (f"Bearer {TOKEN}", f"Bearer {TOKEN}wrong"):
        post(found[0], Authorization=authorization)
    server.terminate()
    out, err = server.communicate(timeout=60)

    assert TOKEN not in first + out + err


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
        b"GET /a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /mcp HT",
    ],
)
def test_a_connection_whose_request_does_not_begin_is_closed(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "HEADER_TIMEOUT_S", 0.05)
    monkeypatch.setattr(http, "KEEP_ALIVE_S", 0.05)

    async def asked() -> bytes:
        listening = socket.create_server(("127.0.0.1", 0))
        server = http.uvicorn_server(PlainTextResponse("served"))
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(server.serve, [listening])
                stream = await anyio.connect_tcp(*listening.getsockname())
                received = b""
                async with stream:
                    await stream.send(sent)
                    with contextlib.suppress(anyio.EndOfStream):
                        while True:
                            received += await stream.receive()
                server.should_exit = True
        return received

    assert anyio.run(asked).count(b"served") == sent.count(b"\r\n\r\n")
