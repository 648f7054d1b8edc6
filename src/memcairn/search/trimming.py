"""What is shown of a passage that does not fit: the sentences that say most of what was asked for."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from memcairn.notes.sizes import cut_text, sentences, size
from memcairn.notes.words import words
from memcairn.search.relevance import held

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Trimmed(NamedTuple):
    """A part of a text.

    Args:
        text: what is left.
        first: its first line, counted from 0.
        last: its last line.
    """

    text: str
    first: int
    last: int


class _Unit(NamedTuple):
    line: int
    text: str
    size: int
    words: frozenset[str]
    whole: bool  # a part of a sentence stands alone


def trimmed(text: str, most_words: int, weighed: Mapping[str, float]) -> Trimmed:
    """Whole lines in a row, or whole sentences of a line that is too long, that hold most of a query.

    Args:
        text: what does not fit.
        most_words: the most words that are left of it, at least 1; a sentence beyond is cut.
        weighed: the query's words -> how much each says.
    """
    units = list(_units(text, most_words))
    windows = (_window(units, first, most_words, weighed) for first in range(len(units)))
    _, _, first, end = max(windows, key=lambda window: (*window[:2], -window[2]))
    return _joined(units[first:end])


def _window(
    units: Sequence[_Unit], first: int, most_words: int, weighed: Mapping[str, float]
) -> tuple[float, int, int, int]:
    """How much of the query the units from `first` on hold that fit, how long they are, and which."""
    end, left = first, most_words
    inside: set[str] = set()
    while end < len(units) and units[end].size <= left:
        if end > first and not (units[first].whole and units[end].whole):
            break
        left -= units[end].size
        inside |= units[end].words
        end += 1
    return held(weighed, inside), most_words - left, first, max(end, first + 1)


def _units(text: str, most_words: int) -> Iterator[_Unit]:
    for number, line in enumerate(text.split("\n")):
        for part, whole in _parts(line, most_words):
            length = size(part) if part.strip() else 0
            yield _Unit(number, part, length, frozenset(words(part)), whole)


def _parts(line: str, most_words: int) -> Iterator[tuple[str, bool]]:
    """A line; if it is too long, its sentences; if one of them is, its parts. And whether it is whole."""
    if size(line) <= most_words:
        yield line, True
        return
    for sentence in sentences(line):
        if size(sentence) <= most_words:
            yield sentence.strip(), True
        else:
            yield from ((part, False) for part in cut_text(sentence, most_words))


def _joined(units: Sequence[_Unit]) -> Trimmed:
    told = [number for number, unit in enumerate(units) if unit.size]
    units = units[told[0] : told[-1] + 1] if told else units[:1]
    text = units[0].text
    for before, unit in pairwise(units):
        text += ("\n" if unit.line > before.line else " ") + unit.text
    return Trimmed(text, units[0].line, units[-1].line)
