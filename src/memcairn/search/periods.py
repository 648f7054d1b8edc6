"""The period that a query mentions, and a boost for the notes of that period.

    "last week", "in March 2025", "上周", "先月", "지난주"
    query ──► contains a word of time? ──► date expressions ──► since, until, from … to ──► Period | None

The common forms of English, Chinese, Japanese and Korean are recognized. A period never excludes a note:
`PERIOD_BOOST` bounds the effect, so a wrong guess costs little. docs/decisions/time.md gives the reasons.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from datetime import date

    from memcairn.search.date_expressions import Mention
    from memcairn.search.index import Notes
    from memcairn.search.keyword import Candidate

# Enough to pass notes that are about as good, and too little to pass notes that are clearly better.
PERIOD_BOOST = 1.15


class Period(NamedTuple):
    """The days from `first` to `last`, both included, as ISO 8601 text."""

    first: str
    last: str

    def contains(self, moment: str) -> bool:
        """Whether a day or a time, in ISO 8601, lies in the period."""
        return self.first <= moment[:10] <= self.last


EARLIEST = "0001-01-01"

# Most queries have none of these words, and need not load the date expressions.
_LINES = """
today tonight morning afternoon evening night yesterday day days week weeks weekend fortnight fortnights
month months quarter year years q1 q2 q3 q4 monday tuesday wednesday thursday friday saturday sunday
jan january feb february mar march apr april may jun june jul july aug august
sep sept september oct october nov november dec december
"""
_WORDS = frozenset(_LINES.split())
_SIGNS = frozenset("天日号號周週期礼禮月年昨今去前うとい늘제저주달월년해전루틀흘최근일")
_YEARS = ("19", "20")


def find_period(text: str, today: date) -> Period | None:
    """The period that a query mentions; None if it mentions none.

    Args:
        text: the query.
        today: the day that relative expressions such as "yesterday" start from.
    """
    if not may_mention_time(text):
        return None
    from memcairn.search import date_expressions  # noqa: PLC0415 - few queries need it

    text = text.lower()
    found = date_expressions.find_mentions(text, today)
    if len(found) > 1 and _joins(text, found[0], found[1]):
        days = sorted((*found[0].days, *found[1].days))
        return Period(days[0].isoformat(), days[-1].isoformat())
    return _open_ended(text, found[0], today.isoformat()) if found else None


def parse_period(text: str, today: date) -> Period | None:
    """The period that the whole of a text means, as "last week" does; None if it means none."""
    text = text.strip().lower()
    if not may_mention_time(text):
        return None
    from memcairn.search import date_expressions  # noqa: PLC0415 - as above

    for mention in date_expressions.find_mentions(text, today):
        if (mention.start, mention.end) == (0, len(text)):
            return Period(mention.days[0].isoformat(), mention.days[1].isoformat())
    return None


def may_mention_time(text: str) -> bool:
    """Cheap check whether a text may mention a time; False for nearly all queries."""
    if not text.isascii() and not _SIGNS.isdisjoint(text):
        return True
    for piece in text.lower().split():
        word = piece.strip(".,;:!?()[]\"'")
        if word.removesuffix("'s") in _WORDS or word.startswith(_YEARS):
            return True
    return False


# ── the words around a mention ───────────────────────────────────────────────────────────────────


@cache
def _around(name: str) -> re.Pattern[str]:
    return re.compile(_AROUND[name])


_AROUND = {
    "joins": r"\s*(?:and|to|until|till|through|[-–—~〜～到至]|から|부터|에서)\s*",
    "since, before it": r"(?:\b(?:since|starting)|自从|自從|自|从|從)\s*(?:the\s+)?$",
    "since, after it": r"\s*(?:以来|以來|以後|以后|以降|之后|之後|から|이후|이래|부터)",
    "after, before it": r"\bafter\s+(?:the\s+)?$",
    "until, before it": r"\b(?:until|till|up to|by)\s+(?:the\s+)?(?:end of\s+)?$",
    "until, after it": r"\s*(?:为止|為止|まで|까지)",
    "before, before it": r"\bbefore\s+(?:the\s+)?$",
    "before, after it": r"\s*(?:[以之]?前(?![半期])|より前|이전)",
}


def _joins(text: str, first: Mention, second: Mention) -> bool:
    """Whether the words between two mentions join them to one period."""
    between = _around("joins").fullmatch(text, first.end, second.start)
    if between is None:
        return False
    return between[0].strip() != "and" or text[: first.start].rstrip().endswith("between")


def _open_ended(text: str, mention: Mention, today: str) -> Period:
    """The period of one mention, open at one end if the words around it say so."""
    first, last = (day.isoformat() for day in mention.days)

    def has(word: str) -> bool:
        before, after = _AROUND.get(f"{word}, before it"), _AROUND.get(f"{word}, after it")
        return bool(
            (before and _around(f"{word}, before it").search(text[: mention.start]))
            or (after and _around(f"{word}, after it").match(text, mention.end))
        )

    if has("since"):
        return Period(first, max(last, today))
    if has("after"):
        return Period(last, max(last, today))
    if has("before"):
        return Period(EARLIEST, first)
    if has("until"):
        return Period(EARLIEST, last)
    return Period(first, last)


# ── the notes of a period ────────────────────────────────────────────────────────────────────────


def notes_in_period(index: Notes, notes: Iterable[int], period: Period) -> set[int]:
    """The notes whose own date lies in a period; without a date, the file's modification time counts."""
    moments = index.moments(list(dict.fromkeys(notes)))
    return {note for note, moment in moments if period.contains(moment)}


def boost_period(ranked: Sequence[Candidate], notes: Container[int]) -> list[Candidate]:
    """The candidates, best first, after those of these notes have been boosted."""
    boosted = [c._replace(score=c.score * PERIOD_BOOST) if c.note in notes else c for c in ranked]
    return sorted(boosted, key=lambda c: (-c.score, c.chunk))
