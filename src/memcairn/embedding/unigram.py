"""The tokenizer of the multilingual model: SentencePiece's unigram model.

    "２ Cafés" ──NFKC, ▁ for each space──► "▁2", "▁Cafés" ──most probable pieces──► ▁2 ▁Caf és

Kudo 2018, "Subword Regularization", section 3. The pieces are those of the library `sentencepiece`; a test
compares both.
"""

from __future__ import annotations

import array
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    from pathlib import Path

UNKNOWN, FIRST, LAST = 0, 1, 2
SPACE = 6  # the piece ▁ alone
CACHE_SIZE = 8192
# SentencePiece's score of a character that is no piece is this much below the lowest.
_UNKNOWN_PENALTY = 10.0
# The normalization of SentencePiece (nmt_nfkc) is NFKC, but these become spaces, and the wide tilde stays.
_SPACES = "\t\n\x0c\r\u1680\u200b\u200e\u200f\u2028\u2029\ufeff\ufffd"
_TO_SPACES = str.maketrans(_SPACES, " " * len(_SPACES))
_WIDE_TILDE = "\uff5e"


class Unigram:
    """The pieces of a vocabulary with the logarithms of their probabilities.

    Args:
        pieces: a file with one piece in each line; the number of the line is its id.
        scores: a file with the logarithm of each one's probability, float32, little-endian.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file is damaged.
    """

    def __init__(self, pieces: Path, scores: Path) -> None:
        texts = pieces.read_text(encoding="utf-8").split("\n")
        values = array.array("f", scores.read_bytes())
        # The special pieces, whose score is 0, are not found in a text.
        self._ids = {text: number for number, text in enumerate(texts) if values[number]}
        self._scores = values
        self._longest = max(map(len, texts))
        self._unknown = min(values) - _UNKNOWN_PENALTY
        self._of_word = lru_cache(CACHE_SIZE)(self._best_pieces)

    def ids(self, text: str) -> list[int]:
        """The ids of a text's pieces; characters without a piece that follow each other are one."""
        found: list[int] = []
        parts = text.translate(_TO_SPACES).split(_WIDE_TILDE)
        folded = _WIDE_TILDE.join(normalize("NFKC", part) for part in parts)
        for word in folded.split(" "):
            if word:
                found += self._of_word("▁" + word)
        return found

    def surprise(self, text: str) -> float:
        """The negative logarithm of the probability of a text."""
        scores, unknown = self._scores, self._unknown
        return -sum(
            unknown if number == UNKNOWN else scores[number]
            for number in self.ids(text)
            if number != SPACE
        )

    def _best_pieces(self, word: str) -> tuple[int, ...]:
        """The most probable pieces of a word (Viterbi 1967): of equal ones, the one that begins first."""
        size = len(word)
        best = [0.0] + [float("-inf")] * size
        came = [(0, UNKNOWN)] * (size + 1)
        ids, scores, longest = self._ids, self._scores, self._longest
        for start in range(size):
            before = best[start]
            for end in range(start + 1, min(start + longest, size) + 1):
                number = ids.get(word[start:end])
                if number is not None:
                    score = before + scores[number]
                elif end == start + 1:
                    number, score = UNKNOWN, before + self._unknown
                else:
                    continue
                if score > best[end]:
                    best[end], came[end] = score, (start, number)
        found: list[int] = []
        end = size
        while end:
            end, number = came[end]
            if number != UNKNOWN or not found or found[-1] != UNKNOWN:
                found.append(number)
        return tuple(reversed(found))
