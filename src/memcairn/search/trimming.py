"""Trim a passage that exceeds the budget to the lines or sentences with most of the query's words."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from memcairn.notes.sizes import cut_text, sentences, size
from memcairn.notes.words import words
from memcairn.search.relevance import coverage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Excerpt(NamedTuple):
    """A part of a text.

    Args:
        text: the part.
        first: its first line in the whole text, 0-based.
        last: its last line, inclusive.
    """

    text: str
    first: int
    last: int


class _Unit(NamedTuple):
    line: int
    text: str
    size: int
    words: frozenset[str]
    whole: bool  # False: a part of a sentence, which is never combined with others


def trim(text: str, most_words: int, weights: Mapping[str, float]) -> Excerpt:
    """The consecutive lines, or sentences of one long line, with most of a query's words by weight.

    Args:
        text: a text that does not fit.
        most_words: the maximum length, at least 1 word; a longer sentence is cut.
        weights: the weight of each word of the query.
    """
    units = list(_units(text, most_words))
    windows = (_window(units, first, most_words, weights) for first in range(len(units)))
    _, _, first, end = max(windows, key=lambda window: (*window[:2], -window[2]))
    return _joined(units[first:end])


def _window(
    units: Sequence[_Unit], first: int, most_words: int, weights: Mapping[str, float]
) -> tuple[float, int, int, int]:
    """The units from `first` on that fit: their coverage of the query, length, start and end (exclusive)."""
    end, left = first, most_words
    inside: set[str] = set()
    while end < len(units) and units[end].size <= left:
        if end > first and not (units[first].whole and units[end].whole):
            break
        left -= units[end].size
        inside |= units[end].words
        end += 1
    return coverage(weights, inside), most_words - left, first, max(end, first + 1)


def _units(text: str, most_words: int) -> Iterator[_Unit]:
    for number, line in enumerate(text.split("\n")):
        for part, whole in _parts(line, most_words):
            length = size(part) if part.strip() else 0
            yield _Unit(number, part, length, frozenset(words(part)), whole)


def _parts(line: str, most_words: int) -> Iterator[tuple[str, bool]]:
    """A line, or the sentences of a long line, or the parts of a long sentence; and whether each is whole."""
    if size(line) <= most_words:
        yield line, True
        return
    for sentence in sentences(line):
        if size(sentence) <= most_words:
            yield sentence.strip(), True
        else:
            yield from ((part, False) for part in cut_text(sentence, most_words))


def _joined(units: Sequence[_Unit]) -> Excerpt:
    filled = [number for number, unit in enumerate(units) if unit.size]
    units = units[filled[0] : filled[-1] + 1] if filled else units[:1]
    text = units[0].text
    for before, unit in pairwise(units):
        text += ("\n" if unit.line > before.line else " ") + unit.text
    return Excerpt(text, units[0].line, units[-1].line)
