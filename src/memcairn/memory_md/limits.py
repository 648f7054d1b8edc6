"""How long MEMORY.md and an index page may be, and how long a text is."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A carriage return alone ends a line for some readers.
_LONE_RETURN = re.compile(r"\r(?!\n)")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may hold, everything counted: header, markers, people's own text.

    `lines`, `units` (UTF-16 code units) and `size_bytes` (UTF-8) bound MEMORY.md and each index
    page; `entry_chars` bounds one entry, in user-perceived characters.

    Raises:
        ValueError: a limit leaves no room for the markers and a few entries.
    """

    lines: int = 200
    units: int = 25_000
    size_bytes: int = 25_600
    entry_chars: int = 150

    def __post_init__(self) -> None:
        smallest = {"lines": 12, "units": 2_000, "size_bytes": 2_000, "entry_chars": 80}
        for name, least in smallest.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}")


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a text.

    `lines` counts line ends, so that a text which ends in one has room for nothing on the line
    after it; the budget is kept one line below the limit for that.
    """

    lines: int
    units: int
    size_bytes: int

    def __add__(self, other: Size) -> Size:
        return Size(
            self.lines + other.lines,
            self.units + other.units,
            self.size_bytes + other.size_bytes,
        )

    def __sub__(self, other: Size) -> Size:
        return Size(
            self.lines - other.lines,
            self.units - other.units,
            self.size_bytes - other.size_bytes,
        )

    def fits(self, room: Size) -> bool:
        """Whether this is no more than `room` in any of the three."""
        return (
            self.lines <= room.lines
            and self.units <= room.units
            and self.size_bytes <= room.size_bytes
        )


def size(text: str) -> Size:
    """The size of `text`; bytes that are not UTF-8 stand in it as surrogate escapes."""
    lines = text.count("\n")
    if "\r" in text:
        lines += len(_LONE_RETURN.findall(text))
    if text.isascii():
        return Size(lines, len(text), len(text))
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return Size(lines, units, len(text.encode("utf-8", "surrogateescape")))


def room(limits: Limits) -> Size:
    """What a whole file may hold, with one line to spare for the line end of the last one."""
    return Size(limits.lines - 1, limits.units, limits.size_bytes)
