"""Which notes MEMORY.md shows itself, and the lines of its block.

The most useful notes stand on it, as many as there is room for: a prefix of the order in `rank`.
They are grouped by type, and within a group keep that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from memcairn.memory_md import entry
from memcairn.memory_md.limits import Size, size
from memcairn.memory_md.pages import tight
from memcairn.memory_md.rank import type_name, type_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from memcairn.memory_md.limits import Limits
    from memcairn.memory_md.rank import NoteFacts

# Up to so many notes stand in one list without headings.
FLAT = 12
# So little room is for entries, not for headings.
_NARROW_LINES = 24
_NARROW_BYTES = 100 * _NARROW_LINES
# A category has a heading of its own until there are so many; then it is with the rest.
_MAX_CATEGORIES = 8
PINNED = "Pinned"
OTHER = "Other"
MORE = "## More"


@dataclass(frozen=True, slots=True)
class Listed:
    """A note on the first page: its path, its line, and the group that it is in."""

    path: str
    line: str
    group: tuple[int, str]
    heading: str


def most_bytes(limits: Limits) -> int:
    """The most bytes of an entry here: scripts of several bytes a character need them."""
    return 8 * tight(limits).line_bytes


def note_line(facts: NoteFacts, limits: Limits) -> str | None:
    """The entry of a note in MEMORY.md, None if its link alone is longer than an entry may be."""
    chars, size_bytes = limits.entry_chars, most_bytes(limits)
    line = entry.note_entry(
        facts.title, facts.path, facts.description, up="", chars=chars, size_bytes=size_bytes
    )
    return line if entry.fits(line, chars=chars, size_bytes=size_bytes) else None


def candidates(notes: Iterable[NoteFacts], limits: Limits) -> Iterator[Listed]:
    """The notes that may stand on the first page, in the order given."""
    categories: set[str] = set()
    for facts in notes:
        line = note_line(facts, limits)
        if line is not None:
            yield Listed(facts.path, line, *_group(facts, categories))


def _group(facts: NoteFacts, categories: set[str]) -> tuple[tuple[int, str], str]:
    """Where a note's group comes among the groups, and its heading."""
    if facts.pinned:
        return (-1, ""), f"## {PINNED}"
    kind = type_name(entry.clean(facts.type)) if facts.type else None
    place = type_order(kind)
    if place[1]:
        if place[1] not in categories and len(categories) == _MAX_CATEGORIES:
            kind, place = None, type_order(None)
        else:
            categories.add(place[1])
    return place, heading(kind)


def heading(kind: str | None) -> str:
    """The heading of a group of notes of a type, as `type_name` returned it."""
    if kind is None:
        return f"## {OTHER}"
    name = entry.fit(kind[:1].upper() + kind[1:], chars=40, size_bytes=120)
    return "## " + (name.replace("#", "\\#") or OTHER)


def is_grouped(notes: int, room: Size) -> bool:
    """Whether so many notes stand in groups with headings, rather than in one list."""
    narrow = room.lines < _NARROW_LINES or room.size_bytes < _NARROW_BYTES
    return notes > FLAT and not narrow


def choose(offered: Iterable[Listed], room: Size, newline: str, *, grouped: bool) -> list[Listed]:
    """The first of the notes offered that fit into `room`, with headings if grouped."""
    chosen: list[Listed] = []
    if room.lines < 1:
        return chosen
    used = Size(0, 0, 0)
    groups: set[tuple[int, str]] = set()
    for listed in offered:
        needed = used + size(listed.line + newline)
        if grouped and listed.group not in groups:
            needed += size(listed.heading + newline)
        if not needed.fits(room):
            break
        used = needed
        groups.add(listed.group)
        chosen.append(listed)
        if used.lines == room.lines:
            break
    return chosen


def body(chosen: Sequence[Listed], pages: Sequence[str], *, grouped: bool) -> list[str]:
    """The lines of the block: notes, in groups if grouped, then the entries of pages."""
    lines: list[str] = []
    if grouped:
        by_group = sorted(chosen, key=lambda listed: listed.group)
        for _, members in groupby(by_group, key=lambda listed: listed.group):
            group = list(members)
            lines += [group[0].heading, *(listed.line for listed in group)]
        lines += [MORE] if pages else []
    else:
        lines += [listed.line for listed in chosen]
    return [*lines, *pages]
