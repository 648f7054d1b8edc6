"""Resident processes of one home, and those who ask them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from memcairn.daemon import client, protocol
from memcairn.memory import Memory
from memcairn.sessions import processes
from support import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Bounds each wait, so that what does not happen fails its test.
TIMEOUT_S = 60.0
PROMPT = "How does the load balancer switch when we deploy blue-green?"
TEXT = "# Deploying\n\nWe deploy blue-green; the load balancer switches.\n"


def wait_until(condition: Callable[[], Any]) -> Any:
    """Wait for a condition, and return what it returned."""
    deadline = time.monotonic() + TIMEOUT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return found


def status(home: str | Path) -> dict[str, Any] | None:
    """What the resident process says of itself; None if none listens."""
    reply = client.ask(str(home), "status", {}, timeout_s=TIMEOUT_S)
    return reply[0] if reply is not None and reply[0].get("ok") else None


def start(home: str | Path, **env: str) -> int:
    """Start one, wait until it listens, and return its process id."""
    program = [sys.executable, "-P", "-m", "memcairn.cli.daemon_handlers"]
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    os.posix_spawn(program[0], program, {**os.environ, **env}, file_actions=null, setsid=True)
    return int(wait_until(lambda: status(home))["pid"])


def is_gone(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return processes.is_gone(pid, "")


def running(home: str | Path) -> list[int]:
    """All resident processes of a home, whether they listen or not."""
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/{int(name)}/cmdline", "rb") as file:
                is_one = b"memcairn.cli.daemon_handlers" in file.read()
            if is_one:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if f"MEMCAIRN_HOME={home}\0".encode() in file.read() + b"\0":
                        found.append(int(name))
    return found


def hook(
    event: str, fields: dict[str, Any], program: list[str] = PROGRAM, **options: Any
) -> str | None:
    """Run a hook; returns the text for the model, None if it was silent."""
    done = subprocess.run(
        [*program, "hook", event, "--host", "claude-code"],
        input=json.dumps(fields).encode(), capture_output=True, check=False, timeout=TIMEOUT_S,
        **options,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    if not done.stdout:
        return None
    return str(json.loads(done.stdout)["hookSpecificOutput"]["additionalContext"])


class Session:
    """A client of `memcairn serve` that writes and reads lines."""

    opened: ClassVar[list[Session]] = []

    def __init__(self, *arguments: str, **options: Any) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, "serve", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **options,
        )
        self.notified: list[dict[str, Any]] = []
        self._number = 0
        Session.opened.append(self)

    def send(self, method: str, **params: Any) -> int:
        """Send a request; returns its id."""
        self._number += 1
        self.write({"id": self._number, "method": method, "params": params})
        return self._number

    def write(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server has ended"
        message: dict[str, Any] = json.loads(line)
        return message

    def answer(self, id_: int) -> dict[str, Any]:
        """The answer to a request."""
        while True:
            message = self.read()
            if message.get("id") == id_ and "method" not in message:
                return message
            self.notified.append(message)

    def initialize(self) -> Session:
        about = {"name": "test", "version": "1"}
        id_ = self.send(
            "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=about
        )
        assert self.answer(id_)["result"]["serverInfo"]["name"] == "memcairn"
        self.write({"method": "notifications/initialized"})
        return self

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a tool."""
        found = self.answer(self.send("tools/call", name=tool, arguments=arguments))
        assert "result" in found, found
        assert not found["result"].get("isError"), found
        return dict(found["result"]["structuredContent"])

    def waits(self) -> bool:
        """Whether the server has read all that was sent, and has nothing to say."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        sent, said = (
            int.from_bytes(fcntl.ioctl(stream, termios.FIONREAD, bytes(4)), sys.byteorder)
            for stream in (self.process.stdin, self.process.stdout)
        )
        return not sent and not said

    def close(self) -> int:
        """Close the client's end; returns the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(TIMEOUT_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture(autouse=True)
def _user(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No host and no session is around; the resident processes end after the test."""
    for name in list(os.environ):
        if name.startswith(("CLAUDE", "CODEX_", "GEMINI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MEMCAIRN_DAEMON_IDLE_S", "600")
    yield
    for session in Session.opened:
        session.process.kill()
        with session.process:
            pass  # its pipes are closed, also those of a test that failed
    Session.opened.clear()
    for pid in running(home):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    return folder


@pytest.fixture
def root(notes: Path) -> Path:
    """An indexed root with one note."""
    (notes / "deploy.md").write_text(TEXT, encoding="utf-8")
    with Memory() as memory:
        memory.index(notes)
    return notes


def folder_of(home: Path) -> str:
    return protocol.folder(str(home))
