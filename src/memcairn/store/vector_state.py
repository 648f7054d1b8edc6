"""The embedding models of the index, and the chunks that wait for an embedding; without NumPy.

new chunk ──► unembedded ──embedded (vectors.py)──► removed from it
another model ──► all its vectors dropped ──► all chunks wait

Each model has a space: its vectors, its waiting chunks, its state. Vectors of two spaces are never compared.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, NamedTuple

from memcairn.errors import StateError

if TYPE_CHECKING:
    from memcairn.store.database import Database

_MODEL_KEY = "embedding.asked_as"  # the name in existing databases
_FAILED = "embedding.failed"


# The space of the configured model, and that of the multilingual one beside it.
CONFIGURED = 1
MULTILINGUAL = 2


class VectorModel(NamedTuple):
    """The model that computed all vectors of a space.

    Attributes:
        name: Embedder.name.
        dimension: length of a vector.
        token_bits: number of sign bits of each token state, 0 for none.
        space: the space.
    """

    name: str
    dimension: int
    token_bits: int
    space: int = CONFIGURED


class Waiting(NamedTuple):
    """A chunk without an embedding, and the hash of its text when it was selected."""

    chunk: int
    hash: bytes


# ── the model ────────────────────────────────────────────────────────────────────────────────────


def spaces(db: Database) -> list[int]:
    """The spaces in use."""
    return [space for (space,) in db.execute("SELECT space FROM vector_state ORDER BY space")]


def add_multilingual(db: Database) -> None:
    """Begin to use the multilingual model: all chunks wait for it; nothing if the index is read-only."""
    if MULTILINGUAL not in spaces(db):
        with contextlib.suppress(sqlite3.Error, StateError), db.transaction():
            sql = "INSERT OR IGNORE INTO vector_state VALUES (?, '', 0, 0, random(), 0, 0)"
            db.execute(sql, (MULTILINGUAL,))
            _wait_for_all(db, MULTILINGUAL)


def model(db: Database, space: int = CONFIGURED) -> VectorModel | None:
    """The model of the vectors in a space; None if nothing has been embedded."""
    sql = "SELECT model, dimension, token_bits, space FROM vector_state WHERE space = ?"
    row = db.execute(sql, (space,)).fetchone()
    return VectorModel(*row) if row is not None and row[0] else None


def use_model(db: Database, wanted: VectorModel) -> bool:
    """Set the model of the vectors in its space.

    Returns:
        True if the vectors were another model's: they were dropped, and all chunks wait for an embedding.
    """
    with db.transaction():
        before = model(db, wanted.space)
        if before == wanted:
            return False
        if before is not None:
            drop(db, wanted.space)
        sql = "UPDATE vector_state SET model = ?, dimension = ?, token_bits = ? WHERE space = ?"
        db.execute(sql, wanted)
        return before is not None


def drop(db: Database, space: int = CONFIGURED) -> None:
    """Delete every vector of a space; all chunks wait for an embedding."""
    with db.transaction():
        for table in ("embedding", "vector_block", "vector_free"):
            db.execute(f"DELETE FROM {table} WHERE space = ?", (space,))
        _wait_for_all(db, space)
        sql = "UPDATE vector_state SET model = '', epoch = random(), slots = 0 WHERE space = ?"
        db.execute(sql, (space,))


def _wait_for_all(db: Database, space: int) -> None:
    db.execute("INSERT OR IGNORE INTO unembedded SELECT ?, id FROM chunk", (space,))


# ── waiting chunks ───────────────────────────────────────────────────────────────────────────────────


def waiting(db: Database, limit: int, space: int = CONFIGURED) -> list[Waiting]:
    """Chunks without an embedding in a space, oldest first."""
    sql = """
    SELECT chunk.id, chunk.hash FROM unembedded JOIN chunk ON chunk.id = unembedded.chunk
    WHERE unembedded.space = ? ORDER BY unembedded.chunk LIMIT ?
    """
    return [Waiting(*row) for row in db.execute(sql, (space, limit))]


def has_waiting(db: Database) -> bool:
    """Whether a chunk waits for an embedding."""
    (found,) = db.execute("SELECT EXISTS (SELECT 1 FROM unembedded)").fetchone()
    return bool(found)


def count_waiting(db: Database, space: int = CONFIGURED) -> int:
    """Number of chunks without an embedding in a space."""
    sql = "SELECT COUNT(*) FROM unembedded WHERE space = ?"
    return int(db.execute(sql, (space,)).fetchone()[0])


def count_embedded(db: Database, space: int = CONFIGURED) -> int:
    """Number of chunks with an embedding in a space."""
    sql = "SELECT COUNT(*) FROM embedding WHERE space = ? AND chunk > 0"
    return int(db.execute(sql, (space,)).fetchone()[0])


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
