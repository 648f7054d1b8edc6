"""Semantic search: compare the embedding of a query with those of chunks, and fuse the scores.

    query ──embed──► cosine with every vector ──► the nearest chunks and the keyword candidates
                     MaxSim with the best of both ──► their order

Each kind of score is scaled to 0..1 and then weighted. Fusion by rank would lose how far apart two scores are
(docs/decisions/fusion.md). A query that the model cannot read is searched by keyword only.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from memcairn.embedding.embedder import MIN_KNOWN_SHARE
from memcairn.embedding.maxsim import maxsim
from memcairn.notes.words import words
from memcairn.search.keyword import Candidate
from memcairn.store import vector_state, vectors
from memcairn.store.vector_scan import VectorScan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from memcairn.embedding.embedder import EmbeddedQuery, Embedder
    from memcairn.search.query import Filter
    from memcairn.store.database import Database

# The least weight of the cosine in a fused score; the rest is the weight of the keyword score.
MIN_VECTOR_WEIGHT = 0.3
# Weight of MaxSim in the scores of the best candidates; the rest is the weight of the fused score.
MAXSIM_WEIGHT = 0.6
MAX_NEAREST = 200
MAX_COMPARED = 100
_BATCH_SIZE = 500


class Similarity(NamedTuple):
    """How similar a chunk is to the query.

    Args:
        cosine: of the two vectors, -1..1.
        maxsim: mean over the query's tokens of their best match, about -1..1; None: not compared.
    """

    cosine: float
    maxsim: float | None = None


class Meaning:
    """A model, and the vectors of one index that it made; threads may share it.

    Args:
        embedder: the model, loaded.
    """

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self._scan = VectorScan()

    def embed_query(self, db: Database, text: str) -> EmbeddedQuery | None:
        """Embed a query; None if the index has no vectors of this model, or the model cannot read the query.

        Raises:
            EmbeddingError: the model cannot be reached.
        """
        indexed = vector_state.model(db)
        if indexed is None:
            return None
        if indexed.name != self.embedder.name:
            vector_state.mark_outdated(db)
            return None
        if self.embedder.knows(text) < MIN_KNOWN_SHARE:
            return None
        query = self.embedder.embed_query(text)
        if len(query.vector) != indexed.dimension:
            vector_state.mark_outdated(db)
            return None
        return query

    def fuse(
        self,
        db: Database,
        query: EmbeddedQuery,
        weights: Mapping[str, float],
        where: Filter,
        found: Sequence[Candidate],
        held: float = 1.0,
    ) -> tuple[list[Candidate], dict[int, Similarity]]:
        """Merge keyword candidates with the chunks that are nearest to the query, best first.

        Args:
            db: index.db.
            query: the embedded query.
            weights: the weight of each of its words.
            where: the condition for notes.
            found: the keyword candidates, with scores from 0 to 1.
            held: the share of the query that the best of them holds; the lower, the more the cosine
                counts (docs/decisions/fusion.md).

        Returns:
            The best `MAX_COMPARED` with scores from 0 to 1, and the similarity of each chunk.
        """
        model = vector_state.model(db)  # another process may have replaced it since `embed_query`
        if model is None or (model.name, model.dimension) != (
            self.embedder.name,
            len(query.vector),
        ):
            return list(found), {}
        notes = _notes(db, where) if where.sql else None
        near = self._scan.search(db, query.vector, notes)
        nearest = near.top(MAX_NEAREST)
        if not nearest:
            return list(found), {}
        by_chunk = {c.chunk: c for c in found}
        cosines = dict(nearest)
        cosines |= near.of([c for c in by_chunk if c not in cosines])
        for c in _candidates(db, [chunk for chunk in cosines if chunk not in by_chunk]):
            by_chunk[c.chunk] = c
        weight = MIN_VECTOR_WEIGHT + (1 - MIN_VECTOR_WEIGHT) * (1 - held) ** 2
        low, high = near.lowest, nearest[0][1]
        fused = {
            chunk: c.score
            if chunk not in cosines  # not embedded yet: the keyword score alone counts
            else (1 - weight) * c.score + weight * (cosines[chunk] - low) / max(high - low, 1e-9)
            for chunk, c in by_chunk.items()
        }
        best = sorted(fused, key=lambda chunk: (-fused[chunk], chunk))[:MAX_COMPARED]
        maxsims = self._maxsim_scores(db, query, weights, best)
        scores = _combine({chunk: fused[chunk] for chunk in best}, maxsims)
        ranked = [by_chunk[chunk]._replace(score=score) for chunk, score in scores.items()]
        ranked.sort(key=lambda c: (-c.score, c.chunk))
        return ranked, {
            chunk: Similarity(cosines[chunk], maxsims.get(chunk))
            for chunk in best
            if chunk in cosines
        }

    def _maxsim_scores(
        self,
        db: Database,
        query: EmbeddedQuery,
        weights: Mapping[str, float],
        chunks: Sequence[int],
    ) -> dict[int, float]:
        """Chunk -> MaxSim, for the chunks whose token states are stored."""
        if not len(query.states):
            return {}
        tokens = vectors.tokens(db, chunks)
        compared = [chunk for chunk in chunks if chunk in tokens]
        scores = maxsim(
            query.states,
            [tokens[chunk] for chunk in compared],
            _token_weights(query.words, weights),
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


def _notes(db: Database, where: Filter) -> list[int]:
    sql = f"SELECT id FROM note WHERE {where.sql}"
    return [id_ for (id_,) in db.execute(sql, where.row)]


def _candidates(db: Database, chunks: Sequence[int]) -> Iterator[Candidate]:
    for start in range(0, len(chunks), _BATCH_SIZE):
        batch = chunks[start : start + _BATCH_SIZE]
        marks = ", ".join("?" * len(batch))
        sql = f"SELECT id, note, position, 0.0 FROM chunk WHERE id IN ({marks})"
        for row in db.execute(sql, batch):
            yield Candidate(*row)
