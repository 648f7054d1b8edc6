"""What a search asks of index.db and of the files of its notes: all SQL of search."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths
from memcairn.formats import json_text
from memcairn.fs import safe_open
from memcairn.fs.signature import Signature
from memcairn.notes.noise import without_noise
from memcairn.store import path_range, vector_state
from memcairn.store.search_values import NoteDetails

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

    from memcairn.store.database import Database
    from memcairn.store.search_values import (
        ChunkLines,
        ChunkPlace,
        DatedNote,
        NoteEnd,
        NoteFilter,
    )
    from memcairn.store.vector_state import VectorModel

# BM25 weights of the columns title, about, heading path, tags, date, other, text
WEIGHTS = (1.5, 1.0, 1.0, 1.0, 0.5, 0.3, 1.0)
_BATCH_SIZE = 500
_NOTE = """
SELECT path, title, date, namespace, description, about, language, type, hash, size_bytes,
    mtime_ns, inode,
    sources, (SELECT path FROM root WHERE id = note.root)
FROM note WHERE id = ?
"""
_NEWER = """
SELECT newer.path, COALESCE(newer.created, newer.date), newer.mtime_ns
FROM note JOIN other_note ON place IN (note.path, note.decision)
JOIN note AS newer ON newer.id = other_note.note AND newer.id <> note.id
WHERE note.id = ? AND relation = 'supersedes' ORDER BY newer.path
"""
# Either of two decisions may say that the one amends the other.
_AMENDMENTS = """
SELECT CASE relation WHEN 'amends' THEN 'amended by' ELSE 'amends' END, other.path
FROM note JOIN other_note ON place IN (note.path, note.decision) AND relation <> 'supersedes'
JOIN note AS other ON other.id = other_note.note AND other.id <> note.id
WHERE note.id = :id
UNION
SELECT relation, other.path
FROM other_note JOIN note AS other ON other.path = place OR other.decision = place
WHERE other_note.note = :id AND other.id <> :id AND relation <> 'supersedes'
ORDER BY 1, 2
"""


class LocalIndex(NamedTuple):
    """index.db and the files of its notes, as `search.index.SearchIndex` describes them."""

    db: Database

    @property
    def path(self) -> str:
        """The path of index.db."""
        return self.db.path

    def snapshot(self) -> AbstractContextManager[None]:
        """Every statement in the block sees the same state of index.db."""
        return self.db.snapshot()

    # ── words ────────────────────────────────────────────────────────────────────────────────────

    def existing(self, words: Sequence[str]) -> set[str]:
        """Those of some words that a chunk contains."""
        sql = "SELECT EXISTS (SELECT 1 FROM fulltext WHERE fulltext MATCH ?)"
        return {word for word in words if self.db.execute(sql, (match([word]),)).fetchone()[0]}

    def words_beginning(self, stem: str, limit: int) -> list[str]:
        """Words that begin with a stem, those of the most chunks first."""
        self.db.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, fulltext, row)"
        )
        sql = "SELECT term FROM vocabulary WHERE term >= ? AND term < ? ORDER BY doc DESC LIMIT ?"
        return [word for (word,) in self.db.execute(sql, (stem, stem + "\U0010ffff", limit))]

    def frequencies(self, words: Sequence[str], at_most: int) -> dict[str, int]:
        """The number of chunks that contain each word, counted to `at_most`."""
        sql = "SELECT COUNT(*) FROM (SELECT 1 FROM fulltext WHERE fulltext MATCH ? LIMIT ?)"
        return {
            word: self.db.execute(sql, (match([word]), at_most)).fetchone()[0] for word in words
        }

    def bm25(self, words: Sequence[str], where: NoteFilter) -> list[dict[int, float]]:
        """For each word the BM25 of the chunks that contain it, by chunk."""
        condition, row = _condition(where)
        # CROSS JOIN keeps the order of the tables: read from the notes first, the full text would be searched
        # once for each note.
        filtered = f"""
            CROSS JOIN chunk ON chunk.id = fulltext.rowid
            CROSS JOIN note ON note.id = chunk.note AND {condition}
        """
        sql = f"""
            SELECT fulltext.rowid, -bm25(fulltext, {", ".join(map(str, WEIGHTS))})
            FROM fulltext {filtered if condition else ""} WHERE fulltext MATCH :match
        """
        return [
            dict(self.db.execute(sql, {**row, "match": match([word])}).fetchall()) for word in words
        ]

    def newest(self, words: Sequence[str], where: NoteFilter, limit: int) -> list[ChunkPlace]:
        """The newest chunks that match words which are all common.

        The first of these that exist: chunks with all words, with a word in a title or heading, with the
        first word.
        """
        condition, row = _condition(where)
        for expression in (
            match(words, join=" AND "),
            match(words, columns="{title about heading_path} : "),
            match(words[:1]),
        ):
            # CROSS JOIN keeps the order of the tables: SQLite reads the newest rows first until the limit.
            sql = f"""
                SELECT chunk.id, chunk.note, chunk.position
                FROM fulltext CROSS JOIN chunk ON chunk.id = fulltext.rowid
                {"CROSS JOIN note ON note.id = chunk.note AND " + condition if condition else ""}
                WHERE fulltext MATCH :match ORDER BY fulltext.rowid DESC LIMIT :limit
            """
            found = self.db.execute(sql, {**row, "match": expression, "limit": limit}).fetchall()
            if found:
                return found
        return []

    # ── chunks ───────────────────────────────────────────────────────────────────────────────────

    def chunk_count(self) -> int:
        """The largest id of a chunk: the number of chunks, or a little more."""
        (count,) = self.db.execute("SELECT COALESCE(MAX(id), 0) FROM chunk").fetchone()
        return int(count)

    def places(self, chunks: Sequence[int]) -> list[ChunkPlace]:
        """The places of some chunks, in any order."""
        return list(self._in("SELECT id, note, position FROM chunk WHERE id IN", chunks))

    def chunks_at(self, places: Iterable[tuple[int, int]]) -> list[ChunkPlace]:
        """The chunks that are at these positions of notes; (note, position)."""
        sql = "SELECT id, note, position FROM chunk WHERE note = ? AND position = ?"
        return [row for place in places for row in self.db.execute(sql, place)]

    def first_chunks(self, notes: Sequence[int], where: NoteFilter) -> list[ChunkPlace]:
        """The first chunk of each of some notes, if a filter accepts the note; in their order."""
        condition, row = _condition(where)
        sql = f"""
            SELECT chunk.id, note.id, chunk.position FROM chunk JOIN note ON note.id = chunk.note
            WHERE note.id = :id {"AND " + condition if condition else ""}
            ORDER BY chunk.position LIMIT 1
        """
        return [found for note in notes for found in self.db.execute(sql, {**row, "id": note})]

    def chunk_lines(self, note: int, first: int, last: int) -> list[ChunkLines]:
        """The chunks of a note from one position to another, both included."""
        sql = """
        SELECT start_line, end_line, heading_path, text FROM chunk
        WHERE note = ? AND position BETWEEN ? AND ? ORDER BY position
        """
        return [
            (start, end, tuple(json_text.loads(above)), text)
            for start, end, above, text in self.db.execute(sql, (note, first, last))
        ]

    def note_lines(self, path: str, first: int, last: int) -> str | None:
        """These lines of a file; None if it cannot be read: the caller then searches again."""
        try:
            with os.fdopen(safe_open.open_nofollow(path), encoding="utf-8-sig", newline="") as file:
                if safe_open.has_other_names(os.fstat(file.fileno())):
                    return None
                lines = without_noise(file.read()).split("\n")[first - 1 : last]
        except (OSError, UnicodeDecodeError):
            return None
        return "\n".join(line.removesuffix("\r") for line in lines)

    # ── notes ────────────────────────────────────────────────────────────────────────────────────

    def note(self, note: int) -> NoteDetails:
        """What an answer says of a note."""
        path, title, date, namespace, description, about, language, type_, digest, *more = (
            self.db.execute(_NOTE, (note,)).fetchone()
        )
        *signature, sources, root = more
        amendments = self.db.execute(_AMENDMENTS, {"id": note}).fetchall()
        return NoteDetails(
            paths.from_db(path),
            title,
            date,
            namespace,
            description,
            tuple(json_text.loads(about)),
            language,
            type_,
            digest,
            Signature(*signature),
            () if sources == "[]" else tuple(json_text.loads(sources)),
            paths.from_db(root),
            tuple(f"{relation} {paths.from_db(other)}" for relation, other in amendments),
        )

    def contents(self, notes: Sequence[int]) -> Iterable[tuple[int, bytes, str, int]]:
        """Of each note its root, its hash, its path and its id."""
        rows = self._in("SELECT root, hash, path, id FROM note WHERE id IN", notes)
        return ((root, digest, paths.from_db(path), note) for root, digest, path, note in rows)

    def accepted(self, where: NoteFilter) -> list[int]:
        """The notes that a filter accepts."""
        condition, row = _condition(where)
        sql = f"SELECT id FROM note WHERE {condition or 'TRUE'}"
        return [note for (note,) in self.db.execute(sql, row)]

    def not_english(self) -> list[int]:
        """The notes in another language than English."""
        sql = "SELECT id FROM note WHERE language NOT IN ('', 'en')"
        return [note for (note,) in self.db.execute(sql)]

    def moments(self, notes: Sequence[int]) -> Iterable[tuple[int, str]]:
        """Of each note its own date, else the local time when its file was changed, in ISO 8601."""
        sql = """
        SELECT id, COALESCE(date, datetime(mtime_ns / 1000000000, 'unixepoch', 'localtime'))
        FROM note WHERE id IN
        """
        return self._in(sql, notes)

    def ends(self, notes: Sequence[int]) -> Iterable[NoteEnd]:
        """Of those notes that have an end or a successor, both."""
        sql = """
        SELECT id, path, root, valid_until, superseded_by FROM note
        WHERE (valid_until IS NOT NULL OR superseded_by IS NOT NULL) AND id IN
        """
        return [(note, paths.from_db(path), *more) for note, path, *more in self._in(sql, notes)]

    def named(self, path: str, root: int, name: str) -> DatedNote | None:
        """The note that the name in another note means, which has this path and root."""
        from memcairn.store import notes  # noqa: PLC0415 - what writes notes; most answers do without

        sql = "SELECT path, COALESCE(created, date), mtime_ns FROM note WHERE path = ?"
        for place in notes.places_of(self.db, path, root, name):
            row = self.db.execute(sql, (paths.to_db(place),)).fetchone()
            if row is not None:
                return paths.from_db(row[0]), row[1], row[2]
        return None

    def newer(self, notes: Sequence[int]) -> Iterator[tuple[int, DatedNote]]:
        """The notes that say that they supersede one of these, each after the id of that one; by path."""
        if self.db.execute("SELECT EXISTS (SELECT 1 FROM other_note)").fetchone()[0]:
            for note in notes:
                for path, date, mtime_ns in self.db.execute(_NEWER, (note,)).fetchall():
                    yield note, (paths.from_db(path), date, mtime_ns)

    def ids(self, wanted: Iterable[str]) -> dict[str, int]:
        """The ids of the notes with these paths."""
        sql = "SELECT id FROM note WHERE path = ?"
        found = ((path, self.db.execute(sql, (paths.to_db(path),)).fetchone()) for path in wanted)
        return {path: row[0] for path, row in found if row is not None}

    # ── vectors ──────────────────────────────────────────────────────────────────────────────────

    def model(self, space: int) -> VectorModel | None:
        """The model of the vectors in a space; None if nothing has been embedded."""
        return vector_state.model(self.db, space)

    def mark_outdated(self) -> None:
        """Record that the model has changed although the settings are the same."""
        vector_state.mark_outdated(self.db)

    def vector_state(self, space: int) -> tuple[int, int, int, int]:
        """The epoch, the number of changes, of slots, and the dimension of a space."""
        sql = "SELECT epoch, changes, slots, dimension FROM vector_state WHERE space = ?"
        row: tuple[int, int, int, int] = self.db.execute(sql, (space,)).fetchone()
        return row

    def vector_blocks(self, space: int, seen: int) -> Iterable[tuple[int, *tuple[bytes, ...]]]:
        """The blocks written after this number of changes: id, chunks, notes, scales, vectors."""
        sql = """
        SELECT id, chunks, notes, scales, vectors FROM vector_block
        WHERE space = ? AND changed > ? ORDER BY id
        """
        return self.db.execute(sql, (space, seen))

    def free_slots(self, space: int) -> list[int]:
        """The slots whose chunk is gone."""
        sql = "SELECT slot FROM vector_free WHERE space = ?"
        return [slot for (slot,) in self.db.execute(sql, (space,))]

    def tokens(self, chunks: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """The signs of the token states of some chunks, as `vectors.tokens` returns them."""
        from memcairn.store import vectors  # noqa: PLC0415 - it imports NumPy

        return vectors.tokens(self.db, chunks)

    def about(self, space: int, notes: Sequence[int]) -> dict[int, NDArray[np.int8]]:
        """The vectors of what the frontmatter of some notes says of them, as `vectors.about` returns them."""
        from memcairn.store import vectors  # noqa: PLC0415 - it imports NumPy

        return vectors.about(self.db, space, notes)

    def _in(self, sql: str, numbers: Sequence[int]) -> Iterator[Any]:
        for start in range(0, len(numbers), _BATCH_SIZE):
            batch = numbers[start : start + _BATCH_SIZE]
            yield from self.db.execute(f"{sql} ({', '.join('?' * len(batch))})", batch)


# `path_range.AT_OR_BELOW` with named parameters.
_BOUNDS = ("root", "low", "high", "low_bytes", "high_bytes")
_BELOW = """(
    note.path = :root OR note.path > :low AND note.path < :high
    OR note.path > :low_bytes AND note.path < :high_bytes
)"""
# The index holds the time 0 for a file that was changed moments before it was indexed.
_CHANGED = "CASE note.mtime_ns WHEN 0 THEN :now ELSE note.mtime_ns END"
# A date without a time means the whole day.
_SINCE = f"""(
    note.date >= :since OR note.date = :since_day OR note.date IS NULL AND {_CHANGED} >= :since_ns
)"""
_UNTIL = f"(note.date < :until OR note.date IS NULL AND {_CHANGED} < :until_ns)"
_AS_OF = f"""(
    COALESCE(note.created, note.date) < :as_of
    OR note.created IS NULL AND note.date IS NULL AND {_CHANGED} < :as_of_ns
)"""


def _condition(where: NoteFilter) -> tuple[str, dict[str, Any]]:
    """The condition on the table note as SQL, and its parameters; "" accepts every note."""
    excluded = ", ".join(map(str, where.excluded))
    terms = [f"note.root NOT IN ({excluded})"] if excluded else []
    row: dict[str, Any] = {}
    if where.namespace is not None:
        terms.append("note.namespace = :namespace")
        row["namespace"] = where.namespace
    if where.root is not None:
        terms.append(_BELOW)
        row |= zip(_BOUNDS, path_range.bounds(where.root), strict=True)
    if where.type is not None:
        terms.append("note.type = :type")
        row["type"] = where.type
    for name, sql in (("since", _SINCE), ("until", _UNTIL), ("as_of", _AS_OF)):
        edge = getattr(where, name)
        if edge is not None:
            terms.append(sql)
            row |= {name: edge[0], f"{name}_ns": edge[1], "now": where.now_ns}
            row[f"{name}_day"] = edge[0][:10]
    return " AND ".join(terms), row


def match(words: Sequence[str], *, join: str = " OR ", columns: str = "") -> str:
    """A MATCH expression for words. They are quoted: none of them acts as an operator."""
    quoted = ('"' + word.replace('"', '""') + '"' for word in words)
    return columns + "(" + join.join(quoted) + ")"
