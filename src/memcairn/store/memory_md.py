"""All SQL about MEMORY.md.

note ──triggers──► memory_md_changed ──changed_paths──► memory_md_note ──► MEMORY.md
                   ▲ deleted by mark_current, after the files are written ──┘
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from memcairn.store.database import Database

Signature = tuple[int, int, int]


class NoteRow(NamedTuple):
    """The columns of table `note` that MEMORY.md depends on, and the use of the note.

    `path` is absolute. `used_day` and `use_count` leave out the present day.
    """

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


class MemoryMdNote(NamedTuple):
    """A note as MEMORY.md ranks and shows it.

    `path` is relative to the root, with posix separators; bytes that are not UTF-8 are surrogate
    escapes. Days are proleptic ordinals (`date.toordinal`). `changed` is the day of the last change
    and `second` the second of that day. `used_day` is the last day of use (a search hit, a read),
    `use_count` the number of such days; both leave out the present day. `valid_until` is an ISO
    date or time; the note is valid to the end of that day.
    """

    path: str
    title: str
    description: str
    type: str | None
    pinned: bool
    changed: int
    second: int = 0
    used_day: int | None = None
    use_count: int = 0
    valid_until: str | None = None
    superseded: bool = False


_NOTE_ROWS = """
SELECT path, title, description, type, pinned, date, created, modified, mtime_ns, valid_until,
    COALESCE(superseded_by, (
        SELECT 'a newer note' FROM other_note
        WHERE place IN (note.path, note.decision) AND other_note.note <> note.id
            AND relation = 'supersedes'
    )),
    (SELECT MAX(day) FROM note_use WHERE note = note.id AND day < :today),
    (SELECT COUNT(*) FROM note_use WHERE note = note.id AND day < :today)
FROM note WHERE root = :root AND path NOT GLOB '*/MEMORY.md'
"""
_NS_PER_DAY = 86_400 * 10**9
_EPOCH = date(1970, 1, 1)
_COLUMNS = """
key, title, description, type, pinned, changed, second, used_day, use_count, valid_until, superseded
"""
_PUT = f"""
INSERT OR REPLACE INTO memory_md_note (root, file_name, beside_pages, rank, {_COLUMNS})
VALUES (?{", ?" * 14})
"""


# ── state of each root ───────────────────────────────────────────────────────────────────────────


def roots_with_state(db: Database) -> set[int]:
    """The ids of the roots whose changed notes are recorded for a MEMORY.md."""
    return {root for (root,) in db.execute("SELECT root FROM memory_md")}


def start_managing(db: Database, root: int) -> bool:
    """Record the changes of a root's notes from now on; False if they already are."""
    sql = "INSERT INTO memory_md (root, day) VALUES (?, 0) ON CONFLICT DO NOTHING"
    return db.execute(sql, (root,)).rowcount > 0


def stop_managing(db: Database, root: int) -> None:
    """Delete the state of a root's MEMORY.md, and record no further changes."""
    with db.transaction():
        db.execute("DELETE FROM memory_md WHERE root = ?", (root,))
        db.execute("DELETE FROM memory_md_changed WHERE root = ?", (root,))


def render_cache(db: Database, root: int) -> str | None:
    """The render cache that the last update stored."""
    row = db.execute("SELECT kept FROM memory_md WHERE root = ?", (root,)).fetchone()
    return None if row is None else row[0]


def forget_pages(db: Database, root: int) -> None:
    """Remove the pages from the render cache: the next update renders all of them.

    The digests of the generated lines stay.
    """
    sql = """
        UPDATE memory_md SET kept = json_set(kept, '$.pages', json('[]'))
        WHERE root = ? AND kept IS NOT NULL
    """
    db.execute(sql, (root,))


def mark_current(
    db: Database, root: int, *, day: int, signature: Signature, cache: str, through: int
) -> None:
    """Record that the files are current, and delete the changes that they include.

    Args:
        db: index.db.
        root: its id.
        day: the day for which the files are correct.
        signature: of MEMORY.md.
        cache: the render cache for the next update.
        through: the number of the last change that the files include.
    """
    sql = """
        UPDATE memory_md SET day = ?, size_bytes = ?, mtime_ns = ?, inode = ?, kept = ?
        WHERE root = ?
    """
    with db.transaction():
        db.execute(sql, (day, *signature, cache, root))
        sql = "DELETE FROM memory_md_changed WHERE root = ? AND seq <= ?"
        db.execute(sql, (root, through))


# ── from table note to memory_md_note ────────────────────────────────────────────────────────────


def changed_paths(db: Database, root: int) -> tuple[list[str], int]:
    """The absolute paths of a root's added, changed and removed notes, and the last change's number."""
    sql = "SELECT seq, path FROM memory_md_changed WHERE root = ? ORDER BY seq"
    rows = db.execute(sql, (root,)).fetchall()
    changed = dict.fromkeys(paths.from_db(path) for _, path in rows)
    return list(changed), rows[-1][0] if rows else 0


