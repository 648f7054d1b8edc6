"""The probability that a passage is relevant: a score from 0 to 1 that is comparable between queries.

BM25 and fused scores are comparable within one search only: the best passage always gets the best score.
Comparable between searches are what a passage and its note hold of the query's words, and how unusual its
cosine with the query is. A logistic regression turns them into a probability (docs/decisions/relevance.md).
"""

from __future__ import annotations

import re
from collections import Counter
from math import exp, log
from typing import TYPE_CHECKING, NamedTuple

from memcairn.notes.sizes import size
from memcairn.notes.words import words as index_words

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Mapping

    from memcairn.search.hybrid import QueryEmbeddings, Similarity


# Hooks show a passage from this score on, and title and description of its note from the lower one.
RELEVANT = 0.5
LIKELY = 0.4
# A search reports that nothing fits well if all passages are below this score, this share and this z.
FITTING = 0.25
FITTING_SHARE = 0.5
FITTING_Z = 3.5
# More matched words than these do not raise the score.
MAX_MATCHED_WORDS = 6
# Words of the query count together if they are in a part of a text with this many words.
WINDOW_WORDS = 40
# Notes of these types say how to work, and apply to more prompts than their words tell.
_APPLYING_TYPES = frozenset({"feedback", "user"})
_APPLYING = "How to apply"
_MAX_Z = 8.0
# Notes of at most this size are short, and from this size on long.
_SHORT_BYTES = 1_000
_LONG_BYTES = 10_000
_MAX_INFORMATION = 40.0
_PIECE = re.compile(r"[^\s\u3001\u3002\uff0c\uff01\uff1f\uff1b\uff1a]+")


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
        held: share of the query's words, by weight, that are in title, headings, description and
            `WINDOW_WORDS` of the passage.
        about: the same share in title, names and description alone.
        matched: the number of the query's words in all of these together.
        z: how many deviations the cosine is above that of unrelated texts; None in a keyword search.
        named: 1 if an identifier, an error code or another name with digits is among the matched words.
        applies: 1 if the note says when it applies.
        described: 1 if the note has its own description.
        multilingual: cosine by the multilingual model, which is part of `cosine`; None if it is not used.
        z_about: as z, of the vector of what the note's frontmatter says of it; that of z if it says nothing.
        information: how much the matched words say; see `information`.
        information_about: the same of those in title, names and description.
        usual: how many deviations the query's cosine with usual prompts is above that of unrelated texts.
        crosses: 1 if the note is in another language than the query.
        short: 1 for a note of at most 1,000 bytes, 0 for one of 10,000, by its logarithm between.
    """

    words: float
    cosine: float | None
    maxsim: float | None
    fused: float
    inherited: float
    adjusted: float
    rank: float
    held: float
    about: float = 0.0
    matched: float = 0.0
    z: float | None = None
    named: int = 0
    applies: int = 0
    described: int = 0
    multilingual: float | None = None
    z_about: float | None = None
    information: float = 0.0
    information_about: float = 0.0
    usual: float = 0.0
    crosses: int = 0
    short: float = 0.0


class NoteWords(NamedTuple):
    """What a note says of itself, beside its text.

    Args:
        about: the words of its title, names and description.
        type: of the note.
        is_described: whether it has its own description.
        language: of the note; "" if it is not clear.
        size_bytes: of its file.
    """

    about: Collection[str]
    type: str | None
    is_described: bool
    language: str
    size_bytes: int


class ScoringContext(NamedTuple):
    """The intermediate results of a search, from which `ScoreBreakdown`s are made.

    Args:
        word_weights: the weight of each word of the query.
        shares: the share of a word that some of them are; see `notes.words.shares`.
        words: chunk -> `ScoreBreakdown.words`.
        similarities: chunk -> cosine, MaxSim and z.
        fused: chunk -> `ScoreBreakdown.fused`.
        inherited: chunk -> the sum of `ScoreBreakdown.fused` and `ScoreBreakdown.inherited`.
        query: as the models embed it; None in a keyword search.
    """

    word_weights: Mapping[str, float]
    shares: Mapping[str, float]
    words: Mapping[int, float]
    similarities: Mapping[int, Similarity]
    fused: Mapping[int, float]
    inherited: Mapping[int, float]
    query: QueryEmbeddings | None = None

    def including(self, other: ScoringContext) -> ScoringContext:
        """These values and, where a chunk has others in another context, those."""
        return ScoringContext(
            self.word_weights,
            self.shares,
            {**self.words, **other.words},
            {**self.similarities, **other.similarities},
            {**self.fused, **other.fused},
            {**self.inherited, **other.inherited},
            self.query,
        )

    def explain(
        self, chunk: int, rank: float, text: str, headings: Iterable[str], note: NoteWords
    ) -> ScoreBreakdown:
        """The parts of a passage's score.

        Args:
            chunk: the best of its chunks.
            rank: the score that orders it.
            text: its text.
            headings: above it.
            note: what its note says of itself.
        """
        similarity = self.similarities.get(chunk)
        fused = self.fused.get(chunk, 0.0)
        inherited = self.inherited.get(chunk, 0.0)  # none: added as a successor
        weights = self.word_weights
        above = {*note.about, *index_words(" ".join(headings))}
        held, matched = held_nearby(text, weights, above)
        applies = note.type in _APPLYING_TYPES or _APPLYING in text
        z = similarity and similarity.z
        multilingual = similarity and similarity.multilingual
        maxsim = similarity and similarity.maxsim
        z_about = z if similarity is None or similarity.z_about is None else similarity.z_about
        query = self.query
        said = query.information if query is not None else {}
        code = query.language if query is not None else ""
        return ScoreBreakdown(
            words=round(self.words.get(chunk, 0.0), 4),
            cosine=None if similarity is None else round(similarity.cosine, 4),
            maxsim=None if maxsim is None else round(maxsim, 4),
            fused=round(fused, 4),
            inherited=round(inherited - fused, 4),
            adjusted=round(rank - inherited, 4),
            rank=round(rank, 4),
            held=round(held, 4),
            about=round(coverage(weights, note.about), 4),
            matched=round(sum(self.shares.get(word, 1.0) for word in matched), 2),
            z=None if z is None else round(z, 2),
            named=int(any(_is_name(word) for word in matched if word not in self.shares)),
            applies=int(applies),
            described=int(note.is_described),
            multilingual=None if multilingual is None else round(multilingual, 4),
            z_about=None if z_about is None else round(z_about, 2),
            information=round(sum(said.get(word, 0.0) for word in matched), 2),
            information_about=round(
                sum(said.get(word, 0.0) for word in matched if word in note.about), 2
            ),
            usual=0.0 if query is None else round(query.usual, 2),
            crosses=int(code != note.language and "" not in (code, note.language)),
            short=round(_shortness(note.size_bytes), 2),
        )


def _shortness(size_bytes: int) -> float:
    share = log(max(size_bytes, _SHORT_BYTES) / _SHORT_BYTES) / log(_LONG_BYTES / _SHORT_BYTES)
    return 1 - min(share, 1.0)


def _is_name(word: str) -> bool:
    """Whether an index word is a name with digits or punctuation, such as e0502 or user_id."""
    return not word.isalpha() and not word.isdigit() and len(word) > 2


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


def held_nearby(
    text: str, weights: Mapping[str, float], above: Container[str]
) -> tuple[float, list[str]]:
    """The largest share of a query, by weight, in `above` and `WINDOW_WORDS` of a text; and its words.

    Args:
        text: of a passage.
        weights: the weight of each word of the query.
        above: words that count everywhere in the text, such as those of its headings.
    """
    total = sum(weights.values())
    if not total:
        return 0.0, []
    missing = {word: weight for word, weight in weights.items() if word not in above}
    best: list[str] = []
    pieces = [
        (size(piece), [word for word in index_words(piece) if word in missing])
        for piece in _PIECE.findall(text)
    ]
    counts: Counter[str] = Counter()
    first = length = 0
    most = held = 0.0
    for words_in, found in pieces:
        length += words_in
        for word in found:
            held += 0 if counts[word] else missing[word]
            counts[word] += 1
        while length > WINDOW_WORDS and pieces[first][0] < length:
            length -= pieces[first][0]
            for word in pieces[first][1]:
                counts[word] -= 1
                held -= 0 if counts[word] else missing[word]
            first += 1
        if held > most:
            most, best = held, [word for word, count in counts.items() if count]
    share = (total - sum(missing.values()) + most) / total
    return share, [word for word in weights if word not in missing or word in best]


def features(why: ScoreBreakdown) -> tuple[float, ...]:
    """What the probability depends on: values from 0 to 1, in the order of the weights."""
    if why.z is None:
        return (
            why.held,
            why.about,
            min(why.matched, MAX_MATCHED_WORDS) / MAX_MATCHED_WORDS,
            float(why.named),
            float(why.applies),
            float(why.described),
        )
    return (
        min(why.information, _MAX_INFORMATION) / _MAX_INFORMATION,
        min(why.information_about, _MAX_INFORMATION) / _MAX_INFORMATION,
        float(why.described),
        max(min(why.z, _MAX_Z), 0.0) / _MAX_Z,
        max(min(why.z if why.z_about is None else why.z_about, _MAX_Z), 0.0) / _MAX_Z,
        1 - max(min(why.usual, _MAX_Z), 0.0) / _MAX_Z,
        why.short,
    )


# The weights of the features, and the constant: for a keyword search; with a model, for a note with its own
# description, for any note, and for one in another language than the query.
KEYWORD_WEIGHTS = (1.21, 4.17, 7.67, 1.83, 0.91, 1.58, -6.30)
DESCRIBED_WEIGHTS = (7.29, 0.00, 5.10, 2.02, 4.24, 2.31, 0.00, -10.79)
PLAIN_WEIGHTS = (5.34, 1.55, 0.00, 0.74, 0.00, 1.86, 5.25, -8.61)
ACROSS_WEIGHTS = (0.75, 2.24, 5.32, 2.17, 6.55, 0.17, 0.00, -10.11)


def relevance(why: ScoreBreakdown) -> float:
    """The probability that a passage is relevant.

    What a note says of itself can only add: without its description, the passage would be shown as well.
    """
    if why.z is None:
        return _probability(why, KEYWORD_WEIGHTS)
    if why.crosses:
        return _probability(why, ACROSS_WEIGHTS)
    plain = _probability(why, PLAIN_WEIGHTS)
    return max(plain, _probability(why, DESCRIBED_WEIGHTS)) if why.described else plain


def _probability(why: ScoreBreakdown, weights: tuple[float, ...]) -> float:
    *factors, constant = weights
    logit = constant + sum(
        factor * value for factor, value in zip(factors, features(why), strict=True)
    )
    return 1 / (1 + exp(-logit))


def fits(score: float, why: ScoreBreakdown) -> bool:
    """Whether a passage fits a query at all; without a description, its words or its meaning are enough."""
    is_near = why.z is not None and why.z >= FITTING_Z
    return score >= FITTING or why.held >= FITTING_SHARE or is_near
