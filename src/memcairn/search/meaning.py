"""What chunks mean beside what a query means: vectors first, then token by token.

    query ──embed──► cosines with every vector ──► the nearest join the chunks that hold its words
                     MaxSim with the best of both ──► their order

Scores are fused by weight after each was brought to 0..1, not by rank: a rank forgets how far apart two
scores are (docs/decisions/fusion.md). What the model cannot read has no weight: search by words is all
there is then.
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

# Of a fused score, the part that is the vectors'; the rest is the words'.
VECTORS = 0.3
# Of the scores of the best, the part that is MaxSim's; the rest is the fused score.
MAXSIM = 0.6
NEAREST = 200
COMPARED = 100
_AT_ONCE = 500


class Compared(NamedTuple):
    """What vectors and tokens say of one chunk.

    Args:
        cosine: of the query's vector with the chunk's, -1..1.
        maxsim: mean over the query's tokens of their best match, about -1..1; None: not compared.
    """

    cosine: float
    maxsim: float | None = None


class Meaning:
    """A model, and the vectors of one index that were made with it; threads may share it.

    Args:
        embedder: the model, loaded.
    """

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self._scan = VectorScan()

    def of_query(self, db: Database, text: str) -> EmbeddedQuery | None:
        """What a query means; None if the index has no vectors of this model, or it cannot read it.

        Raises:
            EmbeddingError: the model cannot be reached.
        """
        held = vector_state.model(db)
        if held is None:
            return None
        if held.name != self.embedder.name:
            vector_state.mark_outdated(db)
            return None
        if self.embedder.knows(text) < MIN_KNOWN_SHARE:
            return None
        asked = self.embedder.embed_query(text)
        if len(asked.vector) != held.dimension:
            vector_state.mark_outdated(db)
            return None
        return asked

    def fuse(
        self,
        db: Database,
        asked: EmbeddedQuery,
        weighed: Mapping[str, float],
        where: Filter,
        found: Sequence[Candidate],
    ) -> tuple[list[Candidate], dict[int, Compared]]:
        """Join the chunks that hold a query's words with those that are near to it, best first.

        Args:
            db: index.db.
            asked: what the query means.
            weighed: its words -> how much each says.
            where: which notes may answer.
            found: the chunks that hold its words, with scores from 0 to 1.

        Returns:
            The best `COMPARED` with scores from 0 to 1, and what was compared by chunk.
        """
        held = vector_state.model(db)  # by now it may be another one
        if held is None or (held.name, held.dimension) != (self.embedder.name, len(asked.vector)):
            return list(found), {}
        notes = _notes(db, where) if where.sql else None
        near = self._scan.search(db, asked.vector, notes)
        nearest = near.top(NEAREST)
        if not nearest:
            return list(found), {}
        by_chunk = {c.chunk: c for c in found}
        cosines = dict(nearest)
        cosines |= near.of([c for c in by_chunk if c not in cosines])
        for c in _candidates(db, [chunk for chunk in cosines if chunk not in by_chunk]):
            by_chunk[c.chunk] = c
        low, high = near.lowest, nearest[0][1]
        fused = {
            chunk: c.score
            if chunk not in cosines  # not embedded yet: its words speak for it alone
            else (1 - VECTORS) * c.score + VECTORS * (cosines[chunk] - low) / max(high - low, 1e-9)
            for chunk, c in by_chunk.items()
        }
        best = sorted(fused, key=lambda chunk: (-fused[chunk], chunk))[:COMPARED]
        late = self._late(db, asked, weighed, best)
        scores = _joined({chunk: fused[chunk] for chunk in best}, late)
        ranked = [by_chunk[chunk]._replace(score=score) for chunk, score in scores.items()]
        ranked.sort(key=lambda c: (-c.score, c.chunk))
        return ranked, {
            chunk: Compared(cosines[chunk], late.get(chunk)) for chunk in best if chunk in cosines
        }

    def _late(
        self,
        db: Database,
        asked: EmbeddedQuery,
        weighed: Mapping[str, float],
        chunks: Sequence[int],
    ) -> dict[int, float]:
        """Chunk -> MaxSim, for those that have token states."""
        if not len(asked.states):
            return {}
        tokens = vectors.tokens(db, chunks)
        compared = [chunk for chunk in chunks if chunk in tokens]
        said = maxsim(
            asked.states,
            [tokens[chunk] for chunk in compared],
            _token_weights(asked.words, weighed),
        )
        return dict(zip(compared, said.tolist(), strict=True))


def _token_weights(tokens: Sequence[str], weighed: Mapping[str, float]) -> NDArray[np.float32]:
    """How much each token says: as much as the word that it is a part of; a stop word nearly nothing."""
    least = log(2)  # the weight of a word that every chunk holds
    found = {
        word: max((weighed[part] for part in words(word) if part in weighed), default=least)
        for word in dict.fromkeys(tokens)
    }
    return np.array([found[word] for word in tokens], np.float32)


def _joined(fused: Mapping[int, float], late: Mapping[int, float]) -> dict[int, float]:
    """The scores of chunks from their fused scores and MaxSim, each brought to 0..1 among them.

    A chunk whose tokens were not compared keeps its fused score.
    """
    if len(late) < 2:
        return dict(fused)
    low, high = min(fused.values()), max(fused.values())
    least, most = min(late.values()), max(late.values())
    scores = {chunk: (score - low) / max(high - low, 1e-9) for chunk, score in fused.items()}
    for chunk, score in late.items():
        compared = (score - least) / max(most - least, 1e-9)
        scores[chunk] = (1 - MAXSIM) * scores[chunk] + MAXSIM * compared
    return scores


def _notes(db: Database, where: Filter) -> list[int]:
    sql = f"SELECT id FROM note WHERE {where.sql}"
    return [id_ for (id_,) in db.execute(sql, where.row)]


def _candidates(db: Database, chunks: Sequence[int]) -> Iterator[Candidate]:
    for start in range(0, len(chunks), _AT_ONCE):
        some = chunks[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        sql = f"SELECT id, note, position, 0.0 FROM chunk WHERE id IN ({marks})"
        for row in db.execute(sql, some):
            yield Candidate(*row)
