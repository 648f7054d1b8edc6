"""The embedding model of the index, and the chunks that wait for an embedding; without NumPy.

new chunk ──► unembedded ──embedded (vectors.py)──► removed from it
another model ──► all vectors dropped ──► all chunks wait
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from memcairn.store.database import Database

_MODEL_KEY = "embedding.asked_as"  # the name in existing databases
_FAILED = "embedding.failed"


class VectorModel(NamedTuple):
    """The model that computed all vectors of the index.

    Attributes:
        name: Embedder.name.
        dimension: length of a vector.
        token_bits: number of sign bits of each token state, 0 for none.
    """

    name: str
    dimension: int
    token_bits: int


class Waiting(NamedTuple):
    """A chunk without an embedding, and the hash of its text when it was selected."""

    chunk: int
    hash: bytes


# ── the model ────────────────────────────────────────────────────────────────────────────────────


def model(db: Database) -> VectorModel | None:
    """The model of the vectors; None if nothing has been embedded."""
    row = db.execute("SELECT model, dimension, token_bits FROM vector_state").fetchone()
    return VectorModel(*row) if row[0] else None


def use_model(db: Database, wanted: VectorModel) -> bool:
    """Set the model of the vectors.

    Returns:
        True if the vectors were another model's: they were dropped, and all chunks wait for an embedding.
    """
    with db.transaction():
        before = model(db)
        if before == wanted:
            return False
        if before is not None:
            drop(db)
        sql = "UPDATE vector_state SET model = ?, dimension = ?, token_bits = ?"
        db.execute(sql, (wanted.name, wanted.dimension, wanted.token_bits))
        return before is not None


def drop(db: Database) -> None:
    """Delete every vector; all chunks wait for an embedding."""
    with db.transaction():
        for table in ("embedding", "vector_block", "vector_free", "unembedded"):
            db.execute(f"DELETE FROM {table}")
        db.execute("INSERT INTO unembedded SELECT id FROM chunk")
        db.execute("UPDATE vector_state SET model = '', epoch = random(), slots = 0")


# ── waiting chunks ───────────────────────────────────────────────────────────────────────────────────


def waiting(db: Database, limit: int) -> list[Waiting]:
    """Chunks without an embedding, oldest first."""
    sql = """
    SELECT chunk.id, chunk.hash FROM unembedded JOIN chunk ON chunk.id = unembedded.chunk
    ORDER BY unembedded.chunk LIMIT ?
    """
    return [Waiting(*row) for row in db.execute(sql, (limit,))]


def has_waiting(db: Database) -> bool:
    """Whether a chunk waits for its embedding."""
    (found,) = db.execute("SELECT EXISTS (SELECT 1 FROM unembedded)").fetchone()
    return bool(found)


def count_waiting(db: Database) -> int:
    """Number of chunks without an embedding."""
    return int(db.execute("SELECT COUNT(*) FROM unembedded").fetchone()[0])


def count_embedded(db: Database) -> int:
    """Number of chunks with an embedding."""
    return int(db.execute("SELECT COUNT(*) FROM embedding WHERE chunk > 0").fetchone()[0])


# ── the work ─────────────────────────────────────────────────────────────────────────────────────


class Failure(NamedTuple):
    """Why and when the last attempt to embed ended early; `at` is in seconds since the epoch."""

    message: str
    at: float


def model_key(db: Database) -> str | None:
    """The settings that selected the model of the vectors; see `backlog.model_key`."""
    return db.get_meta(_MODEL_KEY)


def set_model_key(db: Database, settings: str) -> None:
    """Record the settings that selected the model, so that a change is detected without loading a model."""
    if model_key(db) != settings:
        db.set_meta(_MODEL_KEY, settings)


def mark_outdated(db: Database) -> None:
    """Record that the model has changed although the settings are the same."""
    with contextlib.suppress(sqlite3.Error):  # the next backfill detects it again
        set_model_key(db, "")


def failure(db: Database) -> Failure | None:
    """Why the last attempt failed; None if it did not."""
    found = db.get_meta(_FAILED)
    if found is None:
        return None
    at, _, message = found.partition(" ")
    return Failure(message, float(at))


def set_failure(db: Database, message: str | None) -> None:
    """Record why an attempt failed; None if it succeeded.

    Raises:
        StateError: index.db cannot be written.
    """
    if message is None and db.get_meta(_FAILED) is None:
        return
    with db.transaction():
        if message is not None:
            db.set_meta(_FAILED, f"{time.time():.0f} {message}")
        else:
            db.execute("DELETE FROM meta WHERE key = ?", (_FAILED,))
