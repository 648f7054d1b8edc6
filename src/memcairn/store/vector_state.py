"""What the index knows of its embedding model, and which chunks wait for an embedding; without NumPy.

chunk arrives ──► unembedded ──embedded (vectors.py)──► no longer
another model ──► all vectors dropped ──► all chunks wait
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from memcairn.store.database import Database

_ASKED_AS = "embedding.asked_as"
_FAILED = "embedding.failed"


class VectorModel(NamedTuple):
    """The model that all vectors of the index are of.

    Attributes:
        name: Embedder.name.
        dimension: length of a vector.
        token_bits: signs kept of each token state, 0 for none.
    """

    name: str
    dimension: int
    token_bits: int


class Waiting(NamedTuple):
    """A chunk without an embedding, and the hash of what it said when that was found out."""

    chunk: int
    hash: bytes


# ── the model ────────────────────────────────────────────────────────────────────────────────────


def model(db: Database) -> VectorModel | None:
    """The model that the vectors are of; None if nothing was embedded yet."""
    row = db.execute("SELECT model, dimension, token_bits FROM vector_state").fetchone()
    return VectorModel(*row) if row[0] else None


def use_model(db: Database, wanted: VectorModel) -> bool:
    """Make the index one of this model's vectors.

    Returns:
        True if it held another model's: they were dropped, and all chunks wait for an embedding.
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
    """Forget every vector; all chunks wait for an embedding."""
    with db.transaction():
        for table in ("embedding", "vector_block", "vector_free", "unembedded"):
            db.execute(f"DELETE FROM {table}")
        db.execute("INSERT INTO unembedded SELECT id FROM chunk")
        db.execute("UPDATE vector_state SET model = '', epoch = random(), slots = 0")


# ── what waits ───────────────────────────────────────────────────────────────────────────────────


def waiting(db: Database, limit: int) -> list[Waiting]:
    """Chunks that have no embedding yet, oldest first."""
    sql = """
    SELECT chunk.id, chunk.hash FROM unembedded JOIN chunk ON chunk.id = unembedded.chunk
    ORDER BY unembedded.chunk LIMIT ?
    """
    return [Waiting(*row) for row in db.execute(sql, (limit,))]


def count_waiting(db: Database) -> int:
    """How many chunks have no embedding yet."""
    return int(db.execute("SELECT COUNT(*) FROM unembedded").fetchone()[0])


def count_embedded(db: Database) -> int:
    """How many chunks have an embedding."""
    return int(db.execute("SELECT COUNT(*) FROM embedding WHERE chunk > 0").fetchone()[0])


# ── the work ─────────────────────────────────────────────────────────────────────────────────────


class Failure(NamedTuple):
    """Why the last attempt to embed what waits ended early, and when, in seconds since the epoch."""

    message: str
    at: float


def model_key(db: Database) -> str | None:
    """The settings that led to the model of the vectors, as `set_asked_as` was told."""
    return db.get_meta(_ASKED_AS)


def set_model_key(db: Database, settings: str) -> None:
    """Remember by which settings the model was found: who wants another can be told without loading it."""
    if model_key(db) != settings:
        db.set_meta(_ASKED_AS, settings)


def mark_outdated(db: Database) -> None:
    """Remember that the model is another one by now, though the settings are the same."""
    with contextlib.suppress(sqlite3.Error):  # whoever embeds next may find it out again
        set_model_key(db, "")


def failure(db: Database) -> Failure | None:
    """Why the last attempt failed; None if it did not."""
    found = db.get_meta(_FAILED)
    if found is None:
        return None
    at, _, message = found.partition(" ")
    return Failure(message, float(at))


def set_failure(db: Database, message: str | None) -> None:
    """Remember why an attempt failed; None: it did not.

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
