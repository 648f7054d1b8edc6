"""Outdated notes: their `valid_until` has passed, or `superseded_by` is set.

A search still returns them, below valid notes, and reports why they are outdated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths
from memcairn.store import notes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from memcairn.search.keyword import Candidate
    from memcairn.search.query import Filter, Query
    from memcairn.store.database import Database

# An outdated note keeps this share of its score: it ranks below valid notes that are half as relevant, and
# above less relevant ones.
OUTDATED_FACTOR = 0.5
# A note that was replaced keeps at most this share of the score of its successor, if that was found, too.
BELOW_SUCCESSOR = 0.99
_BATCH_SIZE = 500


class Outdated(NamedTuple):
    """Why a note is outdated.

    Attributes:
        expired: the last day on which it was valid, if that has passed.
        superseded_by: the path of the note that replaced it, or the name it gives; None if there is none.
    """

    expired: str | None
    superseded_by: str | None


_NEWER = """
SELECT newer.path, COALESCE(newer.created, newer.date), newer.mtime_ns
FROM note JOIN older_note ON older_note.place IN (note.path, note.decision)
JOIN note AS newer ON newer.id = older_note.note AND newer.id <> note.id
WHERE note.id = ? AND NOT older_note.amends ORDER BY newer.path
"""


def find_outdated(db: Database, candidates: Iterable[int], query: Query) -> dict[int, Outdated]:
    """The outdated ones among some notes, on the day that the search is about."""
    ids = list(dict.fromkeys(candidates))
    found: dict[int, Outdated] = {}
    for start in range(0, len(ids), _BATCH_SIZE):
        batch = ids[start : start + _BATCH_SIZE]
        sql = f"""
            SELECT id, path, root, valid_until, superseded_by FROM note
            WHERE id IN ({", ".join("?" * len(batch))})
            AND (valid_until IS NOT NULL OR superseded_by IS NOT NULL)
        """
        for id_, path, root, valid_until, name in db.execute(sql, batch).fetchall():
            expired = valid_until if valid_until and valid_until[:10] < query.day else None
            successor = name and _successor(db, paths.from_db(path), root, name, query)
            if expired or successor:
                found[id_] = Outdated(expired and expired[:10], successor or None)
    if db.execute("SELECT EXISTS (SELECT 1 FROM older_note)").fetchone()[0]:
        for id_ in ids:
            before = found.get(id_, _CURRENT)
            if before.superseded_by is None and (newer := _newer(db, id_, query)) is not None:
                found[id_] = Outdated(before.expired, newer)
    return found


_CURRENT = Outdated(None, None)


def _newer(db: Database, note: int, query: Query) -> str | None:
    """A note that says that it supersedes this one."""
    for path, date, mtime_ns in db.execute(_NEWER, (note,)).fetchall():
        if not _is_later(date, mtime_ns, query):
            return paths.from_db(path)
    return None


def _is_later(date: str | None, mtime_ns: int, query: Query) -> bool:
    """Whether a note came only after the time that the search is about."""
    as_of = query.date_span("as_of")
    if as_of is None:
        return False
    end = as_of.end
    return date >= end.text if date else mtime_ns == 0 or mtime_ns >= end.mtime_ns


def demote_outdated(
    db: Database, ranked: Sequence[Candidate], outdated: Mapping[int, Outdated]
) -> list[Candidate]:
    """The candidates, best first, after outdated notes have been demoted below what replaced them."""
    if not outdated:
        return list(ranked)
    demoted = [
        c._replace(score=c.score * OUTDATED_FACTOR) if c.note in outdated else c for c in ranked
    ]
    best: dict[int, float] = {}
    for c in demoted:
        best[c.note] = max(best.get(c.note, 0.0), c.score)
    newer = _successors(db, outdated)
    last = {note: _last(note, newer) for note in newer}
    below = {
        note: best[end] * BELOW_SUCCESSOR
        for note, end in last.items()
        if end in best and end not in outdated
    }
    capped = [c._replace(score=min(c.score, below.get(c.note, c.score))) for c in demoted]
    return sorted(capped, key=lambda c: -c.score)


def add_successors(
    db: Database, ranked: Sequence[Candidate], query: Query, where: Filter
) -> tuple[list[Candidate], dict[int, Outdated]]:
    """The candidates, and for a note that was replaced the one that replaced it; and the outdated ones.

    The newer note may have none of the words of a query that asks for the older one.
    """
    found = list(ranked)
    outdated = find_outdated(db, (c.note for c in found), query)
    for _ in range(_MAX_CHAIN):
        best = {c.note: c for c in reversed(found)}
        missing = {
            new: best[old]
            for old, new in _successors(db, outdated).items()
            if new not in best and old in best
        }
        sql = f"""
            SELECT chunk.id, note.id, chunk.position FROM chunk JOIN note ON note.id = chunk.note
            WHERE note.id = :id {"AND " + where.sql if where.sql else ""} ORDER BY chunk.position LIMIT 1
        """
        added = [
            best_old._replace(chunk=row[0], note=row[1], position=row[2], words=())
            for new, best_old in missing.items()
            for row in db.execute(sql, {**where.row, "id": new}).fetchall()
        ]
        if not added:
            break
        found += added
        outdated |= find_outdated(db, (c.note for c in added), query)
    return found, outdated


_MAX_CHAIN = 10


def _last(note: int, newer: Mapping[int, int]) -> int:
    """The end of a chain of notes that replaced each other."""
    for _ in range(_MAX_CHAIN):
        if note not in newer:
            break
        note = newer[note]
    return note


def _successors(db: Database, outdated: Mapping[int, Outdated]) -> dict[int, int]:
    """The ids of the notes that replaced outdated ones."""
    found = {}
    for note, why in outdated.items():
        if why.superseded_by is not None:
            sql = "SELECT id FROM note WHERE path = ?"
            row = db.execute(sql, (paths.to_db(why.superseded_by),)).fetchone()
            if row is not None:
                found[note] = row[0]
    return found


_SUCCESSOR = "SELECT path, COALESCE(created, date), mtime_ns FROM note WHERE path = ?"


def _successor(db: Database, path: str, root: int, name: str, query: Query) -> str | None:
    """The note that replaced another; None if it did so only after the time that the search is about."""
    for place in notes.places_of(db, path, root, name):
        row: tuple[Any, ...] | None = db.execute(_SUCCESSOR, (paths.to_db(place),)).fetchone()
        if row is None:
            continue
        found, date, mtime_ns = paths.from_db(row[0]), row[1], row[2]
        if found == path:
            return None
        return None if _is_later(date, mtime_ns, query) else found
    return name
