"""Dates as people give them to a search: 2026, 2026-06, 2026-06-03T14:00, yesterday, last week."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from memcairn.errors import UsageError
from memcairn.fs.signature import LARGEST_INTEGER
from memcairn.search import days, when

if TYPE_CHECKING:
    from memcairn.search.query import Query

UNDERSTOOD = (
    "2026, 2026-06, 2026-06-03, 2026-06-03T14:00, 2026-06-03T14:00+02:00, or a time like "
    "yesterday, last week, 3 days ago, March 2026"
)
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d", re.ASCII)


class Edge(NamedTuple):
    """One moment, as both kinds of dates that notes have can be compared with.

    Attributes:
        text: ISO 8601 as it was given: compares with what a note says itself.
        mtime_ns: nanoseconds since 1970: compares with when a file was changed.
    """

    text: str
    mtime_ns: int


class DateSpan(NamedTuple):
    """From `start`, included, to `end`, not included, on `last_day`; local time where no zone is given."""

    start: Edge
    end: Edge
    last_day: str


def span(text: str, today: date) -> DateSpan:
    """The time that a date names: the whole of a year, a month, a day; or a moment.

    Raises:
        UsageError: it names none.
    """
    text = text.strip()
    try:
        if _MOMENT.match(text):
            moment = datetime.fromisoformat(text)
            end = moment + timedelta(microseconds=1)
            return DateSpan(_edge(moment), _edge(end), moment.date().isoformat())
        first, last = _days(text, today)
        end = _midnight(last + timedelta(days=1))
        return DateSpan(_edge(_midnight(first)), _edge(end), last.isoformat())
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"{text!r} is no date", hint=f"understood are {UNDERSTOOD}") from None


def between(query: Query, since: str | None, until: str | None, as_of: str | None) -> Query:
    """The query with its dates, as they were given.

    Raises:
        UsageError: one is no date.
    """
    today = date.fromisoformat(query.day)
    return query._replace(
        since=span(since, today).start if since else None,
        until=span(until, today).end if until else None,
        as_of=span(as_of, today) if as_of else None,
    )


def _days(text: str, today: date) -> days.Days:
    match = _PARTIAL.fullmatch(text)
    if match is not None:
        year, month, day = (number and int(number) for number in match.groups())
        if day:
            return days.day_of(int(year or 0), int(month or 0), day)
        return days.month_of(int(year or 0), month) if month else days.year_of(int(year or 0))
    period = when.whole(text, today)
    if period is None:
        raise ValueError(text)
    return date.fromisoformat(period.first), date.fromisoformat(period.last)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local time is meant


def _edge(moment: datetime) -> Edge:
    text = moment.isoformat()
    # A day is written without a time in most notes; "2026-06-03" sorts before "2026-06-03T00:00:00".
    ns = int(moment.timestamp() * 1e9)
    # No file is of a time that SQLite cannot hold.
    return Edge(text.removesuffix("T00:00:00"), max(-LARGEST_INTEGER, min(ns, LARGEST_INTEGER)))
