"""Give the chunks that wait for it their embedding, behind everything else.

    waiting ──same text known──► reuse
            └─new──► model, no transaction open ──► add

It may stop at any time: what was added is kept, what waits is waiting still. One process or thread does
this at a time, for two would read the same texts twice.
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
    from collections.abc import Callable, Sequence

    from memcairn.embedding.embedder import Embedder
    from memcairn.store.database import Database

# Of one text, so that what was written for people is embedded, and not a log of a megabyte.
MAX_CHARS = 8_000
LOCK = "embedding.lock"
POLL_S = 0.2


class Backfill:
    """One run of embedding what waits.

    Args:
        db: index.db, in no transaction.
        load: gives the model; called when it is this run's turn. If the index holds another model's
            vectors, they are dropped first.
        asked_as: see `vector_state.set_asked_as`.
        batch: so many texts at a time; None: as many as suit the model.
        deadline: stop when `time.monotonic()` is past it.
        stop: stop when it is set.
        progress: called with (done, total).
    """

    def __init__(
        self,
        db: Database,
        load: Callable[[], Embedder],
        asked_as: str,
        *,
        batch: int | None = None,
        deadline: float | None = None,
        stop: threading.Event | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._db = db
        self._load = load
        self._asked_as = asked_as
        self._batch = batch
        self._deadline = deadline
        self._stop = stop or threading.Event()
        self._progress = progress
        self._started = time.monotonic()
        self._embedded = self._reused = 0

    def run(self, *, wait: bool) -> EmbedReport:
        """Embed until nothing waits, not even what arrived meanwhile.

        Args:
            wait: if others embed already, wait for them, and do what they leave; else leave it to them.

        Raises:
            ConfigError: the settings of the model are incomplete.
            EmbeddingError: it cannot be loaded, reached or understood; what was done before is kept.
            StateError: index.db cannot be written, or is made one of another model meanwhile.
        """
        while True:
            try:
                with lock.attempt(os.path.join(os.path.dirname(self._db.path), LOCK)) as mine:
                    if mine:
                        self._embed()
            except OSError as error:
                where = os.path.dirname(self._db.path)
                raise StateError(f"cannot be written: {error.strerror}", path=where) from error
            # Who came while we held the lock has left it to us.
            left = vector_state.count_waiting(self._db)
            if self._is_over() or (not left if mine else not wait):
                break
            if not mine:
                self._tell()
                self._stop.wait(POLL_S)
        took_s = time.monotonic() - self._started
        return EmbedReport(self._embedded, self._reused, left, took_s)

    def _embed(self) -> None:
        try:
            embedder = self._load()
            model = VectorModel(embedder.name, embedder.dimension, embedder.token_bits)
            with self._db.transaction():
                vector_state.use_model(self._db, model)
                vector_state.set_model_key(self._db, self._asked_as)
            batch = self._batch or embedder.batch
            while not self._is_over() and (some := vector_state.waiting(self._db, batch)):
                self._tell()
                self._embed_some(embedder, model, some)
            vector_state.set_failure(self._db, None)
        except MemcairnError as error:
            with contextlib.suppress(StateError):  # the error itself is told
                vector_state.set_failure(self._db, str(error))
            raise
        self._tell()

    def _embed_some(
        self, embedder: Embedder, model: VectorModel, some: Sequence[vector_state.Waiting]
    ) -> None:
        new = vectors.reuse(self._db, model, some)
        self._reused += len(some) - len(new)
        if new:
            texts = _texts(self._db, new)
            made = embedder.embed(texts)
            # By its vector, no text that the model cannot read is near to any.
            made.vectors[[embedder.knows(text) < MIN_KNOWN_SHARE for text in texts]] = 0
            self._embedded += vectors.add(self._db, model, new, made.vectors, made.tokens)

    def _is_over(self) -> bool:
        late = self._deadline is not None and time.monotonic() > self._deadline
        return late or self._stop.is_set()

    def _tell(self) -> None:
        if self._progress is not None:
            done = self._embedded + self._reused
            self._progress(done, done + vector_state.count_waiting(self._db))


def _texts(db: Database, chunks: Sequence[vector_state.Waiting]) -> list[str]:
    """What is embedded of each chunk: its text. One that is gone meanwhile is passed over by `add`."""
    sql = "SELECT text FROM chunk WHERE id = ?"
    rows = (db.execute(sql, (item.chunk,)).fetchone() for item in chunks)
    return [row[0][:MAX_CHARS] if row else "" for row in rows]
