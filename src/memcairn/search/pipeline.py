"""The stages of a search, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.notes.words import query_words
from memcairn.search import keyword, passages, structure, validity
from memcairn.search.query import note_filter

if TYPE_CHECKING:
    from memcairn.search.passages import Passage
    from memcairn.search.query import Query
    from memcairn.signature import Signature
    from memcairn.store.database import Database

# Candidates beyond the number asked for: neighbours raise some of them.
SPARE_CANDIDATES = 200


def search(db: Database, query: Query) -> tuple[list[Passage], dict[str, Signature]]:
    """The passages that answer best, best first, and the signatures of the notes that they are from."""
    asked = {word: word for word in query_words(query.text)}
    with db.snapshot():
        found = keyword.candidates(
            db, list(asked), note_filter(query), limit=SPARE_CANDIDATES + query.limit
        )
        ranked = structure.inherit(db, found, 2 * query.limit)
        outdated = validity.outdated(db, (candidate.note for candidate in ranked), query)
        ranked = validity.lowered(ranked, outdated)
        return passages.build(
            db, ranked, asked, outdated, limit=query.limit, budget_words=query.budget_words
        )
