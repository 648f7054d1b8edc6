"""What MEMORY.md is made of, in index.db: all SQL about it.

note ──triggers──► memory_md_changed ──take_changed──► memory_md_note ──► MEMORY.md
▲ forgotten only once the file is written ──────────┘
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from memcairn.store.database import Database

Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class MemoryMdState:
    """What the last update of a root's MEMORY.md left.

    `day` is the day for which the file is right, 0 if none was written; `signature` its size, mtime
    and inode then; `changed` whether notes changed since.
    """

    root: int
    day: int
    signature: Signature | None
    changed: bool


class IndexedNote(NamedTuple):
    """What the index says of a note, as far as MEMORY.md needs it; `path` is absolute."""

    path: str
    title: str
    description: str
    type: str | None
    pinned: bool
    date: str | None
    created: str | None
    modified: str | None
    mtime_ns: int
    valid_until: str | None
    superseded_by: str | None
    used_day: int | None
    use_count: int


class Row(NamedTuple):
    """A row of memory_md_note, without its root."""

    key: bytes
    file_name: bytes
    beside_pages: bool
    rank: int
    title: str
    description: str
    type: str | None
    pinned: bool
    changed: int
    second: int
    used_day: int | None
    use_count: int
    valid_until: str | None
    superseded: bool


_INDEXED = """
SELECT path, title, description, type, pinned, date, created, modified, mtime_ns, valid_until,
    superseded_by,
    (SELECT MAX(day) FROM note_use WHERE note = note.id AND day < :today),
    (SELECT COUNT(*) FROM note_use WHERE note = note.id AND day < :today)
FROM note WHERE root = :root
"""
_NS_PER_DAY = 86_400 * 10**9
_EPOCH = date(1970, 1, 1)
_ROW = ", ".join(Row._fields)
_PUT = f"""
INSERT OR REPLACE INTO memory_md_note (root, {_ROW}) VALUES (?{", ?" * len(Row._fields)})
"""


# ── which roots, and how they stand ──────────────────────────────────────────────────────────────


def states(db: Database) -> dict[int, MemoryMdState]:
    """How the MEMORY.md of each root that has one stands, by the root's id."""
    sql = """
        SELECT root, day, size_bytes, mtime_ns, inode,
               EXISTS (SELECT 1 FROM memory_md_changed c WHERE c.root = m.root)
        FROM memory_md m
    """
    return {
        root: MemoryMdState(
            root, day, None if size is None else (size, mtime, inode), bool(changed)
        )
        for root, day, size, mtime, inode, changed in db.execute(sql)
    }


def begin(db: Database, root: int) -> bool:
    """Keep a root's MEMORY.md from now on; True if it was not kept before."""
    sql = "INSERT INTO memory_md (root, day) VALUES (?, 0) ON CONFLICT DO NOTHING"
    return db.execute(sql, (root,)).rowcount > 0


def end(db: Database, root: int) -> None:
    """Keep it no longer."""
    with db.transaction():
        db.execute("DELETE FROM memory_md WHERE root = ?", (root,))
        db.execute("DELETE FROM memory_md_changed WHERE root = ?", (root,))


def kept(db: Database, root: int) -> str | None:
    """What the last update kept."""
    row = db.execute("SELECT kept FROM memory_md WHERE root = ?", (root,)).fetchone()
    return None if row is None else row[0]


def forget_kept(db: Database, root: int) -> None:
    """Let the next update choose every page anew; whose lines are ours stays known."""
    sql = """
        UPDATE memory_md SET kept = json_set(kept, '$.pages', json('[]'))
        WHERE root = ? AND kept IS NOT NULL
    """
    db.execute(sql, (root,))


def written(
    db: Database, root: int, *, day: int, signature: Signature, kept: str, through: int
) -> None:
    """The files are as the notes were: keep what the next update needs, forget the changes.

    Args:
        db: index.db.
        root: its id.
        day: the day for which they are right.
        signature: of MEMORY.md.
        kept: see `kept`.
        through: the last change that is in the files.
    """
    sql = """
        UPDATE memory_md SET day = ?, size_bytes = ?, mtime_ns = ?, inode = ?, kept = ?
        WHERE root = ?
    """
    with db.transaction():
        db.execute(sql, (day, *signature, kept, root))
        sql = "DELETE FROM memory_md_changed WHERE root = ? AND seq <= ?"
        db.execute(sql, (root, through))


# ── from the index ───────────────────────────────────────────────────────────────────────────────


