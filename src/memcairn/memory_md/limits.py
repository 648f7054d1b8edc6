"""The limits of MEMORY.md and of index pages, and the size of a text."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Some readers end a line at a lone carriage return.
_LONE_RETURN = re.compile(r"\r(?!\n)")


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one whole file, with header, markers and the text outside the block.

    `lines`, `units` (UTF-16 code units) and `size_bytes` (UTF-8) limit MEMORY.md and each index
    page. `entry_chars` limits one entry, in user-perceived characters.

    Raises:
        ValueError: a limit is too small for the markers and a few entries.
    """

    lines: int = 200
    units: int = 25_000
    size_bytes: int = 25_600
    entry_chars: int = 150

    def __post_init__(self) -> None:
        minimums = {"lines": 12, "units": 2_000, "size_bytes": 2_000, "entry_chars": 80}
        for name, minimum in minimums.items():
            if getattr(self, name) < minimum:
                raise ValueError(f"{name} must be at least {minimum}")


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a text.

    `lines` counts line ends. The line after the last one is not counted, so `room` reserves a line.
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
        """Whether no component is greater than that of `room`."""
        return (
            self.lines <= room.lines
            and self.units <= room.units
            and self.size_bytes <= room.size_bytes
        )


def size(text: str) -> Size:
    """The size of `text`, in which bytes that are not UTF-8 are surrogate escapes."""
    lines = text.count("\n")
    if "\r" in text:
        lines += len(_LONE_RETURN.findall(text))
    if text.isascii():
        return Size(lines, len(text), len(text))
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return Size(lines, units, len(text.encode("utf-8", "surrogateescape")))


def room(limits: Limits) -> Size:
    """The maximum size of a file; one line is reserved for the line after the last line end."""
    return Size(limits.lines - 1, limits.units, limits.size_bytes)


def exceeded(text: str, limits: Limits) -> list[str]:
    """What of a file a host with these limits does not load; a line end at its end starts no line."""
    found = size(text)
    lines = found.lines + (0 if text.endswith("\n") or not text else 1)
    return [
        f"has {value} {unit}, but only {limit} are loaded"
        for value, limit, unit in (
            (lines, limits.lines, "lines"),
            (found.units, limits.units, "characters (UTF-16 units)"),
            (found.size_bytes, limits.size_bytes, "bytes"),
        )
        if value > limit
    ]
