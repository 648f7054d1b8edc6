"""Use of notes: on which days each was read, or shown to a model that asked; all SQL about it.

A day counts once, however often a note is used on it: a search that is repeated says nothing new, and a note
is written down at most once a day.
"""

from __future__ import annotations

import contextlib

from memcairn import paths
from memcairn.errors import StateError

TYPE_CHECKING = False  # typing costs a hook call 3 ms
if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.store.database import Database

# Rank counts up to eight days before the present one.
KEPT_DAYS = 9
# To know that a note was used is not worth waiting for somebody who writes.
_TIMEOUT_MS = 100

_NEW = """
SELECT id FROM note WHERE path = :path
AND NOT EXISTS (SELECT 1 FROM note_use WHERE note = note.id AND day = :day)
"""
_USE = "INSERT OR IGNORE INTO note_use (note, day) VALUES (:note, :day)"
_FORGET_OLD = """
DELETE FROM note_use WHERE note = :note AND day NOT IN
(SELECT day FROM note_use WHERE note = :note ORDER BY day DESC LIMIT :kept)
"""


def note_used(db: Database, used: Iterable[str], day: int) -> None:
    """Write down that these notes were of use; of a path that is no note, nothing.

    Args:
        db: index.db; no transaction is open.
        used: absolute paths.
        day: proleptic ordinal.
    """
    rows = [{"path": paths.to_db(path), "day": day} for path in dict.fromkeys(used)]
    found = [db.execute(_NEW, row).fetchone() for row in rows]
    notes = [row[0] for row in found if row is not None]
    if not notes:
        return
    (patience,) = db.execute("PRAGMA busy_timeout").fetchone()
    db.execute(f"PRAGMA busy_timeout = {_TIMEOUT_MS}")
    try:
        # Somebody writes, or nobody can: the next use counts.
        with contextlib.suppress(StateError), db.transaction():
            for note in notes:
                db.execute(_USE, {"note": note, "day": day})
                db.execute(_FORGET_OLD, {"note": note, "kept": KEPT_DAYS})
    finally:
        db.execute(f"PRAGMA busy_timeout = {patience}")
