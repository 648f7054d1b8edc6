"""What stands beside a good chunk is likely to belong to the answer.

A note says a thing once: the question's words are spread over neighbouring chunks. So each word of the
query counts for a chunk where it stands nearest, and later a chunk inherits a share of its neighbours'
scores and of the best score in its note. On conversations written out as Markdown this is worth more than
any other step after BM25 itself.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from memcairn.search.keyword import Candidate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memcairn.store.database import Database

# Share of what a chunk one, two … places away has.
NEIGHBOURS = (0.3, 0.15)
BEST_OF_NOTE = 0.5
_STEPS = tuple(
    (step, share)
    for distance, share in enumerate(NEIGHBOURS, 1)
    for step, share in ((-distance, share), (distance, share))
)
_HERE_AND_STEPS = ((0, 1.0), *_STEPS)

Place = tuple[int, int]  # note, position


def by_words_around(db: Database, candidates: Sequence[Candidate], wanted: int) -> list[Candidate]:
    """The candidates and their neighbours by the words in and around them, best first, the best with 1.

    Each word counts once, where it adds most: in the chunk itself, or a share of it in a neighbour.

    Args:
        db: index.db.
        candidates: chunks that hold words of the query.
        wanted: how many will be looked at: a neighbour that cannot be among them is not fetched.
    """
    scores: dict[Place, float] = {}
    for ranked in zip(*[c.words for c in candidates], strict=True):
        around: dict[Place, float] = {}
        for c, score in zip(candidates, ranked, strict=True):
            if score:
                for step, share in _HERE_AND_STEPS:
                    place = (c.note, c.position + step)
                    if share * score > around.get(place, 0.0):
                        around[place] = share * score
        for place, score in around.items():
            scores[place] = scores.get(place, 0.0) + score
    best = max(scores.values(), default=0.0) or 1.0
    scores = {place: score / best for place, score in scores.items()}
    return _at_places(db, candidates, scores, wanted)


def inherit(db: Database, candidates: Sequence[Candidate], wanted: int) -> list[Candidate]:
    """The candidates and their neighbours with what they inherit, best first.

    It is a share of each score beside them, and of the best score in their note.
    """
    scores: defaultdict[Place, float] = defaultdict(float)
    for c in candidates:
        scores[c.note, c.position] += c.score
        for step, share in _STEPS:
            scores[c.note, c.position + step] += share * c.score
    best = _best_of_notes(candidates)
    for place in scores:
        scores[place] += BEST_OF_NOTE * best[place[0]]
    return _at_places(db, candidates, scores, wanted)


def with_best_of_note(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates, each with a share of the best score in its note, best first."""
    best = _best_of_notes(candidates)
    return _ordered([c._replace(score=c.score + BEST_OF_NOTE * best[c.note]) for c in candidates])


def _best_of_notes(candidates: Sequence[Candidate]) -> dict[int, float]:
    best: dict[int, float] = {}
    for c in candidates:
        best[c.note] = max(best.get(c.note, 0.0), c.score)
    return best


def _at_places(
    db: Database, candidates: Sequence[Candidate], scores: Mapping[Place, float], wanted: int
) -> list[Candidate]:
    """Candidates with the scores of their places, and those neighbours that may be among the best."""
    known = {(c.note, c.position) for c in candidates}
    ranked = _ordered([c._replace(score=scores[c.note, c.position]) for c in candidates])
    enough = ranked[wanted - 1].score if len(ranked) >= wanted else 0.0
    sql = "SELECT id, note, position, ? FROM chunk WHERE note = ? AND position = ?"
    found = [
        Candidate(*row)
        for place, score in scores.items()
        if score > enough and place[1] >= 0 and place not in known
        for row in db.execute(sql, (score, *place))
    ]
    return _ordered(ranked + found) if found else ranked


def _ordered(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda c: (-c.score, c.chunk))
