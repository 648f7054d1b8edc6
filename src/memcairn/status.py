"""What there is: roots, notes, sizes, queue, problems."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.store import overview, roots

if TYPE_CHECKING:
    from memcairn.config import Config
    from memcairn.queue import Queue, QueueEntry, QueueStatus
    from memcairn.store.database import Database
    from memcairn.store.overview import FoundProblem


@dataclass(frozen=True, slots=True)
class RootStatus:
    """One root, counted. `scanned_at`: start of its last whole scan, seconds since the epoch."""

    path: str
    name: str
    notes: int
    chunks: int
    exists: bool
    scanned_at: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """What there is; sizes in bytes."""

    home: str
    roots: tuple[RootStatus, ...]
    notes: int
    chunks: int
    index_bytes: int
    queue_bytes: int
    queue: QueueStatus
    failing: tuple[QueueEntry, ...]
    problems: tuple[FoundProblem, ...]


def status(home: str, db: Database, queue: Queue, settings: Config) -> Status:
    """Count everything, of one moment.

    Args:
        home: the folder of caches and state.
        db: index.db.
        queue: queue.db.
        settings: of the user.
    """
    with db.snapshot():
        notes, chunks = overview.notes_and_chunks(db)
        listed = tuple(
            RootStatus(
                root.path,
                root.name,
                *overview.notes_and_chunks(db, root.id),
                os.path.exists(root.path),
                root.scanned_at,
            )
            for root in roots.roots(db)
        )
        found = tuple(overview.problems(db, settings))
    return Status(
        home=home,
        roots=listed,
        notes=notes,
        chunks=chunks,
        index_bytes=_size(os.path.join(home, "index.db")),
        queue_bytes=_size(os.path.join(home, "queue.db")),
        queue=queue.status(window_s=settings.seconds("queue.window_s")),
        failing=tuple(queue.entries(failing=True)),
        problems=found,
    )


def _size(path: str) -> int:
    """Bytes of a database with its journal."""
    return sum(os.path.getsize(p) for p in (path, path + "-wal") if os.path.exists(p))
