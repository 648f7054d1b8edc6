"""How long a text is, in words, and where an overlong one is best cut.

Words are an estimate that costs next to nothing: spaces are counted; two characters of a script
that is written without spaces count as a word, and so do twelve letters in a row of anything else,
so that no text is endless and short at the same time.
"""

from __future__ import annotations

import re
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LETTERS_A_WORD = 12
_SENTENCE_END = re.compile(r"[.!?…][)\]\"'”’*_]*\s+|[。！？][」』）”’]*\s*|[।؟]\s+")
_SPACE = re.compile(r"\s+")
_ENDS_SENTENCE = re.compile(r"[.!?…:;。！？।؟][)\]\"'”’*_`]*\s*\Z")
_BEGINS_ITEM = re.compile(r"\s*(?:[-*+>|]|\d{1,9}[.)])\s")


def size(text: str) -> int:
    """About how many words `text` has."""
    words = text.count(" ") + text.count("\n") + 1
    if words * 4 > len(text):  # tables and code are padded with spaces
        words = len(text.split())
    if not text.isascii():
        words += len(_unspaced().findall(text)) // 2
    return max(words, len(text) // _LETTERS_A_WORD)


@cache
def _unspaced() -> re.Pattern[str]:
    # Thai to Myanmar, kana to Hangul. Wide sets take milliseconds to compile: only when needed.
    return re.compile("[\u0e00-\u109f\u3040-\ud7a3]")


def cut_lines(lines: list[str], limit: int) -> Iterator[tuple[int, int, str | None]]:
    """Cut an overlong block into stretches `(first, last, piece)` of at most `limit` words.

    It is cut where a paragraph or an item within it ends, else where a sentence does, else between
    any two lines, into parts of about the same size; `piece` is None for whole lines. A single line
    beyond the limit comes in pieces that all have its number.
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
    """The last line of the stretch that begins at `first`."""
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
        elif _ENDS_SENTENCE.search(lines[last]):
            quality = 2
        else:
            quality = 1
        rank = (quality, -abs(total - target))
        if rank >= best_rank:
            best, best_rank = last, rank
    return best


def cut_text(text: str, limit: int) -> Iterator[str]:
    """Cut one overlong line between sentences, else between words, else anywhere."""
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
    """The sentences of a text; joined they are the text."""
    return _after_each(_SENTENCE_END, text)


def _parts(text: str, limit: int) -> Iterator[str]:
    """Sentences, or what fits the limit of a sentence that does not."""
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
