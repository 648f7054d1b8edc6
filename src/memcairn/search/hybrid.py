"""Semantic search: compare the embedding of a query with those of chunks, and fuse the scores.

    query ──embed──► cosine with every vector ──► the nearest chunks and the keyword candidates
                     MaxSim with the best of both ──► their order

Each kind of score is scaled to 0..1 and then weighted. Fusion by rank would lose how far apart two scores are
(docs/decisions/fusion.md). A query that no model can read is searched by keyword only.

As soon as a note or a question is in another language than English, a multilingual model is used beside the
English one (docs/decisions/languages.md).
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from memcairn.embedding.embedder import MIN_KNOWN_SHARE
from memcairn.embedding.maxsim import maxsim
from memcairn.embedding.unit_length import to_unit_length
from memcairn.notes.language import language
from memcairn.notes.words import words
from memcairn.search.information import information
from memcairn.search.keyword import Candidate
from memcairn.search.usual_prompts import likeness
from memcairn.store.vector_scan import VectorScan, blend
from memcairn.store.vector_state import CONFIGURED, MULTILINGUAL

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from numpy.typing import NDArray

    from memcairn.embedding.embedder import EmbeddedQuery, Embedder
    from memcairn.search.index import SearchIndex, Vectors
    from memcairn.store.search_values import NoteFilter
    from memcairn.store.vector_scan import Similarities

# The least weight of the cosine in a fused score; the rest is the weight of the keyword score.
MIN_VECTOR_WEIGHT = 0.3
MIN_VECTOR_WEIGHT_ACROSS = 0.6
# Weight of MaxSim in the scores of the best candidates; the rest is the weight of the fused score.
MAXSIM_WEIGHT = 0.6
# The share of the multilingual model in the similarity of an English query and note, and of all others.
MULTILINGUAL_SHARE_ENGLISH = 0.3
MULTILINGUAL_SHARE = 0.85
MAX_NEAREST = 200
MAX_COMPARED = 100
# A scan of fewer chunks does not show which cosines are unusual.
_MIN_SCANNED = 30
_MIN_DEVIATION = 1e-3
# `QueryEmbeddings.usual` of a prompt by another model than the built-in ones.
USUAL_PROMPT = 2.0


class Background(NamedTuple):
    """The cosines of a model between a query and unrelated texts.

    Args:
        median: of these cosines.
        deviation: their standard deviation; 0 if it is not known.
    """

    median: float
    deviation: float

    def z(self, cosine: float) -> float | None:
        """How many deviations a cosine is above the median; None if that is not known."""
        return (cosine - self.median) / self.deviation if self.deviation else None


# Of the built-in models, over the queries and folders of bench/gate.py (docs/decisions/relevance.md).
BACKGROUNDS = {
    "all-MiniLM-L6-v2-int8-1": Background(0.065, 0.078),
    "use-multilingual-v3-5bit-1": Background(0.05, 0.055),
}


def background(model: str, near: Similarities) -> Background:
    """The background of a built-in model; of another, what the scan shows."""
    if model in BACKGROUNDS:
        return BACKGROUNDS[model]
    median, deviation, count = near.background()
    return Background(median, max(deviation, _MIN_DEVIATION) if count >= _MIN_SCANNED else 0.0)


class Similarity(NamedTuple):
    """How similar a chunk is to the query.

    Args:
        cosine: of the two vectors, -1..1; of two models, their blend.
        maxsim: mean over the query's tokens of their best match, about -1..1; None: not compared.
        multilingual: cosine by the multilingual model; None if it is not used.
        z: how many deviations the cosine is above that of unrelated texts; None if that is not known.
        z_about: the same of what the note's frontmatter says of it alone; None if it says nothing.
    """

    cosine: float
    maxsim: float | None = None
    multilingual: float | None = None
    z: float | None = None
    z_about: float | None = None


class QueryEmbeddings(NamedTuple):
    """A query as the models embed it.

    Args:
        language: of the query; "" if it is not clear.
        by_space: its embedding by the model of each space.
        information: of each of its words.
        usual: how many deviations its cosine with usual prompts is above that of unrelated texts.
    """

    language: str
    by_space: Mapping[int, EmbeddedQuery]
    information: Mapping[str, float]
    usual: float

    @property
    def is_english(self) -> bool:
        """Whether the query is in English, as far as one can tell."""
        return self.language in ("", "en")


class Meaning:
    """The models of one index, and the vectors that they made; threads may share it.

    Args:
        embedders: the model of each space, loaded.
    """

    def __init__(self, embedders: Mapping[int, Embedder]) -> None:
        self.embedders = embedders
        self._scans = {space: VectorScan(space) for space in embedders}

    def embed_query(
        self, index: Vectors, text: str, words: Sequence[str] = ()
    ) -> QueryEmbeddings | None:
        """Embed a query; None if the index has no vectors of these models, or none can read the query.

        Args:
            index: what is searched.
            text: of the query.
            words: its index words.

        Raises:
            EmbeddingError: a model cannot be reached.
        """
        found = {
            space: query
            for space, embedder in self.embedders.items()
            if (query := _embed(index, space, embedder, text)) is not None
        }
        if not found:
            return None
        code = language(text)
        space = CONFIGURED if code in ("", "en") and CONFIGURED in found else max(found)
        embedder = self.embedders[space]
        return QueryEmbeddings(
            code,
            found,
            information(text, words, embedder.surprise),
            _usual(embedder.name, found[space].vector),
        )

    def fuse(
        self,
        index: SearchIndex,
        query: QueryEmbeddings,
        weights: Mapping[str, float],
        where: NoteFilter,
        found: Sequence[Candidate],
        held: float = 1.0,
    ) -> tuple[list[Candidate], dict[int, Similarity]]:
        """Merge keyword candidates with the chunks that are nearest to the query, best first.

        Args:
            index: what is searched.
            query: the embedded query.
            weights: the weight of each of its words.
            where: the notes that may be found.
            found: the keyword candidates, with scores from 0 to 1.
            held: the share of the query that the best of them holds; the lower, the more the cosine
                counts (docs/decisions/fusion.md).

        Returns:
            The best `MAX_COMPARED` with scores from 0 to 1, and the similarity of each chunk.
        """
        by_space = self._similarities(index, query, where)
        others = index.not_english() if len(by_space) > 1 else []
        near = _blended(query, by_space, others)
        nearest = near.top(MAX_NEAREST) if near is not None else []
        if near is None or not nearest:
            return list(found), {}
        by_chunk = {c.chunk: c for c in found}
        cosines = dict(nearest)
        cosines |= near.of([c for c in by_chunk if c not in cosines])
        for place in index.places([chunk for chunk in cosines if chunk not in by_chunk]):
            by_chunk[place[0]] = Candidate(*place, 0.0)
        # A question in another language than the notes has few of its words in the right ones.
        crosses = MULTILINGUAL in by_space and not query.is_english
        least = MIN_VECTOR_WEIGHT_ACROSS if crosses else MIN_VECTOR_WEIGHT
        weight = least + (1 - least) * (1 - held) ** 2
        low, high = near.lowest, nearest[0][1]
        fused = {
            chunk: c.score
            if chunk not in cosines  # not embedded yet: the keyword score alone counts
            else (1 - weight) * c.score + weight * (cosines[chunk] - low) / max(high - low, 1e-9)
            for chunk, c in by_chunk.items()
        }
        best = sorted(fused, key=lambda chunk: (-fused[chunk], chunk))[:MAX_COMPARED]
        # The English model's tokens of another language say little; that chunk keeps its fused score.
        foreign = set(others)
        english = [chunk for chunk in best if by_chunk[chunk].note not in foreign]
        maxsims = _maxsim_scores(index, query, weights, english)
        scores = _combine({chunk: fused[chunk] for chunk in best}, maxsims)
        second = by_space.get(MULTILINGUAL)
        multilingual = second.of(best) if second is not None else {}
        candidates = [by_chunk[chunk] for chunk in best]
        unusual = self._unusual(query, by_space, candidates, foreign)
        unusual_about = self._unusual_about(index, query, by_space, candidates, foreign)
        ranked = [by_chunk[chunk]._replace(score=score) for chunk, score in scores.items()]
        ranked.sort(key=lambda c: (-c.score, c.chunk))
        return ranked, {
            chunk: Similarity(
                cosines[chunk],
                maxsims.get(chunk),
                multilingual.get(chunk),
                unusual.get(chunk),
                unusual_about.get(by_chunk[chunk].note),
            )
            for chunk in best
            if chunk in cosines
        }

    def _similarities(
        self, index: SearchIndex, query: QueryEmbeddings, where: NoteFilter
    ) -> dict[int, Similarities]:
        """Space -> how similar all chunks are to the query."""
        notes = None if where.accepts_all else index.accepted(where)
        by_space = {}
        for space, embedded in query.by_space.items():
            model = index.model(space)  # another process may have replaced it meanwhile
            made_by = (self.embedders[space].name, len(embedded.vector))
            if model is not None and (model.name, model.dimension) == made_by:
                by_space[space] = self._scans[space].search(index, embedded.vector, notes)
        return by_space

    def _unusual(
        self,
        query: QueryEmbeddings,
        by_space: Mapping[int, Similarities],
        candidates: Sequence[Candidate],
        foreign: Container[int],
    ) -> dict[int, float]:
        """Chunk -> how many deviations its cosine is above that of unrelated texts, by all models."""
        by_model: dict[int, dict[int, float]] = {}
        for space, near in by_space.items():
            unrelated = background(self.embedders[space].name, near)
            cosines = near.of([c.chunk for c in candidates])
            by_model[space] = {
                chunk: z
                for chunk, cosine in cosines.items()
                if (z := unrelated.z(cosine)) is not None
            }
        return _mixed(query, by_model, {c.chunk: c.note in foreign for c in candidates})

    def _unusual_about(
        self,
        index: Vectors,
        query: QueryEmbeddings,
        by_space: Mapping[int, Similarities],
        candidates: Sequence[Candidate],
        foreign: Container[int],
    ) -> dict[int, float]:
        """Note -> the same of what its frontmatter says of it."""
        notes = list(dict.fromkeys(c.note for c in candidates))
        by_model: dict[int, dict[int, float]] = {}
        for space, near in by_space.items():
            unrelated = background(self.embedders[space].name, near)
            vector = to_unit_length(query.by_space[space].vector)
            by_model[space] = {
                note: z
                for note, cosine in _cosines(vector, index.about(space, notes)).items()
                if (z := unrelated.z(cosine)) is not None
            }
        return _mixed(query, by_model, {note: note in foreign for note in notes})


def _mixed(
    query: QueryEmbeddings, by_model: Mapping[int, Mapping[int, float]], foreign: Mapping[int, bool]
) -> dict[int, float]:
    """The mean of the values by both models, where both have one, with the shares of the models.

    Args:
        query: the embedded query.
        by_model: values of chunks or notes, by the space of the model.
        foreign: which of these are in another language than English.
    """
    first, second = (by_model.get(space, {}) for space in (CONFIGURED, MULTILINGUAL))
    found = {**second, **first}
    for item in first.keys() & second.keys():
        english = query.is_english and not foreign[item]
        share = MULTILINGUAL_SHARE_ENGLISH if english else MULTILINGUAL_SHARE
        found[item] = (1 - share) * first[item] + share * second[item]
    return found


def _cosines(
    vector: NDArray[np.float32], others: Mapping[int, NDArray[np.int8]]
) -> dict[int, float]:
    """The cosines of a vector of length 1 with others, by their keys."""
    if not others:
        return {}
    rows = to_unit_length(np.stack(list(others.values())).astype(np.float32))
    return dict(zip(others, (rows @ vector).tolist(), strict=True))


def _usual(model: str, vector: NDArray[np.float32]) -> float:
    """How many deviations the cosine of a query with usual prompts is above that of unrelated texts."""
    cosine = likeness(model, to_unit_length(vector))
    unrelated = BACKGROUNDS.get(model)
    above = None if cosine is None or unrelated is None else unrelated.z(cosine)
    return USUAL_PROMPT if above is None else above


def _blended(
    query: QueryEmbeddings, by_space: Mapping[int, Similarities], others: Sequence[int]
) -> Similarities | None:
    """How similar all chunks are to the query; None if no vectors of the models exist any more.

    Args:
        query: the embedded query.
        by_space: how similar all chunks are by each model.
        others: the notes in other languages than English.
    """
    first, second = by_space.get(CONFIGURED), by_space.get(MULTILINGUAL)
    if first is None or second is None:
        return first or second
    if not query.is_english:
        return blend(first, second, MULTILINGUAL_SHARE)
    return blend(first, second, MULTILINGUAL_SHARE_ENGLISH, others, MULTILINGUAL_SHARE)


def _embed(index: Vectors, space: int, embedder: Embedder, text: str) -> EmbeddedQuery | None:
    """Embed a query by one model; None if the index has no vectors of it, or it cannot read the query."""
    indexed = index.model(space)
    if indexed is None:
        return None
    if indexed.name != embedder.name:
        index.mark_outdated()
        return None
    if embedder.knows(text) < MIN_KNOWN_SHARE:
        return None
    query = embedder.embed_query(text)
    if len(query.vector) != indexed.dimension:
        index.mark_outdated()
        return None
    return query


def _maxsim_scores(
    index: Vectors, query: QueryEmbeddings, weights: Mapping[str, float], chunks: Sequence[int]
) -> dict[int, float]:
    """Chunk -> MaxSim, for the chunks whose token states are stored; none for a query in another language."""
    embedded = query.by_space.get(CONFIGURED)
    other = MULTILINGUAL in query.by_space and not query.is_english
    if embedded is None or not len(embedded.states) or other:
        return {}
    tokens = index.tokens(chunks)
    compared = [chunk for chunk in chunks if chunk in tokens]
    scores = maxsim(
        embedded.states,
        [tokens[chunk] for chunk in compared],
        _token_weights(embedded.words, weights),
    )
    return dict(zip(compared, scores.tolist(), strict=True))


def _token_weights(tokens: Sequence[str], weights: Mapping[str, float]) -> NDArray[np.float32]:
    """The weight of each token is that of its word; stop words get the lowest weight."""
    lowest = log(2)  # the weight of a word that every chunk contains
    found = {
        word: max((weights[part] for part in words(word) if part in weights), default=lowest)
        for word in dict.fromkeys(tokens)
    }
    return np.array([found[word] for word in tokens], np.float32)


def _combine(fused: Mapping[int, float], maxsims: Mapping[int, float]) -> dict[int, float]:
    """The weighted sum of fused scores and MaxSim, each scaled to 0..1.

    A chunk whose tokens were not compared keeps its fused score.
    """
    if len(maxsims) < 2:
        return dict(fused)
    low, high = min(fused.values()), max(fused.values())
    lowest, highest = min(maxsims.values()), max(maxsims.values())
    scores = {chunk: (score - low) / max(high - low, 1e-9) for chunk, score in fused.items()}
    for chunk, score in maxsims.items():
        compared = (score - lowest) / max(highest - lowest, 1e-9)
        scores[chunk] = (1 - MAXSIM_WEIGHT) * scores[chunk] + MAXSIM_WEIGHT * compared
    return scores
