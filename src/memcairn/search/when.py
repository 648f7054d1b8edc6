"""Which time a question speaks of: "last week", "in March 2025", "上周", "先月", "지난주".

    text ──► a word of time in it? ──► mentions (time_forms) ──► since, until, from … to ──► Period | None

A period makes notes of that time a little better; it never leaves a note out, so that a wrong guess costs
little. English, Chinese, Japanese and Korean in their common forms; docs/decisions/time.md has the reasons.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from memcairn.search.time_forms import Mention


class Period(NamedTuple):
    """Days from `first` to `last`, both included, as ISO 8601 text."""

    first: str
    last: str

    def holds(self, moment: str) -> bool:
        """Whether a day or a moment, in ISO 8601, lies within."""
        return self.first <= moment[:10] <= self.last


EARLIEST = "0001-01-01"

# Most queries have none of these, and need not load the forms.
_LINES = """
today tonight morning afternoon evening night yesterday day days week weeks weekend fortnight fortnights
month months quarter year years q1 q2 q3 q4 monday tuesday wednesday thursday friday saturday sunday
jan january feb february mar march apr april may jun june jul july aug august
sep sept september oct october nov november dec december
"""
_WORDS = frozenset(_LINES.split())
_SIGNS = frozenset("天日号號周週期礼禮月年昨今去前うとい늘제저주달월년해전루틀흘최근일")
_YEARS = ("19", "20")


def understand(text: str, today: date) -> Period | None:
    """The time that a question speaks of; None if it names none.

    Args:
        text: the question.
        today: the day that "yesterday" is the one before.
    """
    if not may_speak_of_time(text):
        return None
    from memcairn.search import time_forms  # noqa: PLC0415 - few questions need it

    text = text.lower()
    found = time_forms.mentions(text, today)
    if len(found) > 1 and _joins(text, found[0], found[1]):
        days = sorted((*found[0].days, *found[1].days))
        return Period(days[0].isoformat(), days[-1].isoformat())
    return _open_ended(text, found[0], today.isoformat()) if found else None


def whole(text: str, today: date) -> Period | None:
    """The time that `text` is a name of, and of nothing else, as "last week" is; else None."""
    text = text.strip().lower()
    if not may_speak_of_time(text):
        return None
    from memcairn.search import time_forms  # noqa: PLC0415 - as above

    for mention in time_forms.mentions(text, today):
        if (mention.start, mention.end) == (0, len(text)):
            return Period(mention.days[0].isoformat(), mention.days[1].isoformat())
    return None


def may_speak_of_time(text: str) -> bool:
    """Whether there is any word of time in a text; False for nearly all."""
    if not text.isascii() and not _SIGNS.isdisjoint(text):
        return True
    for piece in text.lower().split():
        word = piece.strip(".,;:!?()[]\"'")
        if word.removesuffix("'s") in _WORDS or word.startswith(_YEARS):
            return True
    return False


# ── what stands around a mention ─────────────────────────────────────────────────────────────────


@cache
def _around(name: str) -> re.Pattern[str]:
    return re.compile(_AROUND[name])


_AROUND = {
    "joins": r"\s*(?:and|to|until|till|through|[-–—~〜～到至]|から|부터|에서)\s*",
    "since, before it": r"(?:\b(?:since|starting)|自从|自從|自|从|從)\s*(?:the\s+)?$",
    "since, behind it": r"\s*(?:以来|以來|以後|以后|以降|之后|之後|から|이후|이래|부터)",
    "after, before it": r"\bafter\s+(?:the\s+)?$",
    "until, before it": r"\b(?:until|till|up to|by)\s+(?:the\s+)?(?:end of\s+)?$",
    "until, behind it": r"\s*(?:为止|為止|まで|까지)",
    "before, before it": r"\bbefore\s+(?:the\s+)?$",
    "before, behind it": r"\s*(?:[以之]?前(?![半期])|より前|이전)",
}


def _joins(text: str, first: Mention, second: Mention) -> bool:
    """Whether the words between two mentions make them the ends of one period."""
    between = _around("joins").fullmatch(text, first.end, second.start)
    if between is None:
        return False
    return between[0].strip() != "and" or text[: first.start].rstrip().endswith("between")


def _open_ended(text: str, mention: Mention, today: str) -> Period:
    """The period of one mention, open to one side if the words around it say so."""
    first, last = (day.isoformat() for day in mention.days)

    def said(word: str) -> bool:
        before, behind = _AROUND.get(f"{word}, before it"), _AROUND.get(f"{word}, behind it")
        return bool(
            (before and _around(f"{word}, before it").search(text[: mention.start]))
            or (behind and _around(f"{word}, behind it").match(text, mention.end))
        )

    if said("since"):
        return Period(first, max(last, today))
    if said("after"):
        return Period(last, max(last, today))
    if said("before"):
        return Period(EARLIEST, first)
    if said("until"):
        return Period(EARLIEST, last)
    return Period(first, last)
