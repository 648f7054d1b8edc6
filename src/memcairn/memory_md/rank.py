"""The rank of a note: which notes MEMORY.md lists, and in which order.

The standing of a note is a day: the day of its last change, moved later by use and by type.

    standing = h * log2(2^(changed/h) + w * 2^(used/h)) + days of its type      h = 30 days

The sum is exponential decay with the half-life `h`: a change weighs 1, and the last use weighs `w`
(1 for one day of use, up to 4 for eight or more). All terms decay at the same rate, so the order of
two notes never depends on the present day, and the present day drops out. The logarithm turns the
sum into days, which are easier to explain. The days of a type are a constant factor.

Ranks count days so that the file rarely changes. The time of the change only orders notes of equal
standing. Use counts from the next day on, so that a search changes no file.

Pinned notes come first. Superseded and expired notes are never listed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from memcairn.store.memory_md import sort_key

if TYPE_CHECKING:
    from memcairn.store.memory_md import MemoryMdNote

SECONDS_PER_DAY = 86_400
HALF_LIFE_DAYS = 30
# The largest weight of use, in changes; eight days of use reach it.
MAX_USE = 4.0
# Days that a type adds to the standing. Facts about the user stay true longer than the state of a
# project.
TYPE_DAYS = {"user": 180, "feedback": 120, "project": 30, "reference": 30}
# The order of the groups. Other types follow by name; notes without a type come last.
TYPE_ORDER = ("user", "feedback", "project", "reference")


@dataclass(frozen=True, slots=True)
class Standing:
    """The components of a note's rank: the day of its change, and the days that use and type add."""

    changed: int
    use_days: float
    type_days: int

    @property
    def milli_days(self) -> int:
        """The standing in thousandths of a day; later is better."""
        return (self.changed + self.type_days) * 1000 + round(self.use_days * 1000)


def standing(note: MemoryMdNote) -> Standing:
    """The components of a note's rank. They do not depend on the present day."""
    kind = type_name(note.type)
    return Standing(note.changed, _use_days(note), 0 if kind is None else TYPE_DAYS.get(kind, 0))


def rank(note: MemoryMdNote) -> int:
    """The standing and then the time of the change, as one number; greater is better."""
    return standing(note).milli_days * SECONDS_PER_DAY + note.second


def _use_days(note: MemoryMdNote) -> float:
    if note.used_day is None or note.use_count < 1:
        return 0.0
    weight = min(1 + math.log2(note.use_count), MAX_USE)
    distance = (note.used_day - note.changed) / HALF_LIFE_DAYS + math.log2(weight)
    # log2(1 + 2^distance), without overflow for days that are far apart.
    return HALF_LIFE_DAYS * (max(distance, 0.0) + math.log2(1 + 2 ** -abs(distance)))


def order(note: MemoryMdNote) -> tuple[bool, int, bytes]:
    """Sort key that puts the most useful notes first: by pinned, then rank, then path."""
    return (not note.pinned, -rank(note), sort_key(note.path))


def is_current(note: MemoryMdNote, today: date) -> bool:
    """Whether MEMORY.md may list a note: it is neither superseded nor expired on `today`."""
    return not note.superseded and not is_expired(note.valid_until, today)


def is_expired(valid_until: str | None, today: date) -> bool:
    """Whether `today` is after the day in `valid_until`. Text that is not a date never expires."""
    if valid_until is None:
        return False
    try:
        return date.fromisoformat(valid_until.strip()[:10]) < today
    except ValueError:
        return False


def type_name(kind: str | None) -> str | None:
    """A note's type in the form used for comparison: trimmed and case-folded, None if blank."""
    if kind is None:
        return None
    return kind if kind in TYPE_DAYS else " ".join(kind.casefold().split()) or None


def type_order(kind: str | None) -> tuple[int, str]:
    """Sort key for the groups of MEMORY.md, from a result of `type_name`.

    Between the types and the notes without one, there is room for groups of folders.
    """
    if kind in TYPE_ORDER:
        return (TYPE_ORDER.index(kind), "")
    return (len(TYPE_ORDER), kind) if kind is not None else (len(TYPE_ORDER) + 2, "")
