r"""The blocks of a note's body, with their lines: those of CommonMark, or paragraphs of plain text.

Only the outermost blocks are told apart, and the items of outermost lists; what is inside a quote
or an item belongs to it. Lines are those that `text.split("\n")` has, counted from 0 here.
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

import pyromark

Kind = Literal["heading", "paragraph", "item", "break", "other"]

_OPTIONS = pyromark.Options
_MARKDOWN = pyromark.Markdown(
    options=_OPTIONS.ENABLE_TABLES
    | _OPTIONS.ENABLE_FOOTNOTES
    | _OPTIONS.ENABLE_STRIKETHROUGH
    | _OPTIONS.ENABLE_TASKLISTS
    | _OPTIONS.ENABLE_WIKILINKS
)
_MARKER = re.compile(rb"\s*<!--\s*memcairn:(?:(?!-->).)*-->\s*", re.DOTALL)
MAX_HEADING = 200
"""Characters of a heading's text that are kept."""

_KINDS: dict[str, Kind] = {
    "Heading": "heading",
    "Paragraph": "paragraph",
    "Item": "item",
    "Rule": "break",
}
_BLOCK_ENDS = ("Paragraph", "Item", "BlockQuote")


class Block(NamedTuple):
    """One block: lines `first` to `last`, 0-based, inclusive, neither of them blank.

    `level` and `text` (without markup) are those of a heading. A `break` is a thematic break or
    a marker of memcairn: nothing to index.
    """

    kind: Kind
    first: int
    last: int
    level: int = 0
    text: str = ""


class Blocks(NamedTuple):
    """The blocks of a body in order, and the text of its first paragraph without markup.

    Where there is no paragraph, the first list item or quote serves.
    """

    blocks: list[Block]
    paragraph: str


def markdown_blocks(body: str, lines: list[str]) -> Blocks:
    r"""The blocks of Markdown; `lines` is `body.split("\n")`. Never raises."""
    # A lone CR would be a line end to CommonMark, but is none to us; and lone surrogates are not
    # text. Both replacements keep everything on its line.
    source = body.replace("\r", " ") if "\r" in body else body
    data = source.encode("utf-8", "replace")
    if not source.isascii():
        source = data.decode()
    reader = _BlockReader(data, lines)
    end = 0
    for event, span in _MARKDOWN.events_with_range(source):
        start = span["start"]
        # Inside the block that is being read; a missing cell of a table is empty, and at its end.
        if start < end or start == span["end"]:
            if reader.inline is not None:
                _collect(event, reader.inline)
            continue
        tag = event if isinstance(event, str) else event.get("Start")
        # A list is no block: its items are.
        if tag is None or (isinstance(tag, dict) and "List" in tag):
            continue
        end = span["end"]
        reader.begin(tag, start, end)
    reader.end()
    return Blocks(reader.blocks, reader.paragraph or reader.stand_in)


def plain_blocks(lines: list[str]) -> Blocks:
    """The blocks of plain text: its paragraphs, between blank lines."""
    blocks: list[Block] = []
    _fill(blocks, lines, 0, len(lines), "paragraph")
    if not blocks:
        return Blocks(blocks, "")
    return Blocks(blocks, " ".join(" ".join(lines[blocks[0].first : blocks[0].last + 1]).split()))


class _BlockReader:
    """Reads block after block: `begin` at the start of each, `finish` after the last."""

    def __init__(self, data: bytes, lines: list[str]) -> None:
        self.blocks: list[Block] = []
        self.paragraph = self.stand_in = ""
        self.inline: list[str] | None = None  # this block's text without markup, where wanted
        self._data, self._lines = data, lines
        self._kind: Kind = "other"
        self._position = self._line = self._covered = 0

    def begin(self, tag: Any, start: int, end: int) -> None:
        """A block begins: bytes `start` to `end`, exclusive."""
        if self.inline is not None:
            self.finish()
        data = self._data
        name = tag if isinstance(tag, str) else next(iter(tag))
        kind = _KINDS.get(name, "other")
        level = 0
        if kind == "heading":
            level = int(tag["Heading"]["level"][1:])
            self.inline = []
        elif kind == "paragraph":
            self.inline = None if self.paragraph else []
        elif kind == "item" or name == "BlockQuote":
            self.inline = None if self.stand_in or self.paragraph else []
        elif name == "HtmlBlock" and _MARKER.fullmatch(data, start, end):
            kind = "break"
        self._kind = kind
        self._line += data.count(b"\n", self._position, start)
        self._position = start
        stop = start + len(data[start:end].rstrip())
        self._append(Block(kind, self._line, self._line + data.count(b"\n", start, stop), level))

    def _append(self, block: Block) -> None:
        # What the parser does not report (link definitions) is text that one may search for, too.
        covered = self._covered
        if block.first < covered:  # footnote definitions may share a line
            kind, first, _, level, text = self.blocks[-1]
            self._covered = max(covered, block.last + 1)
            self.blocks[-1] = Block(kind, first, self._covered - 1, level, text)
            return
        if block.first > covered + 1 or (block.first > covered and self._lines[covered].strip()):
            _fill(self.blocks, self._lines, covered, block.first, "other")
        self._covered = block.last + 1
        self.blocks.append(block)

    def finish(self) -> None:
        """The block that was begun last has been read to its end."""
        text = " ".join("".join(self.inline or ()).split())
        if self._kind == "heading":
            kind, first, last, level, _ = self.blocks[-1]
            self.blocks[-1] = Block(kind, first, last, level, text[:MAX_HEADING])
        elif self._kind == "paragraph":
            self.paragraph = text
        elif not self.stand_in:
            self.stand_in = text
        self.inline = None

    def end(self) -> None:
        """There are no more blocks."""
        if self.inline is not None:
            self.finish()
        _fill(self.blocks, self._lines, self._covered, len(self._lines), "other")


def _collect(event: Any, inline: list[str]) -> None:
    """Add what a reader sees of `event`."""
    if isinstance(event, str):
        inline.append(" ")
        return
    text = event.get("Text") or event.get("Code")
    if text is not None:
        inline.append(text)
    elif event.get("End") in _BLOCK_ENDS:
        inline.append(" ")


def _fill(blocks: list[Block], lines: list[str], first: int, stop: int, kind: Kind) -> None:
    """Append the runs of lines that are not blank among `lines[first:stop]`."""
    start = -1
    for number in range(first, stop):
        blank = not lines[number].strip()
        if blank and start >= 0:
            blocks.append(Block(kind, start, number - 1))
            start = -1
        elif not blank and start < 0:
            start = number
    if start >= 0:
        blocks.append(Block(kind, start, stop - 1))
