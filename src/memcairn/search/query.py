"""A search request, and the SQL that selects the notes it may return."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn.search import periods
from memcairn.store import path_range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.search.dates import DateSpan, Edge


class Query(NamedTuple):
    """A search.

    Args:
        text: words, a question, an error message: anything.
        limit: the most passages that are wanted.
        namespace: only notes with this label.
        root: only notes below this folder (real path).
        budget_words: the most words that all passages together may have.
        type: only notes of this type, in any case.
        since: only notes of this moment or later, by their own date, else by when the file was changed.
        until: only notes from before this moment.
        as_of: what was known then: only notes that were there, and what was valid is judged at that time.
    """

    text: str
    limit: int = 10
    namespace: str | None = None
    root: str | None = None
    budget_words: int | None = None
    type: str | None = None
    since: Edge | None = None
    until: Edge | None = None
    as_of: DateSpan | None = None

    @property
    def day(self) -> str:
        """The day, in ISO 8601, that the search is about: today, or the last one of `as_of`."""
        return time.strftime("%Y-%m-%d") if self.as_of is None else self.as_of.last_day

    @property
    def period(self) -> periods.Period | None:
        """The time that the text speaks of ("last week"). A preference, never a filter."""
        if not periods.may_mention_time(self.text):
            return None
        from datetime import date  # noqa: PLC0415 - few questions need it

        return periods.find_period(self.text, date.fromisoformat(self.day))


class Filter(NamedTuple):
    """A condition on the table `note`, as SQL with named parameters; "" accepts every note."""

    sql: str
    row: dict[str, Any]


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


def note_filter(query: Query) -> Filter:
    """The condition for the notes that a search may return.

    An unknown namespace or type accepts no note.
    """
    terms: list[str] = []
    row: dict[str, Any] = {}
    if query.namespace is not None:
        terms.append("note.namespace = :namespace")
        row["namespace"] = query.namespace
    if query.root is not None:
        terms.append(_BELOW)
        row |= zip(_BOUNDS, path_range.bounds(query.root), strict=True)
    if query.type is not None:
        terms.append("note.type = :type")
        row["type"] = query.type.strip().lower()
    for name, sql, edge in (
        ("since", _SINCE, query.since),
        ("until", _UNTIL, query.until),
        ("as_of", _AS_OF, query.as_of and query.as_of.end),
    ):
        if edge is not None:
            terms.append(sql)
            row |= {name: edge.text, f"{name}_ns": edge.mtime_ns, "now": time.time_ns()}
    if query.since is not None:
        row["since_day"] = query.since.text[:10]
    return Filter(" AND ".join(terms), row)


def match(words: Sequence[str], *, join: str = " OR ", columns: str = "") -> str:
    """A MATCH expression for words. They are quoted: none of them acts as an operator."""
    quoted = ('"' + word.replace('"', '""') + '"' for word in words)
    return columns + "(" + join.join(quoted) + ")"
