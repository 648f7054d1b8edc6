"""How likely a passage is what was asked for: a score from 0 to 1 that means the same for every query.

Scores that rank (BM25, fused scores) compare within one search only: the best of a search always has the
best one. What compares between searches is how much of the query's words a passage holds, and how near it
is in meaning. A logistic regression makes a probability of them (docs/decisions/relevance.md).
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Mapping


# What is less likely than that is not for somebody who did not ask: a hook keeps silent.
RELEVANT = 0.5
# A passage that holds so many of the query's words is as sure by its words as can be.
ENOUGH_WORDS = 6


class ScoreBreakdown(NamedTuple):
    """Why a passage is in an answer, and why it stands where it stands.

    Args:
        words: BM25 of the query's words in and around its best chunk, 1 for the best of the search.
        cosine: of the query's meaning with that chunk's, -1 to 1; None where only words counted.
        maxsim: how well the tokens of that chunk match those of the query, -1 to 1; None if not compared.
        fused: these together, 0 to 1 within the search.
        inherited: what it got from its neighbours and the best of its note.
        adjusted: what it got for being of the time that the query speaks of, or lost for being outdated.
        rank: the sum of these three: what passages are ranked by.
        held: share of the query, by weight of its words, that the passage and its headings hold.
    """

    words: float
    cosine: float | None
    maxsim: float | None
    fused: float
    inherited: float
    adjusted: float
    rank: float
    held: float


class ScoringContext(NamedTuple):
    """What a search knows of its query and of the chunks that it ranked.

    Args:
        weighed: the query's words -> how much each says.
        words: chunk -> `Why.words`.
        compared: chunk -> cosine and MaxSim.
        fused: chunk -> `Why.fused`.
        inherited: chunk -> `Why.fused` and `Why.inherited` together.
    """

    weighed: Mapping[str, float]
    words: Mapping[int, float]
    compared: Mapping[int, tuple[float, float | None]]
    fused: Mapping[int, float]
    inherited: Mapping[int, float]

    def why(self, chunk: int, rank: float, inside: Container[str]) -> ScoreBreakdown:
        """Why a passage is in the answer.

        Args:
            chunk: the best of its chunks.
            rank: the score that it is ranked by.
            inside: the words in it, and in its headings.
        """
        cosine, maxsim = self.compared.get(chunk, (None, None))
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
            held=round(held(self.weighed, inside), 4),
        )


def weights(counted: Mapping[str, int], chunks: int) -> dict[str, float]:
    """How much each word of a query says: ln(1 + N / (1 + n)), like the idf of BM25.

    Args:
        counted: word -> how many chunks hold it.
        chunks: how many there are.
    """
    return {word: log(1 + chunks / (1 + count)) for word, count in counted.items()}


def held(weighed: Mapping[str, float], inside: Container[str]) -> float:
    """Share of a query's words, by weight, that are among the words `inside`."""
    total = sum(weighed.values())
    return (
        sum(weight for word, weight in weighed.items() if word in inside) / total if total else 0.0
    )


def relevance(why: ScoreBreakdown, matched: int) -> float:
    """The probability that a passage is what was asked for; `RELEVANT` is the threshold.

    Args:
        why: what is known of it.
        matched: how many of the query's words it holds.
    """
    said = min(matched, ENOUGH_WORDS) / ENOUGH_WORDS
    if why.cosine is None:
        logit = 0.90 * why.held + 6.33 * said - 3.17
    else:
        logit = 4.66 * said + 9.82 * why.cosine - 5.32
    return 1 / (1 + exp(-logit))
