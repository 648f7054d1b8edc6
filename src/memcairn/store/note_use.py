"""All SQL about the use of notes: the days on which each note was read, or shown to a model on request.

Several uses of a note on one day count once, since a repeated search carries no new information. A use
is therefore written at most once per note and day.
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
MAX_DAYS = 9
# A use is not worth waiting for another writer.
_TIMEOUT_MS = 100

_NEW = """
SELECT id FROM note WHERE path = :path
AND NOT EXISTS (SELECT 1 FROM note_use WHERE note = note.id AND day = :day)
"""
_USE = "INSERT OR IGNORE INTO note_use (note, day) VALUES (:note, :day)"
_DELETE_OLD = """
DELETE FROM note_use WHERE note = :note AND day NOT IN
(SELECT day FROM note_use WHERE note = :note ORDER BY day DESC LIMIT :max_days)
"""


def days(db: Database, path: str) -> list[int]:
    """The days on which a note was used (proleptic ordinals), the latest first; at most MAX_DAYS."""
    sql = """
        SELECT day FROM note_use WHERE note = (SELECT id FROM note WHERE path = ?) ORDER BY day DESC
    """
    return [day for (day,) in db.execute(sql, (paths.to_db(path),))]


def note_used(db: Database, used: Iterable[str], day: int) -> None:
    """Record the use of notes. Paths that are not notes are ignored.

    Args:
        db: index.db; no transaction is open.
        used: absolute paths.
        day: the day of use (proleptic ordinal).
    """
    rows = [{"path": paths.to_db(path), "day": day} for path in dict.fromkeys(used)]
    found = [db.execute(_NEW, row).fetchone() for row in rows]
    notes = [row[0] for row in found if row is not None]
    if not notes:
        return
    (timeout_ms,) = db.execute("PRAGMA busy_timeout").fetchone()
    db.execute(f"PRAGMA busy_timeout = {_TIMEOUT_MS}")
    try:
        # Without the write lock, this use is not recorded.
        with contextlib.suppress(StateError), db.transaction():
            for note in notes:
                db.execute(_USE, {"note": note, "day": day})
                db.execute(_DELETE_OLD, {"note": note, "max_days": MAX_DAYS})
    finally:
        db.execute(f"PRAGMA busy_timeout = {timeout_ms}")
