"""Notes of the time that a question speaks of ("last week", "in March") stand a little higher.

It is a preference: `BOOST` bounds it, so that a note of that time passes what is about as good, and never
what is clearly better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from memcairn.search.keyword import Candidate
    from memcairn.search.when import Period
    from memcairn.store.database import Database

BOOST = 1.15
_AT_ONCE = 500


def timely(db: Database, notes: Iterable[int], period: Period) -> set[int]:
    """Those of these notes that are of a time, by their own date, else by when the file was changed."""
    ids = list(dict.fromkeys(notes))
    found: set[int] = set()
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        sql = f"""
            SELECT id, COALESCE(date, datetime(mtime_ns / 1000000000, 'unixepoch', 'localtime'))
            FROM note WHERE id IN ({", ".join("?" * len(some))})
        """
        found.update(id_ for id_, moment in db.execute(sql, some) if period.holds(moment))
    return found


def boost_period(ranked: Sequence[Candidate], notes: Container[int]) -> list[Candidate]:
    """The same candidates, best first, with those of these notes higher."""
    higher = [c._replace(score=c.score * BOOST) if c.note in notes else c for c in ranked]
    return sorted(higher, key=lambda c: (-c.score, c.chunk))
