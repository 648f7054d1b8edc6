"""The dates that users give to a search: 2026, 2026-06, 2026-06-03T14:00, yesterday, last week."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import NamedTuple

from memcairn.errors import UsageError
from memcairn.fs.signature import LARGEST_INTEGER
from memcairn.search import date_ranges, periods

ACCEPTED_FORMS = (
    "2026, 2026-06, 2026-06-03, 2026-06-03T14:00, 2026-06-03T14:00+02:00, or a time like "
    "yesterday, last week, 3 days ago, March 2026"
)
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d", re.ASCII)


class Edge(NamedTuple):
    """One moment, in the two forms that the dates of notes have.

    Attributes:
        text: ISO 8601 as given, to compare with the note's own date.
        mtime_ns: nanoseconds since 1970, to compare with the file's modification time.
    """

    text: str
    mtime_ns: int


class DateSpan(NamedTuple):
    """From `start` up to, not including, `end`, on `last_day`; local time unless a zone is given."""

    start: Edge
    end: Edge
    last_day: str


def parse_date(text: str, today: date) -> DateSpan:
    """The time that a date means: a whole year, month or day, or a moment.

    Raises:
        UsageError: the text is not a date.
    """
    text = text.strip()
    try:
        if _MOMENT.match(text):
            moment = datetime.fromisoformat(text)
            end = moment + timedelta(microseconds=1)
            return DateSpan(_edge(moment), _edge(end), moment.date().isoformat())
        first, last = _date_range(text, today)
        end = _midnight(last + timedelta(days=1))
        return DateSpan(_edge(_midnight(first)), _edge(end), last.isoformat())
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"{text!r} is not a date", hint=f"accepted forms: {ACCEPTED_FORMS}"
        ) from None


def _date_range(text: str, today: date) -> date_ranges.DateRange:
    match = _PARTIAL.fullmatch(text)
    if match is not None:
        year, month, day = (number and int(number) for number in match.groups())
        if day:
            return date_ranges.day_of(int(year or 0), int(month or 0), day)
        return (
            date_ranges.month_of(int(year or 0), month)
            if month
            else date_ranges.year_of(int(year or 0))
        )
    period = periods.parse_period(text, today)
    if period is None:
        raise ValueError(text)
    return date.fromisoformat(period.first), date.fromisoformat(period.last)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local time is intended


def _edge(moment: datetime) -> Edge:
    text = moment.isoformat()
    # Most notes give a day without a time, and "2026-06-03" sorts before "2026-06-03T00:00:00".
    ns = int(moment.timestamp() * 1e9)
    # SQLite stores modification times as 64-bit integers.
    return Edge(text.removesuffix("T00:00:00"), max(-LARGEST_INTEGER, min(ns, LARGEST_INTEGER)))
