r"""The blocks of a note's body with their lines: CommonMark blocks, or paragraphs of plain text.

Only outermost blocks and the items of outermost lists are distinguished; everything inside a quote or
an item belongs to it. Lines are those of `text.split("\n")`, counted from 0 here.
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

import pyromark

from memcairn.notes import prose
from memcairn.notes.decision_record import STATUS_HEADING

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
"""The maximum length of a heading's text, in characters."""

_KINDS: dict[str, Kind] = {
    "Heading": "heading",
    "Paragraph": "paragraph",
    "Item": "item",
    "Rule": "break",
}
_LINKS = ("Link", "Image")
_BLOCK_ENDS = ("Paragraph", "Item", "BlockQuote")


class Block(NamedTuple):
    """One block: lines `first` to `last`, 0-based, inclusive, neither of them blank.

    `level` and `text` (without markup) are set for headings. A `break` is a thematic break or a memcairn
    marker, and is not indexed.
    """

    kind: Kind
    first: int
    last: int
    level: int = 0
    text: str = ""


class Blocks(NamedTuple):
    """The blocks of a body in order, and the texts of the first paragraphs that have a sentence.

    The texts are without markup. Without such a paragraph, there is that of the first list item or quote.
    """

    blocks: list[Block]
    paragraphs: list[str]


def markdown_blocks(body: str, lines: list[str], title: str = "") -> Blocks:
    r"""The blocks of Markdown; `lines` is `body.split("\n")`. Never raises.

    Paragraphs are collected until one says more than `title`, or the first heading without it.
    """
    # CommonMark takes a lone CR for a line end, `split` does not. Lone surrogates cannot be encoded.
    # Both replacements keep line numbers.
    source = body.replace("\r", " ") if "\r" in body else body
    data = source.encode("utf-8", "replace")
    if not source.isascii():
        source = data.decode()
    reader = _BlockReader(data, lines, title)
    end = 0
    for event, span in _MARKDOWN.events_with_range(source):
        start = span["start"]
        # An event inside the current block. A missing table cell is empty and lies at the block's end.
        if start < end or start == span["end"]:
            if reader.inline is not None:
                reader.inline.add(event)
            continue
        tag = event if isinstance(event, str) else event.get("Start")
        # The items of a list are blocks, the list is not.
        if tag is None or (isinstance(tag, dict) and "List" in tag):
            continue
        end = span["end"]
        reader.begin(tag, start, end)
    reader.end()
    return Blocks(reader.blocks, reader.paragraphs or reader.stand_in)


def plain_blocks(lines: list[str]) -> Blocks:
    """The blocks of plain text: paragraphs separated by blank lines."""
    blocks: list[Block] = []
    _fill(blocks, lines, 0, len(lines), "paragraph")
    if not blocks:
        return Blocks(blocks, [])
    return Blocks(blocks, [" ".join(" ".join(lines[blocks[0].first : blocks[0].last + 1]).split())])


class _BlockReader:
    """Collects blocks: call `begin` at the start of each, and `end` after the last."""

    def __init__(self, data: bytes, lines: list[str], title: str) -> None:
        self.blocks: list[Block] = []
        self.paragraphs: list[str] = []
        self.stand_in: list[str] = []
        self._enough = False
        self._title = title
        self.inline: _Inline | None = None  # the block's text without markup, if it is needed
        self._data, self._lines = data, lines
        self._kind: Kind = "other"
        self._in_status = False  # below the heading Status of a decision record
        self._position = self._line = self._covered = 0

    def begin(self, tag: Any, start: int, end: int) -> None:
        """Begin a block: bytes `start` to `end`, exclusive."""
        if self.inline is not None:
            self.finish()
        data = self._data
        name = tag if isinstance(tag, str) else next(iter(tag))
        kind = _KINDS.get(name, "other")
        level = 0
        if kind == "heading":
            level = int(tag["Heading"]["level"][1:])
            self.inline = _Inline()
        elif kind == "paragraph":
            self.inline = None if self._enough else _Inline()
        elif kind == "item" or name == "BlockQuote":
            self.inline = None if self.stand_in or self.paragraphs else _Inline()
        elif name == "HtmlBlock" and _MARKER.fullmatch(data, start, end):
            kind = "break"
        self._kind = kind
        self._line += data.count(b"\n", self._position, start)
        self._position = start
        stop = start + len(data[start:end].rstrip())
        self._append(Block(kind, self._line, self._line + data.count(b"\n", start, stop), level))

    def _append(self, block: Block) -> None:
        # The parser does not report link definitions; they are indexed as blocks, too.
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
        """Finish the current block: store its text."""
        inline, self.inline = self.inline, None
        if inline is None:
            return
        kind, first, last, level, _ = self.blocks[-1]
        if self._kind == "heading":
            text = prose.clean_title(inline.text("Image", "Badge") or inline.text())
            self.blocks[-1] = Block(kind, first, last, level, text[:MAX_HEADING])
            self._in_status = STATUS_HEADING.match(text) is not None
            self._title = self._title or text
            return
        text = inline.text("Badge")
        lines = self._lines[first : last + 1]
        if self._in_status or not prose.is_sentence(text, inline.text(*_LINKS, "Badge"), lines):
            return
        if self._kind == "paragraph":
            self.paragraphs.append(text)
            self._enough = len(self.paragraphs) == prose.MAX_PARAGRAPHS or prose.says_enough(
                text, self._title
            )
        else:
            self.stand_in = [text]

    def end(self) -> None:
        """Finish the last block, and add the lines after it."""
        if self.inline is not None:
            self.finish()
        _fill(self.blocks, self._lines, self._covered, len(self._lines), "other")


class _Inline:
    """The visible text of a block, with what is inside links and images marked."""

    __slots__ = ("_depth", "_parts")

    def __init__(self) -> None:
        self._parts: list[tuple[str, str]] = []
        self._depth: list[str] = []  # the links and images around the next event

    def add(self, event: Any) -> None:
        """Add the visible text of an event."""
        if isinstance(event, str):
            self._parts.append((" ", ""))
            return
        text = event.get("Text") or event.get("Code")
        if text is not None:
            self._parts.append((text, self._depth[-1] if self._depth else ""))
            return
        started = event.get("Start")
        if isinstance(started, dict):
            name = next(iter(started))
            if name in _LINKS:
                self._depth.append(self._mark(name))
            return
        ended = event.get("End")
        if ended in _LINKS and self._depth:
            self._depth.pop()
        elif ended in _BLOCK_ENDS:
            self._parts.append((" ", ""))

    def _mark(self, name: str) -> str:
        """What the text in a link or image is; an image in a link or before all text is a badge or logo."""
        inside = self._depth[-1] if self._depth else ""
        if name == "Image" and inside != "Image":
            before = any(part.strip() and mark != "Badge" for part, mark in self._parts)
            return "Image" if before and inside != "Link" else "Badge"
        return inside if inside in ("Image", "Badge") else name

    def text(self, *without: str) -> str:
        """The text on one line, without that in some of `Link`, `Image` and `Badge`."""
        parts = (text for text, inside in self._parts if inside not in without)
        return " ".join("".join(parts).split())


def _fill(blocks: list[Block], lines: list[str], first: int, stop: int, kind: Kind) -> None:
    """Append a block for each run of nonblank lines in `lines[first:stop]`."""
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
