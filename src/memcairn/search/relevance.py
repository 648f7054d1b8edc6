"""The probability that a passage is relevant: a score from 0 to 1 that is comparable between queries.

BM25 and fused scores are comparable within one search only: the best passage always gets the best score.
Comparable between searches are the share of the query's words in a passage and its cosine with the query.
A logistic regression turns them into a probability (docs/decisions/relevance.md).
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from memcairn.search.meaning import Similarity


# Hooks stay silent below this score.
RELEVANT = 0.5
# More matched words than these do not raise the score.
MAX_MATCHED_WORDS = 6


class ScoreBreakdown(NamedTuple):
    """The values that the score and the rank of a passage come from.

    Args:
        words: BM25 of the query's words in and around the best chunk, 1 for the best of the search.
        cosine: of the query's vector with that chunk's, -1 to 1; None in a keyword search.
        maxsim: how well the tokens of that chunk match those of the query, -1 to 1; None if not compared.
        fused: the three values above fused, 0 to 1 within the search.
        inherited: added for the scores of its neighbors and the best score in its note.
        adjusted: added for a note of the period in the query, or subtracted for an outdated note.
        rank: fused, inherited and adjusted together; passages are ordered by it.
        held: share of the query's words, by weight, that the passage and its headings contain.
        multilingual: cosine by the multilingual model, which is part of `cosine`; None if it is not used.
    """

    words: float
    cosine: float | None
    maxsim: float | None
    fused: float
    inherited: float
    adjusted: float
    rank: float
    held: float
    multilingual: float | None = None


class ScoringContext(NamedTuple):
    """The intermediate results of a search, from which `ScoreBreakdown`s are made.

    Args:
        word_weights: the weight of each word of the query.
        words: chunk -> `ScoreBreakdown.words`.
        similarities: chunk -> cosine and MaxSim.
        fused: chunk -> `ScoreBreakdown.fused`.
        inherited: chunk -> the sum of `ScoreBreakdown.fused` and `ScoreBreakdown.inherited`.
    """

    word_weights: Mapping[str, float]
    words: Mapping[int, float]
    similarities: Mapping[int, Similarity]
    fused: Mapping[int, float]
    inherited: Mapping[int, float]

    def including(self, other: ScoringContext) -> ScoringContext:
        """These values and, where a chunk has others in another context, those."""
        return ScoringContext(
            self.word_weights,
            {**self.words, **other.words},
            {**self.similarities, **other.similarities},
            {**self.fused, **other.fused},
            {**self.inherited, **other.inherited},
        )

    def explain(self, chunk: int, rank: float, words: Container[str]) -> ScoreBreakdown:
        """The parts of a passage's score.

        Args:
            chunk: the best of its chunks.
            rank: the score that orders it.
            words: the words in its text and headings.
        """
        cosine, maxsim, multilingual = self.similarities.get(chunk, (None, None, None))
        fused = self.fused.get(chunk, 0.0)
        inherited = self.inherited[chunk]
        return ScoreBreakdown(
            words=round(self.words.get(chunk, 0.0), 4),
            cosine=None if cosine is None else round(cosine, 4),
            maxsim=None if maxsim is None else round(maxsim, 4),
            fused=round(fused, 4),
            inherited=round(inherited - fused, 4),
            adjusted=round(rank - inherited, 4),
            rank=round(rank, 4),
            held=round(coverage(self.word_weights, words), 4),
            multilingual=None if multilingual is None else round(multilingual, 4),
        )


def word_weights(frequencies: Mapping[str, int], chunks: int) -> dict[str, float]:
    """The weight of each word of a query: ln(1 + N / (1 + n)), like the idf of BM25.

    Args:
        frequencies: word -> the number of chunks that contain it.
        chunks: the number of all chunks.
    """
    return {word: log(1 + chunks / (1 + count)) for word, count in frequencies.items()}


def coverage(weights: Mapping[str, float], words: Container[str]) -> float:
    """The share of a query's words, by weight, that are among `words`."""
    total = sum(weights.values())
    return (
        sum(weight for word, weight in weights.items() if word in words) / total if total else 0.0
    )


def relevance(why: ScoreBreakdown, matched: int) -> float:
    """The probability that a passage is relevant; `RELEVANT` is the threshold.

    Args:
        why: the parts of its score.
        matched: the number of the query's words that it contains.
    """
    words = min(matched, MAX_MATCHED_WORDS) / MAX_MATCHED_WORDS
    if why.cosine is None:
        logit = 0.90 * why.held + 6.33 * words - 3.17
    else:
        logit = 4.66 * words + 9.82 * why.cosine - 5.32
    return 1 / (1 + exp(-logit))
