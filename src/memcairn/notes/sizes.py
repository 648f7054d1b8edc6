"""The size of a text in words, and where to cut a text that is too long.

The number of words is a cheap estimate: spaces are counted; two characters of a script without spaces
count as a word; and a text has at least one word for every twelve characters, so that a long text
without spaces is not counted as short.
"""

from __future__ import annotations

import re
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_CHARACTERS_PER_WORD = 12
_SPACE = re.compile(r"\s+")
_BEGINS_ITEM = re.compile(r"\s*(?:[-*+>|]|\d{1,9}[.)])\s")


def size(text: str) -> int:
    """The approximate number of words in a text."""
    words = text.count(" ") + text.count("\n") + 1
    if words * 4 > len(text):  # tables and code are padded with spaces
        words = len(text.split())
    if not text.isascii():
        words += len(_unspaced().findall(text)) // 2
    return max(words, len(text) // _CHARACTERS_PER_WORD)


# Compiled when first needed: wide sets of characters take milliseconds.
@cache
def _unspaced() -> re.Pattern[str]:
    return re.compile("[\u0e00-\u109f\u3040-\ud7a3]")  # Thai to Myanmar, kana to Hangul


@cache
def _sentence_end() -> re.Pattern[str]:
    return re.compile(r"[.!?…][)\]\"'”’*_]*\s+|[。！？][」』）”’]*\s*|[।؟]\s+")


@cache
def _ends_sentence() -> re.Pattern[str]:
    return re.compile(r"[.!?…:;。！？।؟][)\]\"'”’*_`]*\s*\Z")


def cut_lines(lines: list[str], limit: int) -> Iterator[tuple[int, int, str | None]]:
    """Cut a block that is too long into ranges `(first, last, piece)` of at most `limit` words.

    Cuts are after a paragraph or an item, else after a sentence, else between any two lines, so that
    the ranges have about the same size. `piece` is None for whole lines. A single line beyond the limit
    is returned in pieces that all have its number.
    """
    sizes = [size(line) if line.strip() else 0 for line in lines]
    first = 0
    left = sum(sizes)
    while first < len(lines):
        if sizes[first] > limit:
            for piece in cut_text(lines[first], limit):
                yield first, first, piece
            left -= sizes[first]
            first += 1
            continue
        last = _best_cut(lines, sizes, first, left, limit)
        yield first, last, None
        left -= sum(sizes[first : last + 1])
        first = last + 1


def _best_cut(lines: list[str], sizes: list[int], first: int, left: int, limit: int) -> int:
    """The last line of the range that begins at `first`."""
    target = left / -(-left // limit) if left > limit else left
    best, best_rank = first, (-1, 0.0)
    total = 0
    for last in range(first, len(lines)):
        total += sizes[last]
        if total > limit and last > first:
            break
        if last + 1 == len(lines):
            return last
        if total * 2 < target:
            quality = 0
        elif not lines[last].strip() or _BEGINS_ITEM.match(lines[last + 1]):
            quality = 3
        elif _ends_sentence().search(lines[last]):
            quality = 2
        else:
            quality = 1
        rank = (quality, -abs(total - target))
        if rank >= best_rank:
            best, best_rank = last, rank
    return best


def cut_text(text: str, limit: int) -> Iterator[str]:
    """Cut a line that is too long between sentences, else between words, else anywhere."""
    parts: list[str] = []
    total = 0
    for part in _parts(text, limit):
        words = size(part)
        if parts and total + words > limit:
            yield "".join(parts).strip()
            parts = []
            total = 0
        parts.append(part)
        total += words
    yield "".join(parts).strip()


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text with the space after them; joined, they give the text."""
    return _after_each(_sentence_end(), text)


def _parts(text: str, limit: int) -> Iterator[str]:
    """Sentences; one that exceeds the limit in parts that do not."""
    for sentence in sentences(text):
        if size(sentence) <= limit:
            yield sentence
            continue
        for word in _after_each(_SPACE, sentence):
            if size(word) <= limit:
                yield word
                continue
            step = max(len(word) * limit // (size(word) + 1), 1)
            yield from (word[start : start + step] for start in range(0, len(word), step))


def _after_each(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    start = 0
    for match in pattern.finditer(text):
        yield text[start : match.end()]
        start = match.end()
    if start < len(text):
        yield text[start:]
