"""The analyser: which words a text is indexed by, and which ones a query asks for.

    "getUserName() ist in C++, 数据库"
       text ── split at white space ── fold ── segments ──┬─ word: whole, parts, stems
                                                          ├─ 数据库: characters and pairs
                                                          └─ emoji, symbol: as it is
    getusername get user name   ist   in   c++ c   数 据 库 数据 据库

Notes and queries go the same way, so what is written the same is found. Each piece between white
space is analysed on its own, and most pieces of a text have been seen before: the common path is one
look into a dictionary.
"""

from __future__ import annotations

import re
from itertools import accumulate, chain
from operator import add
from typing import TYPE_CHECKING

from memcairn.notes.folding import fold, offsets
from memcairn.notes.identifiers import MAX_WORD, identifier_words, without_contraction
from memcairn.notes.marks import MARKS
from memcairn.notes.segments import HAN, Segment, segments
from memcairn.notes.stems import LIBRARY_VERSION
from memcairn.notes.stop_words import STOP_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VERSION = f"1/{LIBRARY_VERSION}"
"""Changes whenever `words` may answer differently: then notes must be indexed again."""

_MAX_PIECES = 50_000
_MAX_PIECE = 48
_MAX_WORDS_KEPT = 12

_RUNS = frozenset({"ideographs", "hangul", "syllables"})
_PIECE = re.compile(r"\S+")
_CLUSTER = re.compile(rf".[{MARKS}]*", re.DOTALL)
_LONE_IDEOGRAPH = re.compile(rf"(?<![{HAN}])[{HAN}](?![{HAN}])")
_SKIN_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")


class _Pieces(dict[str, tuple[str, ...]]):
    """The words of each piece that was met, as far as it is small; bounded."""

    def __missing__(self, piece: str) -> tuple[str, ...]:
        folded = fold(piece)
        found = tuple(
            chain.from_iterable(_segment_words(folded, part) for part in segments(folded))
        )
        if len(piece) <= _MAX_PIECE and len(found) <= _MAX_WORDS_KEPT:
            if len(self) >= _MAX_PIECES:
                self.clear()
            self[piece] = found
        return found


_PIECES = _Pieces()


def words(text: str) -> list[str]:
    """The words that `text` is indexed by, in order; none has a space or a control character.

    Any text will do; the time is linear in its length.
    """
    return list(chain.from_iterable(map(_PIECES.__getitem__, text.split())))


def query_words(text: str) -> list[str]:
    """The words that a query asks for, each once, in order.

    Stop words are dropped unless there is nothing else. Single characters of Chinese, Japanese and
    Korean are dropped where pairs hold them, but for an ideograph between kana: that is a word.
    """
    shouted = text.isupper()
    everything: dict[str, None] = {}
    telling: dict[str, None] = {}
    for piece in text.split():
        folded = fold(piece)
        for part in segments(folded):
            asked = dict.fromkeys(_asked_words(folded, part))
            everything.update(asked)
            if not (part.kind == "word" and _is_stop_word(folded[part.start : part.end], shouted)):
                telling.update(asked)
    return list(telling or everything)


def spans(text: str) -> list[tuple[int, int, tuple[str, ...]]]:
    """Where each word comes from: characters `start` to `end`, exclusive, and their index words.

    The words of all spans, one after the other, are those of `words(text)`. Spans may overlap: a
    pair of ideographs covers two that have spans of their own.
    """
    found = []
    for match in _PIECE.finditer(text):
        piece = match[0]
        folded = fold(piece)
        places = offsets(piece, folded) or [(0, len(piece))] * len(folded)
        for part in segments(folded):
            for start, end, part_words in _segment_spans(folded, part):
                first, last = places[start][0], places[end - 1][1]
                found.append((match.start() + first, match.start() + last, part_words))
    return found


def _segment_words(folded: str, part: Segment) -> list[str]:
    text = folded[part.start : part.end]
    if part.kind == "word":
        return identifier_words(text)
    if part.kind in _RUNS:
        units: Sequence[str] = _CLUSTER.findall(text) if part.kind == "syllables" else text
        found = [*units, *map(add, units, units[1:])]
        if part.kind == "hangul" and 2 < len(text) <= MAX_WORD:
            found.append(text)
        return found
    bare = _SKIN_TONES.sub("", text)
    return [text.casefold()] if bare == text else [text[:MAX_WORD], bare[:MAX_WORD]]


def _segment_spans(folded: str, part: Segment) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """As `_segment_words`, with the place of each word where words have places of their own."""
    found = _segment_words(folded, part)
    if part.kind not in _RUNS:
        yield part.start, part.end, tuple(found)
        return
    text = folded[part.start : part.end]
    units = _CLUSTER.findall(text) if part.kind == "syllables" else text
    edges = [part.start, *(part.start + end for end in accumulate(map(len, units)))]
    for reach in (1, 2):
        for start, end in zip(edges, edges[reach:], strict=False):
            yield start, end, (folded[start:end],)
    if len(found) == 2 * len(units):
        yield part.start, part.end, (text,)


def _asked_words(folded: str, part: Segment) -> list[str]:
    """As `_segment_words`, without what would only blur the question."""
    found = _segment_words(folded, part)
    if part.kind not in _RUNS or len(found) == 1:
        return found
    units = (len(found) + 1) // 2 if part.kind != "hangul" else part.end - part.start
    alone = _LONE_IDEOGRAPH.findall(folded[part.start : part.end])
    return found[units:] + alone


def _is_stop_word(text: str, shouted: bool) -> bool:  # noqa: FBT001 - two facts of one word
    # IT and US in a question that is not all in capitals are no pronouns.
    if text.isupper() and len(text) > 1 and not shouted:
        return False
    word = text.casefold()
    return word in STOP_WORDS or without_contraction(word).replace("'", "") in STOP_WORDS
