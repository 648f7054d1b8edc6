"""All SQL that writes notes, and most of the SQL that reads them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths
from memcairn.fs.signature import Signature
from memcairn.notes import decision_record
from memcairn.store import chunks, problems, vector_state
from memcairn.store.chunks import PreparedChunk, Replacement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from memcairn.notes.note import Note, Problem
    from memcairn.store.database import Database


class KnownNote(NamedTuple):
    """The index's record of a file, before the file is read again."""

    id: int
    root: int
    path: str
    signature: Signature
    hash: bytes
    namespace: str
    own_namespace: str | None


class Prepared(NamedTuple):
    """A note that was read and parsed, ready to be written to the index."""

    path: str
    signature: Signature
    mtime_ns: int  # before reading, even if it is too young for the signature
    hash: bytes
    note: Note
    names: tuple[str, ...]  # that its path gives it, beside its title
    chunks: tuple[PreparedChunk, ...]
    problems: tuple[Problem, ...]


Writing = tuple[Prepared, str, KnownNote | None]
"""A note, its namespace, and its record in the index."""

_BATCH_SIZE = 500  # SQLite may be built with a limit of 999 parameters
_KNOWN = """id, root, path, size_bytes, mtime_ns, inode, hash, namespace, own_namespace"""

_NOTE_COLUMNS = (
    "root", "path", "namespace", "own_namespace",
    "size_bytes", "mtime_ns", "inode", "hash",
    "title", "description", "type", "tags", "pinned",
    "date", "created", "modified", "valid_until", "superseded_by", "decision", "sources", "source", "about",
    "language",
)  # fmt: skip
_INSERT_NOTE = (
    f"INSERT INTO note ({', '.join(_NOTE_COLUMNS)}, id) "
    f"VALUES ({', '.join('?' for _ in _NOTE_COLUMNS)}, ?)"
)
_UPDATE_NOTE = f"UPDATE note SET {', '.join(f'{c} = ?' for c in _NOTE_COLUMNS)} WHERE id = ?"


def _known(row: tuple[Any, ...]) -> KnownNote:
    id_, root, path, size, mtime, inode, *rest = row
    return KnownNote(id_, root, paths.from_db(path), Signature(size, mtime, inode), *rest)


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def known(db: Database, path: str) -> KnownNote | None:
    """The index's record of one path."""
    sql = f"SELECT {_KNOWN} FROM note WHERE path = ?"
    row = db.execute(sql, (paths.to_db(path),)).fetchone()
    return None if row is None else _known(row)


def known_among(db: Database, wanted: Sequence[str]) -> dict[str, KnownNote]:
    """The index's records of some paths, by path."""
    return {note.path: note for note in _among(db, "path", [paths.to_db(p) for p in wanted])}


def with_hash(db: Database, digests: Sequence[bytes]) -> dict[bytes, list[KnownNote]]:
    """The notes with one of these content hashes, by hash, to detect renamed files."""
    found: dict[bytes, list[KnownNote]] = {}
    for note in _among(db, "hash", digests):
        found.setdefault(note.hash, []).append(note)
    return found


def _among(db: Database, column: str, values: Sequence[Any]) -> Iterator[KnownNote]:
    for start in range(0, len(values), _BATCH_SIZE):
        some = values[start : start + _BATCH_SIZE]
        sql = f"SELECT {_KNOWN} FROM note WHERE {column} IN ({', '.join('?' * len(some))})"
        yield from map(_known, db.execute(sql, some).fetchall())


def of_root(db: Database, root: int) -> Iterator[KnownNote]:
    """The index's records of a root's notes."""
    for row in db.execute(f"SELECT {_KNOWN} FROM note WHERE root = ?", (root,)).fetchall():
        yield _known(row)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


