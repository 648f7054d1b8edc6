"""How the passages of a search are printed; without click, so that a search need not load it."""

from __future__ import annotations

import re
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any
from unicodedata import category, east_asian_width

from memcairn.cli.text import printable, shown
from memcairn.notes.words import spans

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from memcairn.search.passages import Passage

_INDENT = "    "
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_TAB_COLUMNS = 4


def as_json(passages: Sequence[Passage]) -> str:
    """One JSON document: an object with the list `passages`."""
    import json  # noqa: PLC0415 - takes a millisecond, and people read text

    found = {"passages": [_as_object(passage) for passage in passages]}
    return json.dumps(found, ensure_ascii=False, indent=2)


def _as_object(passage: Passage) -> dict[str, Any]:
    return passage._asdict() | {"why": passage.why._asdict()}


def as_text(
    passages: Sequence[Passage],
    *,
    explain: bool = False,
    columns: int | None = None,
    bold: bool = False,
) -> str:
    """Each passage as its title and headings, then path:line and date, then its indented text.

    Args:
        passages: what to print.
        explain: also print every part of each score, above the text.
        columns: wrap lines at this width; None: print them as they are.
        bold: print the title and the matched words in bold.
    """
    return "\n\n".join(
        "\n".join(_lines(passage, columns, bold=bold, explain=explain)) for passage in passages
    )


def _lines(passage: Passage, columns: int | None, *, bold: bool, explain: bool) -> Iterator[str]:
    headings = passage.heading_path
    title = headings if passage.title in headings else (passage.title, *headings)
    for line in wrapped(" › ".join(filter(None, title)), columns):
        yield f"{_BOLD}{line}{_PLAIN}" if bold else line
    yield from _place(passage, columns)
    if explain:
        for line in _explained(passage):
            yield from wrapped(line, columns)
    matched = passage.matched if bold else ()
    for line in passage.text.strip("\n").split("\n"):
        yield from wrapped(_INDENT + line, columns, matched)


def _place(passage: Passage, columns: int | None) -> Iterator[str]:
    """path:line, the date, and why the note is no longer valid; a path is never broken."""
    path = f"{shown(passage.path)}:{passage.start_line}"
    about = "  ".join(filter(None, (passage.scope, passage.date, *_outdated(passage))))
    line = f"{path}  {about}" if about else path
    if columns is None or sum(map(_width, line)) <= columns:
        yield line
    else:
        yield path
        if about:
            yield from wrapped(f"  {about}", columns)


def _explained(passage: Passage) -> Iterator[str]:
    """The score, the parts of the rank, and the values that both are computed from."""
    why = passage.why
    parts = [f"fused {why.fused:.3f}", f"inherited {why.inherited:.3f}"]
    if why.adjusted:
        what = "of the time asked for" if why.adjusted > 0 else "outdated"
        parts.append(f"{what} {why.adjusted:.3f}")
    cosine = "" if why.cosine is None else f", cosine {why.cosine:.3f}"
    maxsim = "" if why.maxsim is None else f", MaxSim {why.maxsim:.3f}"
    matched = " ".join(map(printable, passage.matched)) or "none of its words"
    yield f"  score {passage.score:.2f}  rank {why.rank:.3f} = {' + '.join(parts)}"
    multilingual = "" if why.multilingual is None else f", multilingual {why.multilingual:.3f}"
    values = f"words {why.words:.3f}{cosine}{multilingual}{maxsim}"
    yield f"  {values}; holds {why.held:.0%} of the query: {matched}"
    if why.z is not None and why.z_about is not None:
        yield (
            f"  above unrelated texts by {why.z:.1f} deviations, its description by {why.z_about:.1f}, "
            f"the query among usual prompts by {why.usual:.1f}; information {why.information:.1f}"
        )


