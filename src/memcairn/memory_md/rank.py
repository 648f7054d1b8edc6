"""What matters more: which notes stand on the first page, and in which order.

A note's standing is a day. A note that was changed, and that is all, stands at the day of its
change. Use moves it later, its type moves it later:

    standing = h * log2(2^(changed/h) + w * 2^(used/h)) + days of its type      h = 30 days

The sum is the usual exponential decay with a half-life of `h`, a change counting 1 and a last use
counting `w` (1 for use on one day, up to 4 for use on eight days and more). All terms fade at the
same rate, so that the order of two notes is the same at whatever time one asks, and the moment can
be left out. The logarithm only turns the sum into days, which are easier to explain; a type's days
are a constant factor.

Days, and not moments, so that the file does not churn. Only among notes of equal standing does the
time of day say which was changed last. Use counts from the next day on: to search changes no file.

Pinned notes come first. Superseded and expired notes never stand on the first page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

SECONDS_PER_DAY = 86_400
HALF_LIFE_DAYS = 30
# The most that use counts, in changes; reached with eight days of use.
MAX_USE = 4.0
# How much later than its change a note of this type stands. What somebody is and wants stays true
# for longer than what a project is doing.
TYPE_DAYS = {"user": 180, "feedback": 120, "project": 30, "reference": 30}
# The order of the groups; other categories follow by name, notes without one come last.
TYPE_ORDER = ("user", "feedback", "project", "reference")


@dataclass(frozen=True, slots=True)
class NoteFacts:
    """What index.db knows of a note, as far as MEMORY.md needs it.

    `path` is relative to the root, with posix separators; bytes that are not UTF-8 stand in it as
    surrogate escapes. Days are proleptic ordinals (`date.toordinal`); `second` is that of the day of
    the change. `used_day` is the last day of use (a search hit, a read), None without one, and
    `use_count` how many such days there were, both without the present day. `valid_until` is an ISO date
    or time; the note is valid to the end of that day.
    """

    path: str
    title: str
    description: str
    type: str | None
    pinned: bool
    changed: int
    second: int = 0
    used_day: int | None = None
    use_count: int = 0
    valid_until: str | None = None
    superseded: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Why a note stands where it does: a day, and how many days use and type add to it."""

    changed: int
    use_days: float
    type_days: int

    @property
    def milli_days(self) -> int:
        """The standing in thousandths of a day, the later the better."""
        return (self.changed + self.type_days) * 1000 + round(self.use_days * 1000)


def standing(facts: NoteFacts) -> Standing:
    """The components of a note's rank. They do not depend on the present day."""
    kind = type_name(facts.type)
    return Standing(facts.changed, _use_days(facts), 0 if kind is None else TYPE_DAYS.get(kind, 0))


def rank(facts: NoteFacts) -> int:
    """Standing, then the time of day of the change, as one number: the greater the better."""
    return standing(facts).milli_days * SECONDS_PER_DAY + facts.second


def _use_days(facts: NoteFacts) -> float:
    if facts.used_day is None or facts.use_count < 1:
        return 0.0
    weight = min(1 + math.log2(facts.use_count), MAX_USE)
    apart = (facts.used_day - facts.changed) / HALF_LIFE_DAYS + math.log2(weight)
    # log2(1 + 2^apart), without an overflow for days that are far apart.
    return HALF_LIFE_DAYS * (max(apart, 0.0) + math.log2(1 + 2 ** -abs(apart)))


def sort_key(path: str) -> bytes:
    """What notes are ordered by where rank says nothing: the path's bytes.

    The order of a BLOB column in SQLite, and the same for paths that are not UTF-8.
    """
    return path.encode("utf-8", "surrogateescape")


def order(facts: NoteFacts) -> tuple[bool, int, bytes]:
    """Sorts notes with the most useful first: pinned, then rank, then path."""
    return (not facts.pinned, -rank(facts), sort_key(facts.path))


def is_current(facts: NoteFacts, today: date) -> bool:
    """Whether a note may stand on the first page: neither superseded nor expired on `today`."""
    return not facts.superseded and not is_expired(facts.valid_until, today)


def is_expired(valid_until: str | None, today: date) -> bool:
    """Whether the day that `valid_until` names is over; what is not a date never expires."""
    if valid_until is None:
        return False
    try:
        return date.fromisoformat(valid_until.strip()[:10]) < today
    except ValueError:
        return False


def type_name(kind: str | None) -> str | None:
    """A note's type as it is compared: trimmed, case-folded, None if it says nothing."""
    if kind is None:
        return None
    return kind if kind in TYPE_DAYS else " ".join(kind.casefold().split()) or None


def type_order(kind: str | None) -> tuple[int, str]:
    """Sorts the groups of MEMORY.md by what `type_name` returned."""
    if kind in TYPE_ORDER:
        return (TYPE_ORDER.index(kind), "")
    return (len(TYPE_ORDER), kind) if kind is not None else (len(TYPE_ORDER) + 1, "")
