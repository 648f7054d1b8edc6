"""The analyzer: the index words of texts and queries.

    "getUserName() ist in C++, 数据库"
       text ── split at white space ── fold ── segments ──┬─ word: whole, parts, stems
                                                          ├─ 数据库: characters and pairs
                                                          └─ emoji, symbol: as it is
    getusername get user name   ist   in   c++ c   数 据 库 数据 据库

Notes and queries are analyzed alike. Each piece between white space is analyzed separately, and most
pieces of a text have occurred before, so the common path is one dictionary lookup.
"""

from __future__ import annotations

import re
from itertools import accumulate, chain
from operator import add

from memcairn.notes.identifiers import MAX_WORD, identifier_words, without_contraction
from memcairn.notes.language import likely_language
from memcairn.notes.normalization import fold, offsets
from memcairn.notes.segments import ascii_words, clusters, lone_ideographs, segments
from memcairn.notes.stems import LIBRARY_VERSION, stem
from memcairn.notes.stop_words import (
    KOREAN_STOP_WORDS,
    PARTICLES,
    STOP_PAIRS,
    STOP_WORDS,
    STOP_WORDS_BY_LANGUAGE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

VERSION = f"1/{LIBRARY_VERSION}"
"""Changes whenever `words` may return something else: then notes must be indexed again."""

_MAX_ENTRIES = 40_000
_MAX_KEY = 48
_MAX_ANSWER = 160

_RUNS = frozenset({"ideographs", "hangul", "syllables"})
_PAIR = 2
_KATAKANA = re.compile("[\u30a1-\u30ff]{2,}")
_PIECE = re.compile(r"\S+")
# A word of prose with its quotes and punctuation: most pieces that are not in the dictionary yet.
_PROSE = re.compile(r"[(\"'*\[`_]*([A-Za-z]?[a-z]{1,40})[)\"'*\]`_.,;:!?]*")
_SKIN_TONES = dict.fromkeys(range(0x1F3FB, 0x1F400))


class _Cache(dict[str, str]):
    """A bounded cache of the results of `analyze` for short texts."""

    def __init__(self, analyze: Callable[[str], str]) -> None:
        super().__init__()
        self._analyze = analyze

    def __missing__(self, text: str) -> str:
        found = self._analyze(text)
        if len(text) <= _MAX_KEY and len(found) <= _MAX_ANSWER:
            if len(self) >= _MAX_ENTRIES:
                self.clear()
            self[text] = found
        return found


def _of_word(word: str) -> str:
    return " ".join(identifier_words(word))


def _of_piece(piece: str) -> str:
    prose = _PROSE.fullmatch(piece)
    if prose is not None:
        return stem(prose[1].lower())
    if piece.isascii():
        return " ".join([_WORDS[text] for text in ascii_words(piece)])
    folded = fold(piece)
    parts = [_segment_words(kind, folded[start:end]) for kind, start, end in segments(folded)]
    return " ".join(chain.from_iterable(parts))


_WORDS = _Cache(_of_word)  # by the folded text between punctuation
_PIECES = _Cache(_of_piece)  # by the text between white space, as written


def words(text: str) -> list[str]:
    """The words that a text is indexed by, in order; none contains a space or a control character.

    Accepts any text, and takes time linear in its length.
    """
    return indexed_text(text).split()


def indexed_text(text: str) -> str:
    """The same words in one string, separated by one or more spaces."""
    return " ".join(map(_PIECES.__getitem__, text.split()))


def query_words(text: str) -> list[str]:
    """The words to search for, each once, in order.

    Stop words of English and of the query's language are dropped unless the query has nothing else. Single
    characters of Chinese, Japanese and Korean are dropped if a pair contains them, except an ideograph
    between kana, which is a word.
    """
    all_upper = text.isupper()
    stop_words = STOP_WORDS | STOP_WORDS_BY_LANGUAGE.get(likely_language(text), frozenset())
    everything: dict[str, None] = {}
    content: dict[str, None] = {}
    for piece in text.split():
        folded = fold(piece)
        for kind, start, end in segments(folded):
            part = folded[start:end]
            found = dict.fromkeys(_query_segment_words(kind, part))
            everything.update(found)
            if kind == "ideographs":
                content.update((pair, None) for pair in found if _is_content_pair(pair))
            elif not (
                _is_stop_word(part, stop_words, all_upper)
                if kind == "word"
                else part in KOREAN_STOP_WORDS
            ):
                content.update(found)
    return list(content or everything)


def shares(text: str) -> dict[str, float]:
    """The share of a word that each of a query's words is, where several stand for one.

    A run of katakana or Hangul is one word and is indexed by its pairs; two pairs of other characters are a
    word. Words that are not in the result are whole ones.
    """
    found: dict[str, float] = {}
    for piece in text.split():
        folded = fold(piece)
        for kind, start, end in segments(folded):
            if kind not in _RUNS:
                continue
            part = folded[start:end]
            for run in [part] if kind == "hangul" else _KATAKANA.findall(part):
                pairs = list(map(add, run, run[1:]))
                found |= dict.fromkeys(pairs, 1 / max(len(pairs), 1))
                if len(run) > _PAIR:
                    found[run] = 0.0  # its pairs count
            for word in _query_segment_words(kind, part):
                found.setdefault(word, 1 / _PAIR)
    return found


def spans(text: str) -> list[tuple[int, int, tuple[str, ...]]]:
    """The characters `start` to `end`, exclusive, that index words come from, and these words.

    The words of all spans, in order, are those of `words(text)`. Spans may overlap: a pair of ideographs
    covers two that also have their own spans.
    """
    found = []
    for match in _PIECE.finditer(text):
        piece = match[0]
        folded = fold(piece)
        places = offsets(piece, folded) or [(0, len(piece))] * len(folded)
        for kind, segment_start, segment_end in segments(folded):
            for start, end, part_words in _placed_words(kind, folded[segment_start:segment_end]):
                first = match.start() + places[segment_start + start][0]
                last = match.start() + places[segment_start + end - 1][1]
                found.append((first, last, part_words))
    return found


def _segment_words(kind: str, text: str) -> Sequence[str]:
    if kind == "word":
        return _WORDS[text].split()
    if kind in _RUNS:
        units: Sequence[str] = clusters(text) if kind == "syllables" else text
        found = [*units, *map(add, units, units[1:])]
        if kind == "hangul" and 2 < len(text) <= MAX_WORD:
            found.append(text)
        return found
    bare = text.translate(_SKIN_TONES) or text
    return list(dict.fromkeys((text.casefold()[:MAX_WORD], bare.casefold()[:MAX_WORD])))


def _placed_words(kind: str, text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """The words of `_segment_words` with the characters of each, or of the whole segment."""
    found = _segment_words(kind, text)
    if kind not in _RUNS:
        yield 0, len(text), tuple(found)
        return
    units: Sequence[str] = clusters(text) if kind == "syllables" else text
    edges = [0, *accumulate(map(len, units))]
    for reach in (1, 2):
        for start, end in zip(edges, edges[reach:], strict=False):
            yield start, end, (text[start:end],)
    if len(found) == 2 * len(units):
        yield 0, len(text), (text,)


def _query_segment_words(kind: str, text: str) -> Sequence[str]:
    """The words of `_segment_words` without single characters that pairs contain."""
    found = _segment_words(kind, text)
    if kind not in _RUNS or len(found) == 1:
        return found
    units = len(clusters(text)) if kind == "syllables" else len(text)
    return [*found[units:], *(lone_ideographs(text) if kind == "ideographs" else ())]


def _is_content_pair(pair: str) -> bool:
    """Whether a pair of ideographs and kana, or one of them, may say what a question is about.

    Content words are written in katakana or begin with an ideograph; a pair that begins with hiragana is an
    ending, a particle, or the boundary between two words.
    """
    return not (
        "\u3041" <= pair[0] <= "\u309f" or pair in STOP_PAIRS or not PARTICLES.isdisjoint(pair)
    )


def _is_stop_word(text: str, stop_words: Container[str], all_upper: bool) -> bool:  # noqa: FBT001 - private
    # IT and US are not pronouns, unless the whole query is in capitals.
    if text.isupper() and len(text) > 1 and not all_upper:
        return False
    word = text.casefold()
    return word in stop_words or without_contraction(word).replace("'", "") in stop_words
