"""A search request, and the notes that it may return."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths
from memcairn.errors import UsageError
from memcairn.search import periods
from memcairn.store.search_values import NoteFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.search.dates import DateSpan


class Query(NamedTuple):
    """What is searched for, and which notes may answer.

    Args:
        text: words, a question, an error message: anything.
        limit: the maximum number of passages.
        namespace: only notes with this namespace; an unknown one finds nothing.
        root: only notes in this folder or below it.
        budget_words: the maximum number of words in all passages together.
        type: only notes of this type (user, feedback, project, reference or any other word).
        since: only notes of this date or later. A date is "2026", "2026-06", "2026-06-03", a moment
            such as "2026-06-03T14:00", or words such as "last week". The date of a note is its own,
            otherwise the time when its file was changed.
        until: only notes of this date or earlier; the whole year, month or day counts.
        as_of: what was known at the end of this date: later notes are left out, and notes that
            expired or were superseded later are shown as valid.
        scope: only notes of the scope with this name, or of the only scope of this kind.
    """

    text: str
    limit: int = 10
    namespace: str | None = None
    root: str | os.PathLike[str] | None = None
    budget_words: int | None = None
    type: str | None = None
    since: str | None = None
    until: str | None = None
    as_of: str | None = None
    scope: str | None = None

    def checked(self) -> Query:
        """The query with the real path of its root.

        Raises:
            UsageError: `limit` or `budget_words` is below 1, or a date cannot be understood.
        """
        if self.limit < 1:
            raise UsageError(f"the limit is {self.limit}; it must be at least 1")
        if self.budget_words is not None and self.budget_words < 1:
            raise UsageError(f"the budget is {self.budget_words} words; it must be at least 1")
        for name in ("since", "until", "as_of"):
            self.date_span(name)
        return self if self.root is None else self._replace(root=paths.real(os.fspath(self.root)))

    def date_span(self, name: str) -> DateSpan | None:
        """The time that `since`, `until` or `as_of` names; None if it is not given.

        Raises:
            UsageError: the date cannot be understood.
        """
        text: str | None = getattr(self, name)
        if not text:
            return None
        from datetime import date  # noqa: PLC0415 - few searches have a date

        from memcairn.search import dates  # noqa: PLC0415 - as above

        return dates.parse_date(text, date.today())  # noqa: DTZ011 - dates are local time

    @property
    def day(self) -> str:
        """The day that the search is about, in ISO 8601: today, or the last day of `as_of`."""
        as_of = self.date_span("as_of")
        return time.strftime("%Y-%m-%d") if as_of is None else as_of.last_day

    @property
    def period(self) -> periods.Period | None:
        """The time that the text speaks of ("last week"). A preference, never a filter."""
        if not periods.may_mention_time(self.text):
            return None
        from datetime import date  # noqa: PLC0415 - few questions need it

        return periods.find_period(self.text, date.fromisoformat(self.day))


def note_filter(query: Query, excluded: Sequence[int] = ()) -> NoteFilter:
    """The notes that a search may return; `excluded` are ids of roots.

    An unknown namespace or type accepts no note.
    """
    edges: dict[str, Any] = {}
    for name in ("since", "until", "as_of"):
        span = query.date_span(name)
        if span is not None:
            edges[name] = span.start if name == "since" else span.end
            edges["now_ns"] = time.time_ns()
    return NoteFilter(
        excluded=tuple(excluded),
        namespace=query.namespace,
        root=None if query.root is None else os.fspath(query.root),
        type=None if query.type is None else query.type.strip().lower(),
        **edges,
    )
