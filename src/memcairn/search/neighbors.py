"""Scores from the structure of notes: a chunk beside a good chunk is likely to belong to the answer.

A note rarely repeats a word: the words of a query are spread over neighboring chunks. Therefore a chunk gets
a share of the query's words in its neighbors, and later a share of their scores and of the best score in its
note. On conversations as Markdown, no other step after BM25 improves recall as much.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from memcairn.search.keyword import Candidate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memcairn.search.index import Chunks

# Share of the score of a chunk that is one, two … positions away.
NEIGHBOR_SHARES = (0.3, 0.15)
BEST_OF_NOTE_SHARE = 0.5
# Added to the score of a note's first chunk in a semantic search: its opening says what the note is about,
# which lists of links and later sections repeat.
OPENING = 0.1
_STEPS = tuple(
    (step, share)
    for distance, share in enumerate(NEIGHBOR_SHARES, 1)
    for step, share in ((-distance, share), (distance, share))
)
_HERE_AND_STEPS = ((0, 1.0), *_STEPS)

Place = tuple[int, int]  # note, position


def score_by_nearby_words(
    index: Chunks, candidates: Sequence[Candidate], wanted: int
) -> list[Candidate]:
    """Score candidates and their neighbors by the words in and around them, best first; the best gets 1.

    Each word counts once, where it adds most: in the chunk itself, or a share of it in a neighbor.

    Args:
        index: what is searched.
        candidates: chunks that contain words of the query.
        wanted: how many the caller uses; a neighbor that cannot be among them is not fetched.
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
    return _at_places(index, candidates, scores, wanted)


def add_inherited(index: Chunks, candidates: Sequence[Candidate], wanted: int) -> list[Candidate]:
    """Add to candidates and their neighbors shares of the scores beside them and of the best in the note.

    The first chunk of a note that is a candidate gets `OPENING` before.

    Returns:
        The candidates, best first.
    """
    candidates = [
        c if c.position or not c.score else c._replace(score=c.score + OPENING) for c in candidates
    ]
    scores: defaultdict[Place, float] = defaultdict(float)
    for c in candidates:
        scores[c.note, c.position] += c.score
        for step, share in _STEPS:
            scores[c.note, c.position + step] += share * c.score
    best = _best_of_notes(candidates)
    for place in scores:
        scores[place] += BEST_OF_NOTE_SHARE * best[place[0]]
    return _at_places(index, candidates, scores, wanted)


def add_best_of_note(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Add to each candidate a share of the best score in its note; best first."""
    best = _best_of_notes(candidates)
    return _ordered(
        [c._replace(score=c.score + BEST_OF_NOTE_SHARE * best[c.note]) for c in candidates]
    )


def _best_of_notes(candidates: Sequence[Candidate]) -> dict[int, float]:
    best: dict[int, float] = {}
    for c in candidates:
        best[c.note] = max(best.get(c.note, 0.0), c.score)
    return best


def _at_places(
    index: Chunks, candidates: Sequence[Candidate], scores: Mapping[Place, float], wanted: int
) -> list[Candidate]:
    """The candidates with the scores of their places, and the neighbors that are among the best."""
    known = {(c.note, c.position) for c in candidates}
    ranked = _ordered([c._replace(score=scores[c.note, c.position]) for c in candidates])
    enough = ranked[wanted - 1].score if len(ranked) >= wanted else 0.0
    wanted_places = [
        place
        for place, score in scores.items()
        if score > enough and place[1] >= 0 and place not in known
    ]
    found = [
        Candidate(chunk, note, position, scores[note, position])
        for chunk, note, position in index.chunks_at(wanted_places)
    ]
    return _ordered(ranked + found) if found else ranked


def _ordered(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda c: (-c.score, c.chunk))
