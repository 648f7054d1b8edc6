"""All SQL that writes the chunks of notes and their full text.

An update writes only the difference: a chunk whose text did not change keeps its row and its embedding,
and its full text, unless its headings or what the note is about changed. The full text of chunks is computed
before the write transaction begins (`prepare`); the transaction only writes rows (`replace`).
"""

from __future__ import annotations

from collections import defaultdict
from hashlib import blake2b
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, NamedTuple

from memcairn.notes.words import indexed_text, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from memcairn.notes.chunks import Chunk
    from memcairn.notes.note import Note
    from memcairn.store.database import Database

FullText = tuple[str, ...]
"""The words of the columns of `fulltext`, in their order."""


class PreparedChunk(NamedTuple):
    """A chunk to be written. All fields are plain values: chunks are sent between processes."""

    hash: bytes
    words_hash: bytes
    section: int
    start_line: int
    end_line: int
    heading_path: str
    text: str
    about: str
    full_text: FullText


class Replacement(NamedTuple):
    """The new chunks of a note. A new note has none in the index yet."""

    note_id: int
    is_new: bool
    chunks: Sequence[PreparedChunk]


_INSERT_CHUNK = """
INSERT INTO chunk (
    id, note, position, hash, words_hash, section, start_line, end_line, heading_path, text, about
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_FULLTEXT = """
INSERT INTO fulltext (rowid, title, about, heading_path, tags, date, other, text)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE_CHUNK = """
UPDATE chunk
SET position = ?, words_hash = ?, section = ?, start_line = ?, end_line = ?, heading_path = ? WHERE id = ?
"""
_UPDATE_FULLTEXT = """
UPDATE fulltext
SET title = ?, about = ?, heading_path = ?, tags = ?, date = ?, other = ?, text = ? WHERE rowid = ?
"""


def prepare(
    note: Note,
    chunks: Iterable[Chunk],
    *,
    names: Sequence[str] = (),
    folders: Sequence[str] = (),
) -> tuple[PreparedChunk, ...]:
    """Compute what each chunk is indexed by.

    Args:
        note: all its chunks are also found by its title, what it is about, its tags and its date.
        chunks: of the note, in order.
        names: that its path gives it, which count like what it is about.
        folders: the names of the folders in its path; the first chunk is found by them.
    """
    about = as_json((*note.about, *names))
    shared = f"{note.title}\0{about}\0{as_json(note.tags)}\0{note.date}".encode("utf-8", "replace")
    title, tags = indexed_text(note.title), indexed_text(" ".join(note.tags))
    about_words = indexed_text(" ".join((*note.about, *names)))
    date = " ".join(date_words(note.date))
    headings: dict[tuple[str, ...], tuple[str, str]] = {}
    prepared: list[PreparedChunk] = []
    for chunk in chunks:
        other, embedded = "", ""
        if not prepared:
            other, embedded = " ".join((*note.other, *folders)), "\n".join(note.about)
        path = chunk.heading_path
        if path not in headings:
            headings[path] = as_json(path), indexed_text(" ".join(path))
        stored, heading = headings[path]
        text = f"{embedded}\0{chunk.text}\0".encode("utf-8", "replace")
        content = text + f"{stored}\0{other}\0".encode("utf-8", "replace") + shared
        prepared.append(
            PreparedChunk(
                blake2b(text, digest_size=16).digest(),
                blake2b(content, digest_size=16).digest(),
                chunk.section,
                chunk.start_line,
                chunk.end_line,
                stored,
                chunk.text,
                embedded,
                (
                    title,
                    about_words,
                    heading,
                    tags,
                    date,
                    indexed_text(other),
                    indexed_text(chunk.text),
                ),
            )
        )
    return tuple(prepared)


def replace(db: Database, replacements: Iterable[Replacement]) -> int:
    """Replace the chunks of some notes.

    Returns:
        The number of chunks written; the others were unchanged.
    """
    (next_id,) = db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM chunk").fetchone()
    rows, full_texts, updates, changed_texts, gone = [], [], [], [], []
    for note_id, is_new, chunks in replacements:
        kept: defaultdict[bytes, list[tuple[int, bytes]]] = defaultdict(list)
        if not is_new:
            sql = "SELECT hash, id, words_hash FROM chunk WHERE note = ? ORDER BY position DESC"
            for digest, *known in db.execute(sql, (note_id,)):
                kept[digest].append((known[0], known[1]))
        for position, chunk in enumerate(chunks):
            lines = (chunk.section, chunk.start_line, chunk.end_line, chunk.heading_path)
            same = kept.get(chunk.hash) if kept else None
            if same:
                chunk_id, words_hash = same.pop()
                updates.append((position, chunk.words_hash, *lines, chunk_id))
                if words_hash != chunk.words_hash:
                    changed_texts.append((*chunk.full_text, chunk_id))
                continue
            texts = (chunk.text, chunk.about)
            rows.append((next_id, note_id, position, chunk.hash, chunk.words_hash, *lines, *texts))
            full_texts.append((next_id, *chunk.full_text))
            next_id += 1
        gone += [(chunk_id,) for known in kept.values() for chunk_id, _ in known]
    if gone:
        db.executemany("DELETE FROM chunk WHERE id = ?", gone)
    if updates:
        db.executemany(_UPDATE_CHUNK, updates)
        db.executemany(_UPDATE_FULLTEXT, changed_texts)
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
