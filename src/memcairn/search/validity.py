"""Notes that say of themselves that they no longer hold: `valid_until` is over, or `superseded_by` is set.

They are found, lower than what holds, and the answer says what is wrong with them.
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

# What a note that no longer holds keeps of its score: it stands below all that is half as relevant and
# holds, and above what is not.
OUTDATED = 0.5
_AT_ONCE = 500


class Outdated(NamedTuple):
    """Why a note no longer holds.

    Attributes:
        expired: the last day that it was valid, if that is over.
        superseded_by: the path of the note that took its place, or what it says of it; None if none did.
    """

    expired: str | None
    superseded_by: str | None


def outdated(db: Database, notes: Iterable[int], query: Query) -> dict[int, Outdated]:
    """Those of these notes that do not hold on the day that the search is about."""
    ids = list(dict.fromkeys(notes))
    found: dict[int, Outdated] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        sql = f"""
            SELECT id, path, root, valid_until, superseded_by FROM note
            WHERE id IN ({", ".join("?" * len(some))})
            AND (valid_until IS NOT NULL OR superseded_by IS NOT NULL)
        """
        for id_, path, root, valid_until, said in db.execute(sql, some).fetchall():
            expired = valid_until if valid_until and valid_until[:10] < query.day else None
            successor = said and _successor(db, paths.from_db(path), root, said, query)
            if expired or successor:
                found[id_] = Outdated(expired and expired[:10], successor or None)
    return found


def demote_outdated(ranked: Sequence[Candidate], wrong: Container[int]) -> list[Candidate]:
    """The same candidates, best first, with those of the notes `wrong` lower."""
    lower = [c._replace(score=c.score * OUTDATED) if c.note in wrong else c for c in ranked]
    return sorted(lower, key=lambda c: -c.score)


_SUCCESSOR = "SELECT path, COALESCE(created, date), mtime_ns FROM note WHERE path = ?"


def _successor(db: Database, path: str, root: int, said: str, query: Query) -> str | None:
    """The note that took the place of another; None if it had not yet, when the search is about."""
    for name in _names(db, path, root, said):
        row: tuple[Any, ...] | None = db.execute(_SUCCESSOR, (paths.to_db(name),)).fetchone()
        if row is None:
            continue
        found, date, mtime_ns = paths.from_db(row[0]), row[1], row[2]
        if found == path:
            return None
        if query.as_of is not None:
            end = query.as_of.end
            later = date >= end.text if date else mtime_ns == 0 or mtime_ns >= end.mtime_ns
            return None if later else found
        return found
    return said


def _names(db: Database, path: str, root: int, said: str) -> Iterable[str]:
    """The paths that the name of another note may mean: beside this one, or below the root."""
    named = said.removeprefix("[[").removesuffix("]]").partition("|")[0].partition("#")[0].strip()
    if not named or "\0" in named:
        return
    row = db.execute("SELECT path FROM root WHERE id = ?", (root,)).fetchone()
    for folder in (os.path.dirname(path), *([paths.from_db(row[0])] if row else ())):
        place = os.path.normpath(os.path.join(folder, named))
        yield place
        yield f"{place}.md"