def _outdated(passage: Passage) -> Iterator[str]:
    """Why the note is no longer valid, if it is not."""
    if passage.expired is not None:
        yield f"(expired {passage.expired})"
    if passage.superseded_by is not None:
        yield f"(superseded by {shown(passage.superseded_by)})"
    for remark in passage.remarks:
        yield f"({printable(remark)})"


# ── lines on a terminal ──────────────────────────────────────────────────────────────────────────

_SPACE = " \u1680\u2000-\u2006\u2008-\u200a\u205f\u3000"  # a line may break here
_EAST_ASIAN = (
    "\u2e80-\u2fff\u3001-\u312f\u3190-\ua4cf\uf900-\ufaff\uff01-\uff9f\U00020000-\U0003ffff"
)
# Punctuation that must not begin a line, or must not end one.
_CLOSING = (
    r"、。，．・：；？！）］｝〉》」』】〕〗〙〛…‥～〜ー々ゝゞヽヾ,.:;?!)\]}%’”"
    "ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
)
_OPENING = r"（［｛〈《「『【〔〖〘〚(\[{‘“"
# A line may break between any two characters of Chinese and Japanese, but only at the spaces of Korean
# and most other scripts. Compiled when first needed, which takes milliseconds.
_UNBREAKABLE = (
    rf"[{_OPENING}]*(?:(?![{_OPENING}{_CLOSING}])[{_EAST_ASIAN}][{_CLOSING}]*"
    rf"|(?:[^{_EAST_ASIAN}{_SPACE}]|[{_CLOSING}])+)|[{_OPENING}]+"
)
# The markers of list items and quotes; the lines that follow are indented as far.
_MARKERS = re.compile(r" *(?:(?:[-*+>]|\d{1,9}[.)]) +)*(?:\[[ xX]\] +)?")


def wrapped(line: str, columns: int | None, matched: Container[str] = ()) -> Iterator[str]:
    """The lines that a line takes, with the words `matched` in bold.

    Args:
        line: without a line end.
        columns: the width of the terminal; None: one line without styles.
        matched: index words.
    """
    line = printable(line).rstrip()
    if columns is None:
        yield line
        return
    line = line.expandtabs(_TAB_COLUMNS)
    bold = matching(line, matched) if matched else ()
    markers = _MARKERS.match(line)
    indent = min(markers.end() if markers else 0, columns // 2)
    for first, end in _breaks(line, columns, indent):
        yield (" " * indent if first else "") + _with_bold(line, first, end, bold)


def _breaks(line: str, columns: int, indent: int) -> Iterator[tuple[int, int]]:
    """The characters of each line on the terminal; only one that is a single word is too wide.

    Args:
        line: without tabs.
        columns: the width of the terminal.
        indent: of all lines but the first.
    """
    edges = [0, *accumulate(map(_width, line))]
    first = last = 0
    left = columns
    for match in re.finditer("[^ ]+" if line.isascii() else _UNBREAKABLE, line):
        start, end = match.span()
        if last and edges[end] - edges[first] > left:
            yield first, last
            first, left = start, columns - indent
        last = end
    yield first, last


def _width(character: str) -> int:
    """The columns that a character takes on a terminal."""
    if category(character) in ("Mn", "Me", "Cf"):
        # An emoji that is narrow without its variation selector is wide with it.
        return 1 if character == "\ufe0f" else 0
    return 2 if east_asian_width(character) in "WF" else 1


def matching(line: str, matched: Container[str]) -> set[int]:
    """The positions of the characters that belong to a matched word."""
    return {
        position
        for start, end, words in spans(line)
        if any(word in matched for word in words)
        for position in range(start, end)
    }


def _with_bold(line: str, first: int, end: int, bold: Container[int]) -> str:
    """Characters `first` to `end`, exclusive, of a line; those at the positions `bold` are bold."""
    text = ""
    for is_bold, positions in groupby(range(first, end), bold.__contains__):
        part = "".join(line[position] for position in positions)
        text += f"{_BOLD}{part}{_PLAIN}" if is_bold else part
    return text
