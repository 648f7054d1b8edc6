"""Embed the chunks that wait for an embedding.

    waiting ──text embedded before──► reuse
            └─new──► model, outside any transaction ──► add

A run may be stopped at any time: finished chunks keep their embedding, the others still wait. One process
or thread embeds at a time, because two would embed the same texts.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING

from memcairn.embedding.embedder import MIN_KNOWN_SHARE
from memcairn.embedding.report import EmbedReport
from memcairn.errors import MemcairnError, StateError
from memcairn.fs import lock
from memcairn.store import vector_state, vectors
from memcairn.store.vector_state import VectorModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from memcairn.embedding.embedder import Embedder
    from memcairn.store.database import Database

# Characters of one text that are embedded: enough for prose, and a bound for logs of a megabyte.
MAX_CHARS = 8_000
LOCK = "embedding.lock"
POLL_S = 0.2


class Backfill:
    """One run over the waiting chunks.

    Args:
        db: index.db, outside a transaction.
        loaders: load the model of each space, once this run holds the lock. Vectors of another model are
            dropped first.
        model_key: the settings that select the model; see `backlog.model_key`.
        batch: number of texts in one call of the model; None for the model's preference.
        deadline: `time.monotonic()` at which to stop.
        stop: stop when it is set.
        progress: called with (done, total), in chunks.
    """

    def __init__(
        self,
        db: Database,
        loaders: Mapping[int, Callable[[], Embedder]],
        model_key: str,
        *,
        batch: int | None = None,
        deadline: float | None = None,
        stop: threading.Event | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._db = db
        self._loaders = loaders
        self._model_key = model_key
        self._batch = batch
        self._deadline = deadline
        self._stop = stop or threading.Event()
        self._progress = progress
        self._started = time.monotonic()
        self._embedded = self._reused = 0

    def run(self, *, wait: bool) -> EmbedReport:
        """Embed until no chunk waits, including chunks that arrive meanwhile.

        Args:
            wait: while another process embeds, wait for it and embed what it leaves; else return.

        Raises:
            ConfigError: the settings of the model are incomplete.
            EmbeddingError: the model cannot be loaded or reached, or its answer is invalid; finished chunks
                are kept.
            StateError: index.db cannot be written, or another process has changed its model.
        """
        while True:
            try:
                with lock.attempt(os.path.join(os.path.dirname(self._db.path), LOCK)) as mine:
                    if mine:
                        self._embed()
            except OSError as error:
                where = os.path.dirname(self._db.path)
                raise StateError(f"cannot be written: {error.strerror}", path=where) from error
            # A process that found the lock taken relies on this one.
            left = self._count_waiting()
            if self._is_over() or (not left if mine else not wait):
                break
            if not mine:
                self._report_progress()
                self._stop.wait(POLL_S)
        took_s = time.monotonic() - self._started
        return EmbedReport(self._embedded, self._reused, left, took_s)

    def _embed(self) -> None:
        try:
            is_outdated = vector_state.model_key(self._db) != self._model_key
            for space in vector_state.spaces(self._db):
                waits = is_outdated or vector_state.count_waiting(self._db, space)
                if space in self._loaders and waits:
                    self._embed_space(space, self._loaders[space]())
            vector_state.set_failure(self._db, None)
        except MemcairnError as error:
            with contextlib.suppress(StateError):  # the error itself is reported
                vector_state.set_failure(self._db, str(error))
            raise
        self._report_progress()

    def _embed_space(self, space: int, embedder: Embedder) -> None:
        model = VectorModel(embedder.name, embedder.dimension, embedder.token_bits, space)
        with self._db.transaction():
            vector_state.use_model(self._db, model)
            if space == vector_state.CONFIGURED:
                vector_state.set_model_key(self._db, self._model_key)
        batch = self._batch or embedder.batch
        while not self._is_over() and (some := vector_state.waiting(self._db, batch, space)):
            self._report_progress()
            self._embed_some(embedder, model, some)

    def _embed_some(
        self, embedder: Embedder, model: VectorModel, some: Sequence[vector_state.Waiting]
    ) -> None:
        new = vectors.reuse(self._db, model, some)
        self._reused += len(some) - len(new)
        if new:
            about = _about(self._db, new)
            texts = [*_texts(self._db, new), *about.values()]
            made = embedder.embed(texts)
            # A zero vector: text that the model cannot read is similar to nothing.
            made.vectors[[embedder.knows(text) < MIN_KNOWN_SHARE for text in texts]] = 0
            size = len(new)
            of_about = dict(zip(about, made.vectors[size:], strict=True))
            self._embedded += vectors.add(
                self._db, model, new, made.vectors[:size], made.tokens[:size], of_about
            )

    def _is_over(self) -> bool:
        late = self._deadline is not None and time.monotonic() > self._deadline
        return late or self._stop.is_set()

    def _report_progress(self) -> None:
        if self._progress is not None:
            done = self._embedded + self._reused
            self._progress(done, done + self._count_waiting())

    def _count_waiting(self) -> int:
        return sum(vector_state.count_waiting(self._db, space) for space in self._loaders)


def _texts(db: Database, chunks: Sequence[vector_state.Waiting]) -> list[str]:
    """The text to embed for each chunk; "" for a removed one, which `add` skips."""
    sql = "SELECT ltrim(about || char(10) || text, char(10)) FROM chunk WHERE id = ?"
    rows = (db.execute(sql, (item.chunk,)).fetchone() for item in chunks)
    return [row[0][:MAX_CHARS] if row else "" for row in rows]


def _about(db: Database, chunks: Sequence[vector_state.Waiting]) -> dict[int, str]:
    """Chunk -> what its note's frontmatter says of the note, for the first chunks of notes that have it."""
    sql = "SELECT about FROM chunk WHERE id = ? AND about != ''"
    rows = ((item.chunk, db.execute(sql, (item.chunk,)).fetchone()) for item in chunks)
    return {chunk: row[0][:MAX_CHARS] for chunk, row in rows if row}
