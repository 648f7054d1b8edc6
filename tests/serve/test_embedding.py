"""A server embeds new notes in the background."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("numpy")

import model_server
from memcairn.mcp.server import MemoryServer
from memcairn.memory import Memory

from .clients import connected
from .conftest import open_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from model_server import Server

PATIENCE_S = 30


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with model_server.running() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


def until_nothing_waits() -> None:
    deadline = time.monotonic() + PATIENCE_S
    with Memory() as memory:
        while memory.unembedded():
            assert time.monotonic() < deadline, "it never came"
            time.sleep(0.02)


def test_text_written_by_a_tool_is_embedded(root: Path, server: Server) -> None:
    with connected(MemoryServer(lambda: open_files(root), "core")) as client:
        client.call("mem_write", path="a.md", content="# Tea\n\noolong\n")

        until_nothing_waits()

    assert any("oolong" in text for text in server.texts)


def test_calls_and_shutdown_do_not_wait_for_a_slow_model(root: Path, server: Server) -> None:
    server.delay_s = PATIENCE_S
    began = time.monotonic()
    with connected(MemoryServer(lambda: open_files(root), "core")) as client:
        client.call("mem_write", path="a.md", content="# Tea\n\noolong\n")
        while not server.requests:
            assert time.monotonic() < began + PATIENCE_S
            time.sleep(0.02)

        assert "oolong" in str(client.call("mem_read", path="a.md"))
        assert client.call("memory_search", query="oolong")["passages"]

    assert time.monotonic() - began < PATIENCE_S
