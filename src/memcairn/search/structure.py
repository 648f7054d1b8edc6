"""What stands beside a good chunk is likely to belong to the answer.

A chunk inherits a share of its neighbours' scores and of the best score in its note. On conversations
written out as Markdown this is worth more than any other step after BM25 itself.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from memcairn.search.keyword import Candidate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.store.database import Database

# Share of the score of a chunk one, two … places away.
NEIGHBOURS = (0.3, 0.15)
BEST_OF_NOTE = 0.5


def inherit(db: Database, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates and their neighbours, with inherited scores, best first."""
    by_place = {(c.note, c.position): c for c in candidates}
    scores: defaultdict[tuple[int, int], float] = defaultdict(float)
    best: defaultdict[int, float] = defaultdict(float)
    for c in candidates:
        scores[c.note, c.position] += c.score
        best[c.note] = max(best[c.note], c.score)
        for distance, share in enumerate(NEIGHBOURS, 1):
            for position in (c.position - distance, c.position + distance):
                scores[c.note, position] += share * c.score
    missing = [place for place in scores if place not in by_place and place[1] >= 0]
    by_place |= {(c.note, c.position): c for c in _at(db, missing)}
    inherited = [
        c._replace(score=scores[place] + BEST_OF_NOTE * best[c.note])
        for place, c in by_place.items()
    ]
    inherited.sort(key=lambda c: (-c.score, c.chunk))
    return inherited


def _at(db: Database, places: Sequence[tuple[int, int]]) -> list[Candidate]:
    sql = "SELECT id, note, position, section, 0.0 FROM chunk WHERE note = ? AND position = ?"
    return [Candidate(*row) for place in places for row in db.execute(sql, place)]