def changed(db: Database, root: int) -> tuple[list[str], int]:
    """The paths of a root's notes that came, went or changed, and the number of the last change."""
    sql = "SELECT seq, path FROM memory_md_changed WHERE root = ? ORDER BY seq"
    rows = db.execute(sql, (root,)).fetchall()
    listed = dict.fromkeys(paths.from_db(path) for _, path in rows)
    return list(listed), rows[-1][0] if rows else 0


def of_the_day(db: Database, root: int, today: int) -> list[str]:
    """The paths of the notes that may stand elsewhere because a day began since the last update.

    They are those that were used since, and those that seemed to come from the future.
    """
    row = db.execute("SELECT day FROM memory_md WHERE root = ?", (root,)).fetchone()
    if row is None or row[0] in {0, today}:
        return []
    since, until = sorted((row[0], today))
    first = date.fromordinal(since)
    sql = """
        SELECT path FROM note WHERE root = :root AND (
            id IN (SELECT note FROM note_use WHERE day >= :since AND day < :until)
            OR modified > :first OR date > :first OR created > :first
            OR mtime_ns >= :first_ns OR mtime_ns = 0
        )
    """
    values = {
        "root": root,
        "since": since,
        "until": until,
        "first": first.isoformat(),
        "first_ns": (first - _EPOCH).days * _NS_PER_DAY,
    }
    return [paths.from_db(path) for (path,) in db.execute(sql, values)]


def indexed(db: Database, root: int, path: str, today: int) -> IndexedNote | None:
    """What the index says of one note, if it is this root's; uses count from the next day on."""
    values = {"root": root, "path": paths.to_db(path), "today": today}
    row = db.execute(f"{_INDEXED} AND path = :path", values).fetchone()
    return None if row is None else _indexed(row)


def all_indexed(db: Database, root: int, today: int) -> list[IndexedNote]:
    """What the index says of all notes of a root."""
    return [_indexed(row) for row in db.execute(_INDEXED, {"root": root, "today": today})]


def _indexed(row: tuple[Any, ...]) -> IndexedNote:
    path, title, description, kind, pinned, *rest = row
    return IndexedNote(paths.from_db(path), title, description, kind, bool(pinned), *rest)


def put(db: Database, root: int, rows: Iterable[Row]) -> None:
    """What MEMORY.md is to say of these notes."""
    db.executemany(_PUT, ((root, *row) for row in rows))


def drop(db: Database, root: int, keys: Iterable[bytes]) -> None:
    """These notes are gone."""
    sql = "DELETE FROM memory_md_note WHERE root = ? AND key = ?"
    db.executemany(sql, ((root, key) for key in keys))


def clear(db: Database, root: int) -> None:
    """Forget what MEMORY.md says of every note of a root."""
    db.execute("DELETE FROM memory_md_note WHERE root = ?", (root,))


# ── for rendering ────────────────────────────────────────────────────────────────────────────────


def count(db: Database, root: int) -> int:
    """How many notes there are."""
    sql = "SELECT COUNT(*) FROM memory_md_note INDEXED BY memory_md_file_name WHERE root = ?"
    (number,) = db.execute(sql, (root,)).fetchone()
    return int(number)


def best(db: Database, root: int) -> Iterator[Row]:
    """Notes that are not superseded: pinned ones first, then by rank, then by path."""
    sql = f"""
        SELECT {_ROW} FROM memory_md_note WHERE root = ? AND NOT superseded
        ORDER BY pinned DESC, rank DESC, key
    """
    return map(Row._make, db.execute(sql, (root,)))


def since(db: Database, root: int, key: bytes) -> Iterator[Row]:
    """Notes in the order of their paths, from this one on."""
    sql = f"SELECT {_ROW} FROM memory_md_note WHERE root = ? AND key >= ? ORDER BY key"
    return map(Row._make, db.execute(sql, (root, key)))


def at(db: Database, root: int, key: bytes) -> Row | None:
    """One note."""
    sql = f"SELECT {_ROW} FROM memory_md_note WHERE root = ? AND key = ?"
    row = db.execute(sql, (root, key)).fetchone()
    return None if row is None else Row._make(row)


def with_file_name(db: Database, root: int, name: bytes) -> list[bytes]:
    """The keys of the notes whose file has this name."""
    sql = "SELECT key FROM memory_md_note WHERE root = ? AND file_name = ?"
    return [key for (key,) in db.execute(sql, (root, name))]


def beside_pages(db: Database, root: int) -> list[bytes]:
    """The keys of the notes in the folder of the index pages."""
    # Left to itself, SQLite takes the primary key and reads every row of the root.
    sql = """
        SELECT key FROM memory_md_note INDEXED BY memory_md_beside_pages
        WHERE root = ? AND beside_pages
    """
    return [key for (key,) in db.execute(sql, (root,))]
