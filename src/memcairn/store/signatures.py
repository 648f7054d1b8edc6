"""The signatures of files when they were last read: all SQL that a scan compares with."""

from __future__ import annotations

import os

from memcairn import paths
from memcairn.fs.signature import Signature
from memcairn.store.path_range import AT_OR_BELOW, bounds

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NamedTuple

    from memcairn.store.database import Database

    class _NoNote(NamedTuple):
        signature: tuple[int, int, int]
        why: str | None
        unread: bool

else:
    from collections import namedtuple

    _NoNote = namedtuple("_NoNote", "signature why unread")  # noqa: PYI024

_NEVER = (-1, 0, 0)  # no file looks like this


class NoNote(_NoNote):
    """A file that was examined and holds no readable note.

    `why` is None where there is nothing to report; `unread`: it may be a note, but cannot be read.
    """

    __slots__ = ()


def of_files(
    db: Database, root: int, max_bytes: int, folder: str | None = None
) -> tuple[dict[str, tuple[int, int, int]], dict[str, NoNote]]:
    """The files of a root, or those at or below one path, as they were read last.

    Args:
        db: index.db.
        root: the root.
        max_bytes: how large a note may be now; a file that another limit left out counts as changed.
        folder: the path; None is the whole root.

    Returns:
        Path -> (size_bytes, mtime_ns, inode) of all files, as a `Signature` has them: plain tuples,
        since there are many. And path -> what is known of the files that hold no note. A file that has
        only a problem has a signature that no file has.
    """
    where, row = _where(root, folder)
    sql = f"SELECT path, size_bytes, mtime_ns, inode FROM note WHERE {where}"
    known = {
        path if type(path) is str else paths.from_db(path): (size, mtime, inode)
        for path, size, mtime, inode in db.execute(sql, row)
    }
    sql = f"""
        SELECT path FROM problem WHERE {where} UNION SELECT path FROM no_note WHERE {where}
    """
    for (path,) in db.execute(sql, row + row):
        known.setdefault(paths.from_db(path), _NEVER)
    no_notes = _no_notes(db, where, row, max_bytes)
    known |= {path: no_note.signature for path, no_note in no_notes.items()}
    return known, no_notes


def directly_in(
    db: Database, root: int, folder: str, max_bytes: int
) -> tuple[dict[str, tuple[int, int, int]], set[str]]:
    """The files of a root directly in a folder, as `of_files` has them, and the folders with files in it.

    What is deeper costs one step for each folder, however many files are there.
    """
    known: dict[str, tuple[int, int, int]] = {}
    inner: set[str] = set()
    for path, of_root, *seen in _shallow(
        db, "note", "root, size_bytes, mtime_ns, inode", folder, inner
    ):
        if of_root == root:
            known[path] = tuple(seen)
    for path, of_root in _shallow(db, "problem", "root", folder, inner):
        if of_root == root:
            known.setdefault(path, _NEVER)
    columns = "root, size_bytes, mtime_ns, inode, max_bytes"
    for path, of_root, *seen, limit in _shallow(db, "no_note", columns, folder, inner):
        if of_root == root:
            if limit == max_bytes:
                known[path] = tuple(seen)
            else:
                known.setdefault(path, _NEVER)
    return known, inner


def _shallow(
    db: Database, table: str, columns: str, folder: str, inner: set[str]
) -> Iterator[tuple[Any, ...]]:
    """The rows of the files directly in a folder; adds the folders in it that have files to `inner`."""
    sql = f"SELECT path, {columns} FROM {table} WHERE path > ? AND path < ? ORDER BY path"
    _, low, high, low_bytes, high_bytes = bounds(folder)
    start = len(folder.rstrip(os.sep)) + 1
    for after, end in ((low, high), (low_bytes, high_bytes)):
        place: str | bytes | None = after
        while place is not None:
            # One row at a time: the next query begins behind the first folder.
            rows = db.execute(sql, (place, end))
            place = None
            for row in rows:
                path = paths.from_db(row[0])
                name, slash, _ = path[start:].partition(os.sep)
                if slash:
                    inner.add(path[: start + len(name)])
                    place = paths.bounds_below(path[: start + len(name)])[1]
                    if isinstance(after, bytes) and isinstance(place, str):
                        place = place.encode()
                    break
                yield (path, *row[1:])


def _no_notes(db: Database, where: str, row: tuple[Any, ...], max_bytes: int) -> dict[str, NoNote]:
    sql = f"""
        SELECT path, size_bytes, mtime_ns, inode,
            (SELECT message FROM problem WHERE problem.path = no_note.path),
            EXISTS (SELECT 1 FROM problem WHERE problem.path = no_note.path AND unread)
        FROM no_note WHERE {where} AND max_bytes = ?
    """
    return {
        paths.from_db(path): NoNote((size, mtime, inode), why, bool(unread))
        for path, size, mtime, inode, why, unread in db.execute(sql, (*row, max_bytes))
    }


def are_at_most(db: Database, limit: int) -> bool:
    """Whether there are at most `limit` notes."""
    (more,) = db.execute("SELECT EXISTS (SELECT 1 FROM note LIMIT 1 OFFSET ?)", (limit,)).fetchone()
    return not more


def of_some(
    db: Database, after: int, limit: int
) -> tuple[list[tuple[str, int, int, int]], int | None]:
    """Path, size_bytes, mtime_ns and inode of up to `limit` notes of all roots, as last read.

    Args:
        db: index.db.
        after: id of the note to continue after; 0 to begin.
        limit: maximum number of notes.

    Returns:
        The notes, and the id of the last of them; None if there are no more.
    """
    sql = """
        SELECT note.id, note.path, COALESCE(no_note.size_bytes, note.size_bytes),
            COALESCE(no_note.mtime_ns, note.mtime_ns), COALESCE(no_note.inode, note.inode)
        FROM note LEFT JOIN no_note ON no_note.path = note.path
        WHERE note.id > ? ORDER BY note.id LIMIT ?
    """
    rows = db.execute(sql, (after, limit + 1)).fetchall()
    last = rows[limit - 1][0] if len(rows) > limit else None
    return [(paths.from_db(path), *seen) for _, path, *seen in rows[:limit]], last


def at_or_below(db: Database, folder: str, max_bytes: int) -> dict[str, Signature]:
    """Path -> signature of the known files at or below a folder, of all roots.

    Args:
        db: index.db.
        folder: the folder.
        max_bytes: the setting index.max_file_bytes; a file that was too large under another value is
            left out.
    """
    sql = f"""
        SELECT path, size_bytes, mtime_ns, inode FROM note WHERE {AT_OR_BELOW}
        UNION ALL
        SELECT path, size_bytes, mtime_ns, inode FROM no_note WHERE {AT_OR_BELOW} AND max_bytes = ?
    """
    rows = db.execute(sql, (*bounds(folder), *bounds(folder), max_bytes))
    return {paths.from_db(path): Signature(*seen) for path, *seen in rows}


def below(db: Database, folder: str) -> list[str]:
    """The known paths below a folder, of all roots."""
    row = bounds(folder)
    sql = " UNION ".join(
        f"SELECT path FROM {table} WHERE {AT_OR_BELOW}" for table in ("note", "problem", "no_note")
    )
    found = (paths.from_db(path) for (path,) in db.execute(sql, row * 3))
    return [path for path in found if path != folder]


def _where(root: int, folder: str | None) -> tuple[str, tuple[Any, ...]]:
    if folder is None:
        return "root = ?", (root,)
    return f"root = ? AND {AT_OR_BELOW}", (root, *bounds(folder))