def write(db: Database, root: int, batch: Iterable[Writing]) -> int:
    """Write notes to the index.

    Args:
        db: index.db, in a write transaction.
        root: the root of all the notes.
        batch: notes, each with its namespace and its record in the index, which may be under the path
            that it was renamed from.

    Returns:
        The number of chunks written; the others were unchanged.
    """
    (next_id,) = db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM note").fetchone()
    replacements, new, changed = [], [], []
    needs_multilingual = False
    others: list[tuple[Any, ...]] = []
    dropped: list[tuple[int]] = []
    for prepared, namespace, before in batch:
        note = prepared.note
        row = (
            root, paths.to_db(prepared.path), namespace, note.namespace,
            *prepared.signature, prepared.hash,
            note.title, note.description, note.type, chunks.as_json(note.tags), note.pinned,
            note.date, note.created, note.modified, note.valid_until, note.superseded_by,
            _place_to_db(decision_place(prepared.path, os.path.basename(prepared.path))),
            chunks.as_json(note.sources), note.source,
            chunks.as_json((*note.about, *prepared.names)), note.language,
        )  # fmt: skip
        if before is None:
            note_id = next_id
            next_id += 1
            new.append((*row, note_id))
        else:
            note_id = before.id
            changed.append((*row, note_id))
            if other_notes_of(db, note_id):
                dropped.append((note_id,))
        others += [(note_id, *row) for row in _others(db, root, prepared)]
        replacements.append(Replacement(note_id, before is None, prepared.chunks))
        needs_multilingual = needs_multilingual or note.language not in ("", "en")
    if needs_multilingual:
        vector_state.add_multilingual(db)
    db.executemany(_UPDATE_NOTE, changed)
    db.executemany(_INSERT_NOTE, new)
    db.executemany("DELETE FROM other_note WHERE note = ?", dropped)
    db.executemany(
        "INSERT OR IGNORE INTO other_note (note, place, relation) VALUES (?, ?, ?)", others
    )
    return chunks.replace(db, replacements)


def other_notes_of(db: Database, note: int) -> bool:
    """Whether the index says that a note supersedes, amends or is amended by others."""
    sql = "SELECT EXISTS (SELECT 1 FROM other_note WHERE note = ?)"
    return bool(db.execute(sql, (note,)).fetchone()[0])


def _others(db: Database, root: int, prepared: Prepared) -> Iterator[tuple[Any, str]]:
    """The places that a note may mean by the other notes that it names, and what it says of them."""
    note = prepared.note
    named = {"supersedes": note.supersedes, "amends": note.amends, "amended by": note.amended_by}
    for relation, names in named.items():
        for name in names:
            for place in places_of(db, prepared.path, root, name):
                yield paths.to_db(place), relation
            number = decision_place(prepared.path, name) if "/" not in name else None
            if number is not None and not name.lower().endswith(".md"):
                yield paths.to_db(number), relation


def places_of(db: Database, path: str, root: int, name: str) -> Iterator[str]:
    """The paths that a note's name for another may mean: relative to its folder, or to the root."""
    named = name.removeprefix("[[").removesuffix("]]").partition("|")[0].partition("#")[0].strip()
    if not named or "\0" in named:
        return
    row = db.execute("SELECT path FROM root WHERE id = ?", (root,)).fetchone()
    for folder in (os.path.dirname(path), *([paths.from_db(row[0])] if row else ())):
        place = os.path.normpath(os.path.join(folder, named))
        yield place
        yield f"{place}.md"


def decision_place(path: str, name: str) -> str | None:
    """The place of a decision record by its number, in the folder of `path`; None without a number."""
    number = decision_record.number_of(name)
    return None if number is None else os.path.join(os.path.dirname(path), f"#{number}")


def _place_to_db(place: str | None) -> str | bytes | None:
    return None if place is None else paths.to_db(place)


def touch(db: Database, path: str, signature: Signature) -> None:
    """Record a new signature of a file whose content has not changed."""
    sql = "UPDATE note SET size_bytes = ?, mtime_ns = ?, inode = ? WHERE path = ?"
    db.execute(sql, (*signature, paths.to_db(path)))


def set_namespace(db: Database, note: int, namespace: str) -> None:
    """Change a note's namespace; its chunks need no change."""
    db.execute("UPDATE note SET namespace = ? WHERE id = ?", (namespace, note))


def remove(db: Database, path: str) -> bool:
    """Remove a note from the index; True if it was there."""
    problems.forget(db, [path])
    return db.execute("DELETE FROM note WHERE path = ?", (paths.to_db(path),)).rowcount > 0
