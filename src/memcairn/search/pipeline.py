"""The stages of a search, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from memcairn.notes.language import likely_language
from memcairn.notes.words import query_words, shares
from memcairn.search import keyword, neighbors, passages, periods, relevance, validity
from memcairn.search.query import note_filter
from memcairn.search.relevance import ScoringContext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memcairn.search.hybrid import Meaning, QueryEmbeddings, Similarity
    from memcairn.search.index import SearchIndex
    from memcairn.search.passages import ChunkSpan, Passage, Source
    from memcairn.search.query import Query
    from memcairn.search.validity import Outdated
    from memcairn.store.search_values import NoteFilter

# Candidates beyond the requested number, since neighbors raise the scores of some.
SPARE_CANDIDATES = 100
# Answers with at most this many passages are the beginning of the same answer, and so of a longer one.
MIN_LIMIT = 20


def search(
    index: SearchIndex,
    query: Query,
    meaning: Meaning | None = None,
    excluded: Sequence[int] = (),
) -> tuple[list[Passage], dict[str, Source]]:
    """Find the best passages.

    Args:
        index: what is searched.
        query: the request.
        meaning: the model for semantic search; None: keyword search only.
        excluded: the ids of roots whose notes are left out.

    Returns:
        The passages, best first, and the files that they were read from, by path.

    Raises:
        EmbeddingError: the model cannot be reached.
    """
    words = keyword.known_forms(index, query_words(query.text), likely_language(query.text))
    # A query without words, such as "?!", is about as near to everything: its vector says nothing.
    embedded = (
        None if meaning is None or not words else meaning.embed_query(index, query.text, words)
    )
    with index.snapshot():
        frequencies = keyword.word_frequencies(index, words)
        chunks = index.chunk_count()
        ranking = _Ranking(
            index,
            query,
            words,
            shares(query.text),
            meaning,
            embedded,
            frequencies,
            chunks,
            note_filter(query, excluded),
        )
        spans, context, outdated = ranking.spans(MIN_LIMIT)
        if query.limit > MIN_LIMIT:
            more, wider, more_outdated = ranking.spans(query.limit)
            spans += [span for span in more if not any(span.overlaps(first) for first in spans)]
            context, outdated = wider.including(context), more_outdated | outdated
        return passages.build(
            index, spans[: query.limit], context, outdated, budget_words=query.budget_words
        )


class _Ranking(NamedTuple):
    """The state of one search."""

    store: SearchIndex
    query: Query
    words: Sequence[str]
    shares: Mapping[str, float]
    meaning: Meaning | None
    embedded: QueryEmbeddings | None
    frequencies: Mapping[str, int]
    chunks: int
    where: NoteFilter

    def spans(self, limit: int) -> tuple[list[ChunkSpan], ScoringContext, dict[int, Outdated]]:
        """The best chunks, joined, with the values that their scores come from."""
        index, query, embedded = self.store, self.query, self.embedded
        found = keyword.find_candidates(
            index, self.frequencies, self.where, limit=SPARE_CANDIDATES + limit
        )
        weights = relevance.word_weights(self.frequencies, self.chunks)
        wanted = 2 * limit
        similarities: Mapping[int, Similarity] = {}
        if self.meaning is None or embedded is None:
            fused = found = neighbors.score_by_nearby_words(index, found, wanted)
            ranked = neighbors.add_best_of_note(fused)
        else:
            found = neighbors.score_by_nearby_words(index, found, SPARE_CANDIDATES)
            held = keyword.held_share(found, self.frequencies, weights)
            fused, similarities = self.meaning.fuse(
                index, embedded, weights, self.where, found, held
            )
            ranked = neighbors.add_inherited(index, fused, wanted)
        context = ScoringContext(
            {word: weights[word] * self.shares.get(word, 1.0) for word in self.words},
            self.shares,
            {c.chunk: c.score for c in found},
            similarities,
            {c.chunk: c.score for c in fused},
            {c.chunk: c.score for c in ranked},
            embedded,
        )
        if (period := query.period) is not None:
            of_period = periods.notes_in_period(index, (c.note for c in ranked), period)
            ranked = periods.boost_period(ranked, of_period)
        ranked = passages.without_copies(index, ranked)
        ranked, outdated = validity.add_successors(index, ranked, query, self.where)
        ranked = validity.demote_outdated(index, ranked, outdated)
        share = passages.MIN_JOIN_SHARE if embedded is None else passages.MIN_JOIN_SHARE_SEMANTIC
        return passages.join_adjacent(ranked, limit, share), context, outdated
