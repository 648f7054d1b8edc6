r"""Cut a note's body into chunks along its CommonMark blocks.

    # Deploy            a heading begins a section; its line belongs to the section's first chunk
    Short text.         short blocks are packed together ...
    - a list item       ... but a list item, table, code fence or paragraph is never cut,
    - another           unless it alone exceeds MAX_WORDS: then it is cut between lines,
                        and a line that alone exceeds MAX_WORDS between sentences

A chunk's text is exactly the lines `start_line` to `end_line` of the file, without the line end of
the last one and with "\n" for CRLF; only the pieces of one overlong line share its number. Every
nonblank line is in a chunk, except thematic breaks and memcairn markers (`<!-- memcairn:... -->`)
that are not inside another block.

Lines are those of `text.split("\n")`.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from memcairn.notes.sizes import cut_lines, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memcairn.notes.blocks import Block, Kind

PARAGRAPH_WORDS = 12
"""A shorter chunk takes in the next block."""

TARGET_WORDS = 40
"""A shorter chunk of list items takes in the next item."""

MAX_WORDS = 180
"""The maximum size of a chunk; a longer block is cut."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A unit of the index: lines `start_line` to `end_line` of the file, 1-based, inclusive.

    `heading_path` has the headings above it, outermost first; `section` is the number of its section,
    0 before the first heading.
    """

    text: str
    start_line: int
    end_line: int
    heading_path: tuple[str, ...]
    section: int


def chunk(blocks: list[Block], lines: list[str], first_line: int) -> tuple[Chunk, ...]:
    """The chunks of these blocks, in order; `lines[0]` is the file's line `first_line`."""
    packing = _Packing(lines, first_line)
    for block in blocks:
        if block.kind == "heading":
            packing.begin_section(block)
        elif block.kind == "break":
            packing.pause()
        else:
            packing.add(block)
    packing.close()
    return tuple(packing.chunks)


class _Packing:
    """Packs blocks into chunks; at most one chunk is open: lines `_first` to `_last`."""

    def __init__(self, lines: list[str], first_line: int) -> None:
        self.chunks: list[Chunk] = []
        self._lines, self._first_line = lines, first_line
        self._levels: list[int] = []
        self._path: tuple[str, ...] = ()
        self._section = 0
        self._open = False
        self._first = self._last = 0
        self._words = 0  # of the open chunk, without headings
        self._kind: Kind = "other"  # of the last block taken in
        self._introduces = False  # the last block ends with a colon

    def begin_section(self, heading: Block) -> None:
        """Close the open chunk, and open the next section's first chunk with the heading's line."""
        self.close()
        depth = bisect_left(self._levels, heading.level)
        self._levels[depth:] = [heading.level]
        self._path = (*self._path[:depth], heading.text)
        self._section += 1
        lines = self._lines[heading.first : heading.last + 1]
        if (
            len(lines) > 2 and size("\n".join(lines)) > MAX_WORDS
        ):  # a paragraph over === is a heading
            self._add_overlong(heading, lines)
            return
        self._begin(heading, 0)
        self._introduces = False

    def pause(self) -> None:
        """Close the open chunk, unless it has only a heading."""
        if self._words:
            self.close()

    def add(self, block: Block) -> None:
        """Add a block to the open chunk, or open a new one with it."""
        lines = self._lines[block.first : block.last + 1]
        text = "\n".join(lines)
        words = size(text)
        if words > MAX_WORDS:
            self._add_overlong(block, lines)
            return
        if self._takes(block.kind, words):
            self._last = block.last
            self._words += words
        else:
            self.close()
            self._begin(block, words)
        self._kind = block.kind
        self._introduces = block.kind == "paragraph" and text.rstrip().endswith((":", "："))

    def close(self) -> None:
        """Emit the open chunk."""
        if self._open:
            self._emit(self._first, self._last)
        self._open = False
        self._words = 0

    def _takes(self, kind: Kind, words: int) -> bool:
        both_items = kind == "item" and self._kind == "item"
        target = TARGET_WORDS if both_items else PARAGRAPH_WORDS
        small = self._words < target or self._introduces
        return self._open and small and self._words + words <= MAX_WORDS

    def _begin(self, block: Block, words: int) -> None:
        self._open = True
        self._first, self._last = block.first, block.last
        self._words = words
        self._kind = block.kind

    def _add_overlong(self, block: Block, lines: list[str]) -> None:
        for first, last, piece in cut_lines(lines, MAX_WORDS):
            if piece is None and self._open and self._words < PARAGRAPH_WORDS:
                self._last = block.first + last  # a heading or a short introduction is kept with it
                self.close()
                continue
            self.close()
            self._emit(block.first + first, block.first + last, piece)

    def _emit(self, first: int, last: int, piece: str | None = None) -> None:
        lines = self._lines
        while first < last and not lines[first].strip():
            first += 1
        while last > first and not lines[last].strip():
            last -= 1
        text = "\n".join(lines[first : last + 1]) if piece is None else piece
        if text.strip():
            start, end = self._first_line + first, self._first_line + last
            self.chunks.append(Chunk(text, start, end, self._path, self._section))
