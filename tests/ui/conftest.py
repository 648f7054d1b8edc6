"""A served site over a home with notes, and a client that speaks plain HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import re
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest

from memcairn.daemon.background import Background
from memcairn.memory import Memory
from memcairn.ui.serving import Served
from memcairn.ui.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from memcairn.ui.access import Visitor

TIMEOUT_S = 60.0
DEPLOY = "# Deploying\n\nWe deploy blue-green; the load balancer switches.\n"


def wait_until(condition: Callable[[], Any]) -> Any:
    """Wait for a condition, and return what it returned."""
    deadline = time.monotonic() + TIMEOUT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


class Answer:
    """What a server answered."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
        self.text = self.body.decode("utf-8", "replace")


class Client:
    """A browser without script: it has a cookie, and sends forms."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = ""
        self._csrf = ""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        given = {"Cookie": self.cookie} if self.cookie else {}
        with contextlib.closing(connection):
            connection.request(method, path, body or None, {**given, **(headers or {})})
            return Answer(connection.getresponse())

    def open(self, url: str) -> Answer:
        """Use the address that `memcairn ui` prints."""
        parts = urlsplit(url)
        answer = self.request("GET", f"{parts.path}?{parts.query}")
        self.cookie = (answer.headers.get("Set-Cookie") or "").partition(";")[0]
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, headers=headers)

    def page(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status == 200, (path, answer.status, answer.text)
        return answer.text

    def post(self, path: str, fields: Mapping[str, object], **headers: str) -> Answer:
        """Send a form of the page, with its CSRF token."""
        body = {"csrf": self.csrf(), **{name: str(value) for name, value in fields.items()}}
        form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin}
        return self.request("POST", path, urlencode(body).encode(), {**form, **headers})

    def csrf(self) -> str:
        if not self._csrf:
            found = re.search(r'name="csrf" value="([^"]+)"', self.get("/memory-md").text)
            self._csrf = found[1] if found else "none"
        return self._csrf


class Running:
    """A site that is served by a thread."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.background = Background(lambda: memory)
        self.site = Site(lambda: memory, self.background, dict)
        self.served = Served(self.site, 0)
        self._thread = threading.Thread(target=lambda: asyncio.run(self.served.run()))

    def start(self) -> None:
        self.background.start()
        self._thread.start()

    def stop(self) -> None:
        self.served.end()
        self._thread.join(TIMEOUT_S)
        self.background.stop()
        self.memory.close()

    @property
    def visitors(self) -> list[Visitor]:
        return list(self.site.visitors._cookies.values())

    def visitor(self, *, read_only: bool = False) -> Client:
        client = Client(self.served.port)
        assert client.open(self.served.url(read_only=read_only)).status == 303
        return client


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without any agent."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "CLAUDE_CODE_SESSION_ID"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "user").mkdir()
    return tmp_path / "user"


@pytest.fixture
def site(notes: Path, user: Path) -> Iterator[Running]:
    """A site over a folder with a note and a MEMORY.md."""
    (notes / "deploy.md").write_text(DEPLOY, encoding="utf-8")
    memory = Memory()
    memory.refresh_memory_md(notes)
    running = Running(memory)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def client(site: Running) -> Client:
    return site.visitor()
