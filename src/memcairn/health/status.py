"""The state of a home: roots, notes, sizes, queue and problems."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.embedding import backlog
from memcairn.indexing.root_settings import RootSettings
from memcairn.store import overview, roots, vector_state

if TYPE_CHECKING:
    from memcairn.queue import Queue, QueueEntry, QueueStatus
    from memcairn.settings.config import Config
    from memcairn.store.database import Database
    from memcairn.store.overview import FoundProblem


@dataclass(frozen=True, slots=True)
class RootStatus:
    """One root.

    Attributes:
        exists: whether the folder exists.
        scanned_at: start of its last complete scan, in seconds since the epoch.
        away: why its notes stay in the index although the folder has none of them; None if it is there.
        links: symlinks that the last complete scan did not follow.
        named_out: folders that it left out by their names, such as "build".
    """

    path: str
    name: str
    notes: int
    chunks: int
    exists: bool
    scanned_at: float | None
    away: str | None
    links: int
    named_out: int


@dataclass(frozen=True, slots=True)
class LooseStatus:
    """The notes outside every root, counted. `files`: their paths, with those that cannot be read."""

    notes: int
    chunks: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmbeddingStatus:
    """The state of semantic search.

    Attributes:
        provider: the setting embedding.provider.
        wanted: whether a model is configured; the default model also has to be installed.
        model: the model of the vectors; "" if there are none.
        embedded: number of chunks that have a vector.
        waiting: number of vectors that chunks wait for.
        failed: why the last attempt ended early; None if it did not.
        multilingual: the model for other languages than English; "" if it has no vectors.
        multilingual_embedded: number of chunks that have a vector of it.
    """

    provider: str
    wanted: bool
    model: str
    embedded: int
    waiting: int
    failed: str | None
    multilingual: str = ""
    multilingual_embedded: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a home; sizes in bytes."""

    home: str
    roots: tuple[RootStatus, ...]
    loose: LooseStatus
    notes: int
    chunks: int
    index_bytes: int
    queue_bytes: int
    embedding: EmbeddingStatus
    queue: QueueStatus
    failing: tuple[QueueEntry, ...]
    problems: tuple[FoundProblem, ...]


def status(home: str, db: Database, queue: Queue, settings: Config) -> Status:
    """Read the state of a home, in one consistent read of the index.

    Args:
        home: the folder of caches and state.
        db: index.db.
        queue: queue.db.
        settings: the user's settings.
    """
    with db.snapshot():
        rules = RootSettings(db, settings)
        notes, chunks = overview.notes_and_chunks(db)
        listed = tuple(
            RootStatus(
                root.path,
                root.name,
                *overview.notes_and_chunks(db, root.id),
                os.path.exists(root.path),
                root.scanned_at,
                rules.away(root),
                root.links,
                root.named_out,
            )
            for root in roots.roots(db)
        )
        loose = LooseStatus(
            *overview.notes_and_chunks(db, roots.LOOSE_ID), tuple(roots.loose_files(db))
        )
        found = tuple(overview.problems(db, settings))
        embedding = _embedding(db, settings)
    return Status(
        home=home,
        roots=listed,
        loose=loose,
        notes=notes,
        chunks=chunks,
        index_bytes=_size(os.path.join(home, "index.db")),
        queue_bytes=_size(os.path.join(home, "queue.db")),
        embedding=embedding,
        queue=queue.status(window_s=settings.seconds("queue.window_s")),
        failing=tuple(queue.entries(failing=True)),
        problems=found,
    )


def _embedding(db: Database, settings: Config) -> EmbeddingStatus:
    held, failed = vector_state.model(db), vector_state.failure(db)
    second = vector_state.model(db, vector_state.MULTILINGUAL)
    return EmbeddingStatus(
        settings["embedding.provider"],
        backlog.is_wanted(settings),
        held.name if held else "",
        vector_state.count_embedded(db),
        backlog.count(db, settings),
        failed.message if failed else None,
        second.name if second else "",
        vector_state.count_embedded(db, vector_state.MULTILINGUAL),
    )


def _size(path: str) -> int:
    """Size of a database with its write-ahead log, in bytes."""
    return sum(os.path.getsize(p) for p in (path, path + "-wal") if os.path.exists(p))
