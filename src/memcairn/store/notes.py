"""Notes, their chunks and their problems: all SQL that writes them.

A note's chunks are replaced by difference: a chunk whose words did not change keeps its row, its full
text and whatever else is kept by its id.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths
from memcairn.notes.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from memcairn.notes.chunks import Chunk
    from memcairn.notes.note import Note, Problem
    from memcairn.store.database import Database


class Signature(NamedTuple):
    """Cheap "may have changed"; the content's hash decides. `mtime_ns` 0 never equals a file's."""

    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class KnownNote:
    """What the index knows of a file before it is read again."""

    id: int
    root: int
    path: str
    signature: Signature
    hash: bytes
    namespace: str
    own_namespace: str | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A note that was read and taken apart, ready to be written to the index."""

    path: str
    signature: Signature
    hash: bytes
    namespace: str
    note: Note
    chunks: tuple[Chunk, ...]
    problems: tuple[Problem, ...]


_KNOWN = """id, root, path, size_bytes, mtime_ns, inode, hash, namespace, own_namespace"""

_NOTE_COLUMNS = (
    "root", "path", "namespace", "own_namespace",
    "size_bytes", "mtime_ns", "inode", "hash",
    "title", "description", "type", "tags", "pinned",
    "date", "created", "modified", "valid_until", "superseded_by",
)  # fmt: skip
_INSERT_NOTE = (
    f"INSERT INTO note ({', '.join(_NOTE_COLUMNS)}) "
    f"VALUES ({', '.join('?' for _ in _NOTE_COLUMNS)})"
)
_UPDATE_NOTE = f"UPDATE note SET {', '.join(f'{c} = ?' for c in _NOTE_COLUMNS)} WHERE id = ?"
_INSERT_CHUNK = """
INSERT INTO chunk (id, note, position, section, start_line, end_line, heading_path, text, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_FULLTEXT = """
INSERT INTO fulltext (rowid, title, heading_path, tags, date, text) VALUES (?, ?, ?, ?, ?, ?)
"""
_MOVE_CHUNK = """
UPDATE chunk SET position = ?, section = ?, start_line = ?, end_line = ? WHERE id = ?
"""


def _known(row: tuple[Any, ...]) -> KnownNote:
    id_, root, path, size, mtime, inode, *rest = row
    return KnownNote(id_, root, paths.from_db(path), Signature(size, mtime, inode), *rest)


# ── what is known ────────────────────────────────────────────────────────────────────────────────


def signatures(db: Database, root: int, folder: str | None = None) -> dict[str, tuple[int, int, int]]:
    """path -> (size_bytes, mtime_ns, inode) of a root's notes, or of those below one folder."""
    sql = "SELECT path, size_bytes, mtime_ns, inode FROM note WHERE root = ?"
    row: tuple[Any, ...] = (root,)
    if folder is not None:
        sql += " AND path > ? AND path < ?"
        row = (root, *paths.bounds_below(folder))
    return {paths.from_db(path): (size, mtime, inode) for path, size, mtime, inode in db.execute(sql, row)}


def known(db: Database, path: str) -> KnownNote | None:
    """What the index knows of one path."""
    sql = f"SELECT {_KNOWN} FROM note WHERE path = ?"
    row = db.execute(sql, (paths.to_db(path),)).fetchone()
    return None if row is None else _known(row)


def with_hash(db: Database, digest: bytes) -> list[KnownNote]:
    """Notes with this very content: one of them may have been renamed."""
    return [_known(r) for r in db.execute(f"SELECT {_KNOWN} FROM note WHERE hash = ?", (digest,))]


def below(db: Database, folder: str) -> list[str]:
    """The paths of all notes below a folder, of any root."""
    sql = "SELECT path FROM note WHERE path > ? AND path < ?"
    return [paths.from_db(path) for (path,) in db.execute(sql, paths.bounds_below(folder))]


def of_root(db: Database, root: int) -> Iterator[KnownNote]:
    """What the index knows of a root's notes."""
    for row in db.execute(f"SELECT {_KNOWN} FROM note WHERE root = ?", (root,)).fetchall():
        yield _known(row)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


def write(db: Database, root: int, prepared: Prepared, before: KnownNote | None) -> int:
    """Make the index hold this note, in place of what it held of `before` (which may be a renamed
    file's). Returns how many chunks were written; the others were right already.
    """
    note = prepared.note
    row = (
        root, paths.to_db(prepared.path), prepared.namespace, note.namespace, *prepared.signature, prepared.hash,
        note.title, note.description, note.type, _json(note.tags), note.pinned,
        note.date, note.created, note.modified, note.valid_until, note.superseded_by,
    )  # fmt: skip
    if before is None:
        note_id = db.execute(_INSERT_NOTE, row).lastrowid
        assert note_id is not None
        old: list[tuple[int, bytes]] = []
    else:
        note_id = before.id
        db.execute(_UPDATE_NOTE, (*row, note_id))
        sql = "SELECT id, hash FROM chunk WHERE note = ? ORDER BY position"
        old = db.execute(sql, (note_id,)).fetchall()
    written = _replace_chunks(db, note_id, note, prepared.chunks, old)
    set_problems(db, root, prepared.path, prepared.problems)
    return written


