"""Give the chunks that wait for it their embedding, behind everything else.

    waiting ──same text known──► reuse
            └─new──► model, no transaction open ──► add

It may stop at any time: what was added is kept, what waits is waiting still.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from memcairn.report import EmbedReport
from memcairn.store import vectors
from memcairn.store.vectors import VectorModel

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from memcairn.embedding.embedder import Embedder
    from memcairn.store.database import Database

# A batch takes a quarter of a second with the built-in model: so soon a request to stop is heard.
BATCH = 64
# Of one text, so that what was written for people is embedded, and not a log of a megabyte.
MOST_CHARS = 8_000


def embed(
    db: Database,
    embedder: Embedder,
    *,
    deadline: float | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> EmbedReport:
    """Embed what waits, until nothing does.

    Args:
        db: index.db, in no transaction.
        embedder: the model. If the index holds another one's vectors, they are dropped first.
        deadline: stop when `time.monotonic()` is past it.
        stop: stop when it is set.
        progress: called with (done, total).

    Raises:
        EmbeddingError: the model cannot be reached or understood; what was done before is kept.
    """
    started = time.monotonic()
    vectors.use_model(db, VectorModel(embedder.name, embedder.dimension, embedder.token_bits))
    embedded = reused = 0
    while some := vectors.waiting(db, BATCH):
        if progress is not None:
            done = embedded + reused
            progress(done, done + vectors.count_waiting(db))
        if (deadline is not None and time.monotonic() > deadline) or (stop and stop.is_set()):
            break
        new = vectors.reuse(db, some)
        reused += len(some) - len(new)
        if new:
            made = embedder.embed(_texts(db, new))
            embedded += vectors.add(db, new, made.vectors, made.tokens)
    left = vectors.count_waiting(db)
    if progress is not None and not left:
        progress(embedded + reused, embedded + reused)
    return EmbedReport(embedded, reused, left, time.monotonic() - started)


def _texts(db: Database, chunks: Sequence[vectors.Waiting]) -> list[str]:
    """What is embedded of each chunk: its text. One that is gone meanwhile is passed over by `add`."""
    sql = "SELECT text FROM chunk WHERE id = ?"
    rows = (db.execute(sql, (item.chunk,)).fetchone() for item in chunks)
    return [row[0][:MOST_CHARS] if row else "" for row in rows]
