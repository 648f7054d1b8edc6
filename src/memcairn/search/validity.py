"""Outdated notes: their `valid_until` has passed, or `superseded_by` is set.

A search still returns them, below valid notes, and reports why they are outdated.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from memcairn.search.keyword import Candidate
    from memcairn.search.query import Query
    from memcairn.store.database import Database

# An outdated note keeps this share of its score: it ranks below valid notes that are half as relevant, and
# above less relevant ones.
OUTDATED_FACTOR = 0.5
_BATCH_SIZE = 500


class Outdated(NamedTuple):
    """Why a note is outdated.

    Attributes:
        expired: the last day on which it was valid, if that has passed.
        superseded_by: the path of the note that replaced it, or the name it gives; None if there is none.
    """

    expired: str | None
    superseded_by: str | None


def find_outdated(db: Database, notes: Iterable[int], query: Query) -> dict[int, Outdated]:
    """The outdated ones among some notes, on the day that the search is about."""
    ids = list(dict.fromkeys(notes))
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
    return found


def demote_outdated(ranked: Sequence[Candidate], notes: Container[int]) -> list[Candidate]:
    """The candidates, best first, after those of these notes have been demoted."""
    demoted = [
        c._replace(score=c.score * OUTDATED_FACTOR) if c.note in notes else c for c in ranked
    ]
    return sorted(demoted, key=lambda c: -c.score)


_SUCCESSOR = "SELECT path, COALESCE(created, date), mtime_ns FROM note WHERE path = ?"


def _successor(db: Database, path: str, root: int, name: str, query: Query) -> str | None:
    """The note that replaced another; None if it did so only after the time that the search is about."""
    for place in _places(db, path, root, name):
        row: tuple[Any, ...] | None = db.execute(_SUCCESSOR, (paths.to_db(place),)).fetchone()
        if row is None:
            continue
        found, date, mtime_ns = paths.from_db(row[0]), row[1], row[2]
        if found == path:
            return None
        as_of = query.date_span("as_of")
        if as_of is not None:
            end = as_of.end
            later = date >= end.text if date else mtime_ns == 0 or mtime_ns >= end.mtime_ns
            return None if later else found
        return found
    return name


def _places(db: Database, path: str, root: int, name: str) -> Iterable[str]:
    """The paths that a note's name may mean: relative to this note's folder, or to the root."""
    named = name.removeprefix("[[").removesuffix("]]").partition("|")[0].partition("#")[0].strip()
    if not named or "\0" in named:
        return
    row = db.execute("SELECT path FROM root WHERE id = ?", (root,)).fetchone()
    for folder in (os.path.dirname(path), *([paths.from_db(row[0])] if row else ())):
        place = os.path.normpath(os.path.join(folder, named))
        yield place
        yield f"{place}.md"