def paths_affected_by_day(db: Database, root: int, today: int) -> list[str]:
    """The absolute paths of notes whose rank may differ because a day began since the last update.

    These are the notes that were used since then, and those with a time in the future.
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


def note_row(db: Database, root: int, path: str, today: int) -> NoteRow | None:
    """One note, if it belongs to this root; uses on the day `today` do not count yet."""
    values = {"root": root, "path": paths.to_db(path), "today": today}
    row = db.execute(f"{_NOTE_ROWS} AND path = :path", values).fetchone()
    return None if row is None else _note_row(row)


def note_rows(db: Database, root: int, today: int) -> list[NoteRow]:
    """All notes of a root; uses on the day `today` do not count yet."""
    return [_note_row(row) for row in db.execute(_NOTE_ROWS, {"root": root, "today": today})]


def _note_row(row: tuple[Any, ...]) -> NoteRow:
    path, title, description, type_, pinned, *rest = row
    return NoteRow(paths.from_db(path), title, description, type_, bool(pinned), *rest)


def put(db: Database, root: int, ranked: Iterable[tuple[int, MemoryMdNote]]) -> None:
    """Insert or replace notes, each with its rank."""
    db.executemany(_PUT, (_columns(root, rank, note) for rank, note in ranked))


def _columns(root: int, rank: int, note: MemoryMdNote) -> tuple[Any, ...]:
    folder, _, name = note.path.rpartition("/")
    return (
        root,
        sort_key(name),
        folder.casefold() == paths.PAGES_FOLDER,
        rank,
        sort_key(note.path),
        note.title,
        note.description,
        note.type,
        note.pinned,
        note.changed,
        note.second,
        note.used_day,
        note.use_count,
        note.valid_until,
        note.superseded,
    )


def delete(db: Database, root: int, removed: Iterable[str]) -> None:
    """Delete the notes with these paths from the root."""
    sql = "DELETE FROM memory_md_note WHERE root = ? AND key = ?"
    db.executemany(sql, ((root, sort_key(path)) for path in removed))


def delete_all(db: Database, root: int) -> None:
    """Delete all notes of a root from memory_md_note."""
    db.execute("DELETE FROM memory_md_note WHERE root = ?", (root,))


# ── for rendering ────────────────────────────────────────────────────────────────────────────────


def sort_key(path: str) -> bytes:
    """The path's bytes: a BLOB column sorts by them, and so do paths that are not UTF-8."""
    return path.encode("utf-8", "surrogateescape")


class MemoryMdNotes:
    """The notes of one root, read from index.db as they are asked for."""

    def __init__(self, db: Database, root: int) -> None:
        self._db = db
        self._root = root

    def count(self) -> int:
        """The number of notes."""
        sql = "SELECT COUNT(*) FROM memory_md_note INDEXED BY memory_md_file_name WHERE root = ?"
        (number,) = self._db.execute(sql, (self._root,)).fetchone()
        return int(number)

    def best(self) -> Iterator[MemoryMdNote]:
        """The notes that are not superseded: pinned ones first, then by rank, then by path."""
        sql = f"""
            SELECT {_COLUMNS} FROM memory_md_note WHERE root = ? AND NOT superseded
            ORDER BY pinned DESC, rank DESC, key
        """
        return map(_note, self._db.execute(sql, (self._root,)))

    def since(self, key: bytes) -> Iterator[MemoryMdNote]:
        """The notes whose `sort_key` is `key` or greater, in that order."""
        sql = f"SELECT {_COLUMNS} FROM memory_md_note WHERE root = ? AND key >= ? ORDER BY key"
        return map(_note, self._db.execute(sql, (self._root, key)))

    def at(self, path: str) -> MemoryMdNote | None:
        """The note at `path`, None if there is none."""
        sql = f"SELECT {_COLUMNS} FROM memory_md_note WHERE root = ? AND key = ?"
        row = self._db.execute(sql, (self._root, sort_key(path))).fetchone()
        return None if row is None else _note(row)

    def with_file_name(self, name: str) -> list[str]:
        """The paths of the notes whose file has this name."""
        sql = "SELECT key FROM memory_md_note WHERE root = ? AND file_name = ?"
        return [_path(key) for (key,) in self._db.execute(sql, (self._root, sort_key(name)))]

    def beside_pages(self) -> list[str]:
        """The paths of the notes directly in the folder of the index pages, in any letter case."""
        # Without the hint, SQLite takes the primary key and reads every row of the root.
        sql = """
            SELECT key FROM memory_md_note INDEXED BY memory_md_beside_pages
            WHERE root = ? AND beside_pages
        """
        return [_path(key) for (key,) in self._db.execute(sql, (self._root,))]


def _note(row: tuple[Any, ...]) -> MemoryMdNote:
    key, title, description, type_, pinned, *times, superseded = row
    columns = (title, description, type_, bool(pinned), *times, bool(superseded))
    return MemoryMdNote(_path(key), *columns)


def _path(key: bytes) -> str:
    return key.decode("utf-8", "surrogateescape")
