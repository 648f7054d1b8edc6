"""Notes, folders and problems: all SQL that writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memcairn import paths
from memcairn.signature import Signature
from memcairn.store import chunks
from memcairn.store.chunks import PreparedChunk, Replacement
from memcairn.store.path_range import AT_OR_BELOW, bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from memcairn.notes.note import Note, Problem
    from memcairn.store.database import Database


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
    mtime_ns: int  # before it was read, though it may be too young for the signature
    hash: bytes
    namespace: str
    note: Note
    chunks: tuple[PreparedChunk, ...]
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


def _known(row: tuple[Any, ...]) -> KnownNote:
    id_, root, path, size, mtime, inode, *rest = row
    return KnownNote(id_, root, paths.from_db(path), Signature(size, mtime, inode), *rest)


# ── what is known ────────────────────────────────────────────────────────────────────────────────


def signatures(db: Database, root: int, folder: str | None = None) -> dict[str, Signature]:
    """Path -> (size_bytes, mtime_ns, inode) of a root's notes, or of those at or below one path.

    Files that are no notes but have a problem are among them, with a size that no file has.
    """
    where = "root = ?"
    row: tuple[Any, ...] = (root,)
    if folder is not None:
        where += f" AND {AT_OR_BELOW}"
        row += bounds(folder)
    sql = f"SELECT path, size_bytes, mtime_ns, inode FROM note WHERE {where}"
    found = {
        paths.from_db(path): Signature(size, mtime, inode)
        for path, size, mtime, inode in db.execute(sql, row)
    }
    for (path,) in db.execute(f"SELECT path FROM problem WHERE {where}", row):
        found.setdefault(paths.from_db(path), Signature(-1, 0, 0))
    return found


def known(db: Database, path: str) -> KnownNote | None:
    """What the index knows of one path."""
    sql = f"SELECT {_KNOWN} FROM note WHERE path = ?"
    row = db.execute(sql, (paths.to_db(path),)).fetchone()
    return None if row is None else _known(row)


def with_hash(db: Database, digest: bytes) -> list[KnownNote]:
    """Notes with this very content: one of them may have been renamed."""
    return [_known(r) for r in db.execute(f"SELECT {_KNOWN} FROM note WHERE hash = ?", (digest,))]


def below(db: Database, folder: str) -> list[str]:
    """The paths below a folder, of any root, of which the index knows a note or a problem."""
    row = bounds(folder)
    sql = f"""
        SELECT path FROM note WHERE {AT_OR_BELOW}
        UNION SELECT path FROM problem WHERE {AT_OR_BELOW}
    """
    found = (paths.from_db(path) for (path,) in db.execute(sql, row + row))
    return [path for path in found if path != folder]


def of_root(db: Database, root: int) -> Iterator[KnownNote]:
    """What the index knows of a root's notes."""
    for row in db.execute(f"SELECT {_KNOWN} FROM note WHERE root = ?", (root,)).fetchall():
        yield _known(row)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


def write(db: Database, root: int, batch: Iterable[tuple[Prepared, KnownNote | None]]) -> int:
    """Make the index hold these notes.

    Args:
        db: index.db, in a write transaction.
        root: that all of them belong to.
        batch: notes, each with what the index held of it: under its own name, or under the one that
            it was renamed from.

    Returns:
        How many chunks were written; the others were right already.
    """
    replacements = []
    for prepared, before in batch:
        note = prepared.note
        row = (
            root, paths.to_db(prepared.path), prepared.namespace, note.namespace,
            *prepared.signature, prepared.hash,
            note.title, note.description, note.type, chunks.as_json(note.tags), note.pinned,
            note.date, note.created, note.modified, note.valid_until, note.superseded_by,
        )  # fmt: skip
        if before is None:
            note_id = db.execute(_INSERT_NOTE, row).lastrowid
            assert note_id is not None
        else:
            note_id = before.id
            db.execute(_UPDATE_NOTE, (*row, note_id))
        set_problems(db, root, prepared.path, prepared.problems)
        replacements.append(Replacement(note_id, before is None, note, prepared.chunks))
    return chunks.replace(db, replacements)


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


def remove_problems(db: Database, path: str) -> None:
    """Nothing is wrong with this file any more: it is mended, or gone."""
    db.execute("DELETE FROM problem WHERE path = ?", (paths.to_db(path),))


def set_problems(
    db: Database, root: int, path: str, problems: Sequence[Problem], *, unread: bool = False
) -> None:
    """What is wrong with a file now, in place of what was."""
    remove_problems(db, path)
    if not problems:
        return
    db.executemany(
        "INSERT INTO problem (path, root, line, message, unread) VALUES (?, ?, ?, ?, ?)",
        [(paths.to_db(path), root, problem.line, problem.message, unread) for problem in problems],
    )