def _replace_chunks(
    db: Database, note_id: int, note: Note, chunks: Sequence[Chunk], old: list[tuple[int, bytes]]
) -> int:
    kept: defaultdict[bytes, list[int]] = defaultdict(list)
    for chunk_id, digest in reversed(old):
        kept[digest].append(chunk_id)
    shared = f"{note.title}\0{_json(note.tags)}\0{note.date}".encode("utf-8", "replace")
    title, tags = " ".join(words(note.title)), " ".join(words(" ".join(note.tags)))
    date = " ".join(date_words(note.date))
    (next_id,) = db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM chunk").fetchone()
    rows, fulltexts, moves = [], [], []
    for position, chunk in enumerate(chunks):
        headings = _json(chunk.heading_path)
        digest = blake2b(
            f"{headings}\0{chunk.text}\0".encode("utf-8", "replace") + shared, digest_size=16
        ).digest()
        where = (position, chunk.section, chunk.start_line, chunk.end_line)
        if kept.get(digest):
            moves.append((*where, kept[digest].pop()))
            continue
        rows.append((next_id, note_id, *where, headings, chunk.text, digest))
        heading = " ".join(words(" ".join(chunk.heading_path)))
        fulltexts.append((next_id, title, heading, tags, date, " ".join(words(chunk.text))))
        next_id += 1
    db.executemany("DELETE FROM chunk WHERE id = ?", [(i,) for ids in kept.values() for i in ids])
    db.executemany(_MOVE_CHUNK, moves)
    db.executemany(_INSERT_CHUNK, rows)
    db.executemany(_INSERT_FULLTEXT, fulltexts)
    return len(rows)


_MONTHS = (
    "january february march april may june july august september october november december"
).split()


def date_words(date: str | None) -> list[str]:
    """A note's date in the words that people ask by: 2025-03-09 -> 2025-03-09 9 march 2025."""
    if date is None:
        return []
    year, _, rest = date[:10].partition("-")
    month, _, day = rest.partition("-")
    if not (year.isdigit() and month.isdigit() and day.isdigit() and 1 <= int(month) <= 12):
        return words(date)
    return words(f"{date[:10]} {int(day)} {_MONTHS[int(month) - 1]} {year}")


def touch(db: Database, path: str, signature: Signature) -> None:
    """The file was looked at again, and holds what the index holds."""
    sql = "UPDATE note SET size_bytes = ?, mtime_ns = ?, inode = ? WHERE path = ?"
    db.execute(sql, (*signature, paths.to_db(path)))


def set_namespace(db: Database, note: int, namespace: str) -> None:
    """Label a note anew; its chunks need no change."""
    db.execute("UPDATE note SET namespace = ? WHERE id = ?", (namespace, note))


def remove(db: Database, path: str) -> bool:
    """Take one note out of the index; True if it was there."""
    remove_problems(db, path)
    return db.execute("DELETE FROM note WHERE path = ?", (paths.to_db(path),)).rowcount > 0


def drop_chunks(db: Database, note: int) -> None:
    """Forget a note's chunks, so that all of them are written anew."""
    db.execute("DELETE FROM chunk WHERE note = ?", (note,))


def remove_problems(db: Database, path: str) -> None:
    """Nothing is wrong with this file any more: it is mended, or gone."""
    db.execute("DELETE FROM problem WHERE path = ?", (paths.to_db(path),))


def set_problems(
    db: Database, root: int, path: str, problems: Iterable[Problem], *, unread: bool = False
) -> None:
    """What is wrong with a file now, in place of what was."""
    remove_problems(db, path)
    db.executemany(
        "INSERT INTO problem (path, root, line, message, unread) VALUES (?, ?, ?, ?, ?)",
        [(paths.to_db(path), root, problem.line, problem.message, unread) for problem in problems],
    )


def _json(values: Sequence[str]) -> str:
    return json.dumps(values, ensure_ascii=False) if values else "[]"


# ── folders ──────────────────────────────────────────────────────────────────────────────────────


def folders(db: Database) -> dict[str, int]:
    """path -> mtime_ns of every folder that was listed."""
    return {paths.from_db(p): m for p, m in db.execute("SELECT path, mtime_ns FROM folder")}


def add_folders(db: Database, root: int, listed: dict[str, int]) -> None:
    """Folders of a root that were listed, with their mtimes."""
    db.executemany(
        "INSERT OR REPLACE INTO folder (path, root, mtime_ns) VALUES (?, ?, ?)",
        [(paths.to_db(path), root, mtime) for path, mtime in listed.items()],
    )


def forget_folders(db: Database, root: int, folder: str) -> None:
    """A folder of a root and all below it are gone, or are about to be listed anew."""
    sql = "DELETE FROM folder WHERE root = ? AND (path = ? OR path > ? AND path < ?)"
    db.execute(sql, (root, paths.to_db(folder), *paths.bounds_below(folder)))
