"""All SQL that writes the chunks of notes and their full text.

An update writes only the difference: a chunk whose words did not change keeps its row, its full text and
its embedding. The full text of chunks is computed before the write transaction begins (`prepare`); the
transaction only moves, deletes and inserts rows (`replace`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from hashlib import blake2b
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, NamedTuple

from memcairn.notes.words import indexed_text, words

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from memcairn.notes.chunks import Chunk
    from memcairn.notes.note import Note
    from memcairn.store.database import Database

FullText = tuple[str, str, str, str, str]


class PreparedChunk(NamedTuple):
    """A chunk to be written. `full_text` is None if the index already has it.

    All fields are plain values, because chunks are sent between processes.
    """

    hash: bytes
    section: int
    start_line: int
    end_line: int
    heading_path: str
    text: str
    full_text: FullText | None


class Replacement(NamedTuple):
    """The new chunks of a note. A new note has none in the index yet."""

    note_id: int
    is_new: bool
    note: Note
    chunks: Sequence[PreparedChunk]


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


def prepare(
    note: Note, chunks: Iterable[Chunk], held: Container[bytes] = ()
) -> tuple[PreparedChunk, ...]:
    """Compute the hash and full text of each chunk.

    Args:
        note: the note; its title, tags and date are part of each chunk's full text.
        chunks: the note's chunks, in order.
        held: hashes of chunks in the index, whose full text is not computed again.
    """
    shared = f"{note.title}\0{as_json(note.tags)}\0{note.date}".encode("utf-8", "replace")
    title, tags = indexed_text(note.title), indexed_text(" ".join(note.tags))
    date = " ".join(date_words(note.date))
    headings: dict[tuple[str, ...], tuple[str, str]] = {}
    prepared = []
    for chunk in chunks:
        path = chunk.heading_path
        if path not in headings:
            headings[path] = as_json(path), indexed_text(" ".join(path))
        stored, heading = headings[path]
        content = f"{stored}\0{chunk.text}\0".encode("utf-8", "replace") + shared
        digest = blake2b(content, digest_size=16).digest()
        full_text = None
        if digest not in held:
            full_text = (title, heading, tags, date, indexed_text(chunk.text))
        prepared.append(
            PreparedChunk(
                digest,
                chunk.section,
                chunk.start_line,
                chunk.end_line,
                stored,
                chunk.text,
                full_text,
            )
        )
    return tuple(prepared)


def _full_text(note: Note, heading_path: str, text: str) -> FullText:
    title, tags = indexed_text(note.title), indexed_text(" ".join(note.tags))
    heading = indexed_text(" ".join(json.loads(heading_path)))
    return title, heading, tags, " ".join(date_words(note.date)), indexed_text(text)


def hashes(db: Database, note_id: int) -> frozenset[bytes]:
    """The hashes of a note's chunks."""
    sql = "SELECT hash FROM chunk WHERE note = ?"
    return frozenset(digest for (digest,) in db.execute(sql, (note_id,)))


def replace(db: Database, replacements: Iterable[Replacement]) -> int:
    """Replace the chunks of some notes.

    Returns:
        The number of chunks written; the others were unchanged.
    """
    (next_id,) = db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM chunk").fetchone()
    rows, full_texts, moves, gone = [], [], [], []
    for note_id, is_new, note, chunks in replacements:
        kept: defaultdict[bytes, list[int]] = defaultdict(list)
        if not is_new:
            sql = "SELECT id, hash FROM chunk WHERE note = ? ORDER BY position DESC"
            for chunk_id, digest in db.execute(sql, (note_id,)):
                kept[digest].append(chunk_id)
        for position, (digest, *lines, heading_path, text, full_text) in enumerate(chunks):
            if kept and kept.get(digest):
                moves.append((position, *lines, kept[digest].pop()))
                continue
            # Without full text: another process removed the chunk from the index since `prepare`.
            indexed_by = full_text or _full_text(note, heading_path, text)
            rows.append((next_id, note_id, position, *lines, heading_path, text, digest))
            full_texts.append((next_id, *indexed_by))
            next_id += 1
        gone += [(chunk_id,) for ids in kept.values() for chunk_id in ids]
    if gone:
        db.executemany("DELETE FROM chunk WHERE id = ?", gone)
    if moves:
        db.executemany(_MOVE_CHUNK, moves)
    db.executemany(_INSERT_CHUNK, rows)
    db.executemany(_INSERT_FULLTEXT, full_texts)
    return len(rows)


def drop(db: Database, note_id: int) -> None:
    """Delete a note's chunks, so that all of them are written again."""
    db.execute("DELETE FROM chunk WHERE note = ?", (note_id,))


_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]


def date_words(date: str | None) -> list[str]:
    """A note's date in the words that queries use: 2025-03-09 -> 2025-03-09 9 march 2025."""
    if date is None:
        return []
    year, _, rest = date[:10].partition("-")
    month, _, day = rest.partition("-")
    if not (year.isdigit() and month.isdigit() and day.isdigit() and 1 <= int(month) <= 12):
        return words(date)
    return words(f"{date[:10]} {int(day)} {_MONTHS[int(month) - 1]} {year}")


def as_json(values: Sequence[str]) -> str:
    """A list of strings as a JSON array, in a sixth of the time of `json.dumps`."""
    return f"[{', '.join(map(encode_basestring, values))}]"
