"""Embedding that is killed, runs twice at once, or finds the disk full leaves an index that is sound."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("numpy")

import numpy as np

from memcairn import Memory
from memcairn.embedding.embedder import Embedded, EmbeddedQuery
from memcairn.errors import StateError
from memcairn.fs import lock
from memcairn.store.local_index import LocalIndex
from memcairn.store.vector_scan import VectorScan
from memcairn.store.vectors import quantised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")

DIMENSION = 16
NOTES = 30


class Hashing:
    """A model whose vectors and tokens follow from the letters of a text."""

    name = "hashing"
    dimension = DIMENSION
    token_bits = 8
    batch = 32

    def embed(self, texts: Sequence[str]) -> Embedded:
        vectors = np.stack([vector_of(text) for text in texts])
        return Embedded(vectors, tuple(tokens_of(text) for text in texts))

    def embed_query(self, text: str) -> EmbeddedQuery:
        return EmbeddedQuery(vector_of(text), np.zeros((0, 8), np.float32))

    def surprise(self, text: str) -> None:
        pass

    def knows(self, text: str) -> float:
        return 1.0


def vector_of(text: str) -> np.ndarray:
    row = np.random.default_rng(zlib.crc32(text.encode())).normal(size=DIMENSION)
    return (row / np.linalg.norm(row)).astype(np.float32)


def tokens_of(text: str) -> np.ndarray:
    return np.full((len(text) % 5, 1), len(text) % 251, np.uint8)


def with_model() -> Memory:
    memory = Memory()
    memory.engine.model.load = Hashing  # type: ignore[method-assign]
    return memory


@pytest.fixture(autouse=True)
def _a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "onnx")


def write(notes: Path, numbers: range) -> None:
    for number in numbers:
        note = notes / f"{number}.md"
        note.write_text(f"# Note {number}\n\nzebra {number}\n\n## More\n\npig\n", encoding="utf-8")


def in_child(work: Callable[[], None]) -> int:
    """Do something in a process of its own; returns its pid."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def check(home: Path) -> None:
    """Every chunk has the embedding of its text, in its row and in its block, or waits for it."""
    with Memory() as memory:
        db = memory.engine.databases.opened().db
        assert db.check() == []
        rows = db.execute(
            "SELECT chunk.id, text, vector, tokens, chunk.id IN (SELECT chunk FROM unembedded)"
            " FROM chunk LEFT JOIN embedding ON embedding.chunk = chunk.id"
        ).fetchall()
        scan = VectorScan()
        for _, text, vector, tokens, waits in rows:
            assert (vector is None) == bool(waits)
            if vector is not None:
                assert vector == quantised(vector_of(text)).tobytes()
                assert tokens == tokens_of(text).tobytes()
                assert scan.search(LocalIndex(db), vector_of(text)).top(1)[0][1] > 0.99
        scanned = {chunk for chunk, _ in scan.search(LocalIndex(db), vector_of("a")).top(10_000)}
        assert scanned == {chunk for chunk, *_, waits in rows if not waits}
        slots = db.execute("SELECT slot FROM embedding WHERE chunk > 0").fetchall()
        free = db.execute("SELECT slot FROM vector_free").fetchall()
        assert len({*slots, *free}) == len(slots) + len(free)


def test_killed_at_any_statement_it_goes_on_where_it_was(home: Path, notes: Path) -> None:
    write(notes, range(NOTES))
    with Memory() as memory:
        memory.index(notes, embed=False)
        everything = memory.status().chunks

    def die_at(step: int) -> Callable[[], None]:
        def work() -> None:
            memory = with_model()
            left = [step]

            def count(_: str) -> None:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), 9)

            memory.engine.databases.opened().db.connection.set_trace_callback(count)
            memory.embed(batch=7)

        return work

    kills, step = 0, 1
    while True:
        _, status = os.waitpid(in_child(die_at(step)), 0)
        if os.waitstatus_to_exitcode(status) == 0:
            break
        assert os.waitstatus_to_exitcode(status) == -9
        kills += 1
        step += 3
        with contextlib.closing(sqlite3.connect(home / "index.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if kills % 5 == 0:
            check(home)
    assert kills > 20, "the child was hardly killed: the test tests little"

    check(home)
    with Memory() as memory:
        assert memory.unembedded() == 0
        assert memory.status().chunks == everything


@pytest.mark.parametrize("locks", ["with locks", "without"])
def test_two_embedding_processes_and_an_indexing_one_run_concurrently(
    home: Path, notes: Path, monkeypatch: pytest.MonkeyPatch, locks: str
) -> None:
    if locks == "without":  # as on a file system that has none

        @contextlib.contextmanager
        def attempt(_: str) -> Iterator[bool]:
            yield True

        monkeypatch.setattr(lock, "attempt", attempt)
    write(notes, range(NOTES))
    with Memory() as memory:
        memory.index(notes, embed=False)

    def embeds() -> None:
        with with_model() as memory:
            for _ in range(10):
                memory.embed(batch=5)

    def indexes() -> None:
        with Memory() as memory:
            for number in range(10):
                write(notes, range(NOTES + number, NOTES + number + 3))
                (notes / f"{number}.md").unlink()
                memory.index(notes, embed=False)

    pids = [in_child(embeds), in_child(embeds), in_child(indexes)]

    for pid in pids:
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    with with_model() as memory:
        memory.embed()
        assert memory.unembedded() == 0
    check(home)


def test_a_full_disk_is_an_error_and_words_still_find(home: Path, notes: Path) -> None:
    write(notes, range(10 * NOTES))
    with with_model() as memory:
        memory.index(notes, embed=False)
        db = memory.engine.databases.opened().db
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(StateError, match="full"):
            memory.embed(batch=7)

        assert memory.search("zebra")
        db.execute(f"PRAGMA max_page_count = {pages + 10_000}")
        assert memory.embed().waiting == 0
    check(home)
