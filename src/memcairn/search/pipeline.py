"""The stages of a search, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.notes.words import query_words
from memcairn.search import keyword, passages, periods, relevance, structure, validity
from memcairn.search.query import note_filter
from memcairn.search.relevance import ScoringContext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memcairn.search.meaning import Meaning
    from memcairn.search.passages import Passage, Source
    from memcairn.search.query import Query
    from memcairn.store.database import Database

# Candidates beyond the requested number, since neighbors raise the scores of some.
SPARE_CANDIDATES = 100


def search(
    db: Database,
    query: Query,
    meaning: Meaning | None = None,
    excluded: Sequence[int] = (),
) -> tuple[list[Passage], dict[str, Source]]:
    """Find the best passages.

    Args:
        db: index.db.
        query: the request.
        meaning: the model for semantic search; None: keyword search only.
        excluded: the ids of roots whose notes are left out.

    Returns:
        The passages, best first, and the files that they were read from, by path.

    Raises:
        EmbeddingError: the model cannot be reached.
    """
    words = query_words(query.text)
    # A query without words, such as "?!", is about as near to everything: its vector says nothing.
    embedded = None if meaning is None or not words else meaning.embed_query(db, query.text)
    with db.snapshot():
        where = note_filter(query, excluded)
        frequencies = keyword.word_frequencies(db, words)
        found = keyword.find_candidates(
            db, frequencies, where, limit=SPARE_CANDIDATES + query.limit
        )
        (chunks,) = db.execute("SELECT COALESCE(MAX(id), 0) FROM chunk").fetchone()
        weights = relevance.word_weights(frequencies, chunks)
        wanted = 2 * query.limit
        similarities: Mapping[int, tuple[float, float | None]] = {}
        if meaning is None or embedded is None:
            fused = found = structure.score_by_nearby_words(db, found, wanted)
            ranked = structure.add_best_of_note(fused)
        else:
            found = structure.score_by_nearby_words(db, found, SPARE_CANDIDATES)
            fused, similarities = meaning.fuse(db, embedded, weights, where, found)
            ranked = structure.add_inherited(db, fused, wanted)
        context = ScoringContext(
            {word: weights[word] for word in words},
            {c.chunk: c.score for c in found},
            similarities,
            {c.chunk: c.score for c in fused},
            {c.chunk: c.score for c in ranked},
        )
        if (period := query.period) is not None:
            of_period = periods.notes_in_period(db, (c.note for c in ranked), period)
            ranked = periods.boost_period(ranked, of_period)
        outdated = validity.find_outdated(db, (c.note for c in ranked), query)
        ranked = validity.demote_outdated(ranked, outdated)
        return passages.build(
            db,
            ranked,
            context,
            outdated,
            limit=query.limit,
            budget_words=query.budget_words,
            min_join_share=(
                passages.MIN_JOIN_SHARE if embedded is None else passages.MIN_JOIN_SHARE_SEMANTIC
            ),
        )
