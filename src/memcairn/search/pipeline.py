"""The stages of a search, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.notes.words import query_words
from memcairn.search import keyword, passages, structure, validity
from memcairn.search.query import note_filter

if TYPE_CHECKING:
    from memcairn.search.meaning import Meaning
    from memcairn.search.passages import Passage
    from memcairn.search.query import Query
    from memcairn.signature import Signature
    from memcairn.store.database import Database

# Candidates beyond the number asked for: neighbours raise some of them.
SPARE_CANDIDATES = 200


def search(
    db: Database, query: Query, meaning: Meaning | None = None
) -> tuple[list[Passage], dict[str, Signature]]:
    """The passages that answer best, best first, and the signatures of the notes that they are from.

    Args:
        db: index.db.
        query: what is asked.
        meaning: the model that compares meanings; None: words are all that counts.

    Raises:
        EmbeddingError: the model cannot be reached.
    """
    asked = {word: word for word in query_words(query.text)}
    meant = None if meaning is None else meaning.of_query(db, query.text)
    with db.snapshot():
        where = note_filter(query)
        counted = keyword.frequencies(db, list(asked))
        found = keyword.candidates(db, counted, where, limit=SPARE_CANDIDATES + query.limit)
        wanted = 2 * query.limit
        if meaning is None or meant is None:
            ranked = structure.with_best_of_note(structure.by_words_around(db, found, wanted))
        else:
            found = structure.by_words_around(db, found, SPARE_CANDIDATES)
            ranked, _ = meaning.fuse(db, meant, counted, where, found)
            ranked = structure.inherit(db, ranked, wanted)
        outdated = validity.outdated(db, (candidate.note for candidate in ranked), query)
        ranked = validity.lowered(ranked, outdated)
        return passages.build(
            db,
            ranked,
            asked,
            outdated,
            limit=query.limit,
            budget_words=query.budget_words,
            join_from=passages.JOIN_MEANT if meant is not None else passages.JOIN_WORDS,
        )
