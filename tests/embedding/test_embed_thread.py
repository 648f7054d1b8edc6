"""A program that stays embeds in a thread."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("numpy")

import model_server
from memcairn import Memory
from memcairn.cli.watch import watch
from memcairn.embedding import worker
from memcairn.embedding.worker import EmbedThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from model_server import Server

PATIENCE_S = 30


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with model_server.running() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def test_notes_indexed_by_another_process_are_embedded(server: Server, notes: Path) -> None:
    (notes / "a.md").write_text("# Tea\n\noolong\n", encoding="utf-8")
    with Memory() as memory:
        thread = EmbedThread(memory.unembedded, memory.embed)
        thread.start()

        with Memory() as other:
            other.index(notes, embed=False)
            thread.wake()
            until(lambda: not other.unembedded())

        thread.stop()

    assert not thread.is_alive()
    assert len(server.texts) == 1


def test_a_model_that_fails_is_reported_once_and_retried_later(
    server: Server, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RETRY_DELAY_S", 0.05)
    (notes / "a.md").write_text("# Tea\n\noolong\n", encoding="utf-8")
    server.script = [(401, {}, b"no key")] * 3
    told: list[str] = []
    with Memory() as memory:
        memory.index(notes, embed=False)
        thread = EmbedThread(memory.unembedded, memory.embed, told.append)
        thread.start()

        until(lambda: not memory.unembedded())

        thread.stop()
    (message,) = told
    assert message.startswith("only keyword search finds new notes: http://127.0.0.1:")
    assert message.endswith("responded 401 Unauthorized: no key")


def test_a_watch_without_a_model_starts_no_thread(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[EmbedThread] = []
    monkeypatch.setattr(EmbedThread, "start", started.append)
    stop = threading.Event()
    stop.set()
    with Memory() as memory:
        watch(memory, [str(notes)], quiet=True, stop=stop)

    assert not started


def test_a_stop_is_heard_between_two_batches(server: Server, notes: Path) -> None:
    for number in range(100):
        (notes / f"{number}.md").write_text(f"# N {number}\n\nzebra{number}\n", encoding="utf-8")
    server.delay_s = 0.1
    with Memory() as memory:
        memory.index(notes, embed=False)
        thread = EmbedThread(memory.unembedded, memory.embed)
        thread.start()
        until(lambda: memory.unembedded() < 100)

        thread.stop()

        assert not thread.is_alive()
        left = memory.unembedded()
        assert 0 < left < 100
        assert left % worker.BATCH_SIZE == 100 % worker.BATCH_SIZE


def test_a_watch_embeds_what_it_indexes(server: Server, notes: Path) -> None:
    stop = threading.Event()
    with Memory() as memory:
        watching = threading.Thread(
            target=watch, args=(memory, [str(notes)]), kwargs={"quiet": True, "stop": stop}
        )
        watching.start()
        (notes / "a.md").write_text("# Tea\n\noolong\n", encoding="utf-8")

        with Memory() as other:
            until(lambda: any("oolong" in text for text in server.texts))
            until(lambda: not other.unembedded())
        stop.set()
        watching.join(PATIENCE_S)

    assert not watching.is_alive()
