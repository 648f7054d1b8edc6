"""The stages of a search, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.notes.words import query_words
from memcairn.search import keyword, passages, periods, relevance, structure, validity
from memcairn.search.query import note_filter
from memcairn.search.relevance import ScoringContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memcairn.search.meaning import Meaning
    from memcairn.search.passages import Passage, Source
    from memcairn.search.query import Query
    from memcairn.store.database import Database

# Candidates beyond the number asked for: neighbours raise some of them.
SPARE_CANDIDATES = 100


def search(
    db: Database, query: Query, meaning: Meaning | None = None
) -> tuple[list[Passage], dict[str, Source]]:
    """The passages that answer best, best first, and what they are from, by path.

    Args:
        db: index.db.
        query: what is asked.
        meaning: the model that compares meanings; None: words are all that counts.

    Raises:
        EmbeddingError: the model cannot be reached.
    """
    asked = query_words(query.text)
    # A query without a word, "" or "?!", means nothing: to a model everything would be about as near to it.
    meant = None if meaning is None or not asked else meaning.of_query(db, query.text)
    with db.snapshot():
        where = note_filter(query)
        counted = keyword.frequencies(db, asked)
        found = keyword.candidates(db, counted, where, limit=SPARE_CANDIDATES + query.limit)
        (chunks,) = db.execute("SELECT COALESCE(MAX(id), 0) FROM chunk").fetchone()
        weighed = relevance.weights(counted, chunks)
        wanted = 2 * query.limit
        compared: Mapping[int, tuple[float, float | None]] = {}
        if meaning is None or meant is None:
            fused = found = structure.by_words_around(db, found, wanted)
            ranked = structure.with_best_of_note(fused)
        else:
            found = structure.by_words_around(db, found, SPARE_CANDIDATES)
            fused, compared = meaning.fuse(db, meant, weighed, where, found)
            ranked = structure.inherit(db, fused, wanted)
        known = ScoringContext(
            {word: weighed[word] for word in asked},
            {c.chunk: c.score for c in found},
            compared,
            {c.chunk: c.score for c in fused},
            {c.chunk: c.score for c in ranked},
        )
        if (period := query.period) is not None:
            of_then = periods.timely(db, (candidate.note for candidate in ranked), period)
            ranked = periods.boost_period(ranked, of_then)
        outdated = validity.outdated(db, (candidate.note for candidate in ranked), query)
        ranked = validity.demote_outdated(ranked, outdated)
        return passages.build(
            db,
            ranked,
            known,
            outdated,
            limit=query.limit,
            budget_words=query.budget_words,
            join_from=passages.JOIN_MEANT if meant is not None else passages.JOIN_WORDS,
        )
