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


def inherit(db: Database, candidates: Sequence[Candidate], wanted: int) -> list[Candidate]:
    """The candidates and their neighbours, with inherited scores, best first.

    Args:
        db: index.db.
        candidates: chunks that match.
        wanted: how many will be looked at: a neighbour that cannot be among them is not fetched.
    """
    by_place = {(c.note, c.position): c for c in candidates}
    scores: defaultdict[tuple[int, int], float] = defaultdict(float)
    best: defaultdict[int, float] = defaultdict(float)
    for c in candidates:
        scores[c.note, c.position] += c.score
        best[c.note] = max(best[c.note], c.score)
        for distance, share in enumerate(NEIGHBOURS, 1):
            scores[c.note, c.position - distance] += share * c.score
            scores[c.note, c.position + distance] += share * c.score
    for place in scores:
        scores[place] += BEST_OF_NOTE * best[place[0]]
    inherited = [c._replace(score=scores[place]) for place, c in by_place.items()]
    inherited.sort(key=lambda c: (-c.score, c.chunk))
    enough = inherited[wanted - 1].score if len(inherited) >= wanted else 0.0
    missing = [
        place
        for place, score in scores.items()
        if score > enough and place[1] >= 0 and place not in by_place
    ]
    if missing:
        inherited += [c._replace(score=scores[c.note, c.position]) for c in _at(db, missing)]
        inherited.sort(key=lambda c: (-c.score, c.chunk))
    return inherited


def _at(db: Database, places: Sequence[tuple[int, int]]) -> list[Candidate]:
    sql = "SELECT id, note, position, section, 0.0 FROM chunk WHERE note = ? AND position = ?"
    return [Candidate(*row) for place in places for row in db.execute(sql, place)]
