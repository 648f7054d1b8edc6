"""How much of a query the best keyword candidate holds."""

from __future__ import annotations

import pytest

from memcairn.search.keyword import Candidate, held_share

FREQUENCIES = {"absent": 0, "rare": 1, "known": 9, "common": 5000}
WEIGHTS = {"absent": 4.0, "rare": 3.0, "known": 1.0, "common": 0.5}


def candidate(position: int, words: tuple[float, ...], note: int = 1) -> Candidate:
    return Candidate(position, note, position, 1.0 / (position + 1), words)


@pytest.mark.parametrize(
    ("found", "share"),
    [
        ([], 0.0),
        ([candidate(0, (2.0, 1.0))], 0.5),
        ([candidate(0, (2.0, 0.0))], 3 / 8),
        ([candidate(0, (2.0, 0.0)), candidate(2, (0.0, 1.0))], 0.5),
        ([candidate(0, (2.0, 0.0)), candidate(3, (0.0, 1.0))], 3 / 8),
        ([candidate(0, (2.0, 0.0)), candidate(1, (0.0, 1.0), note=2)], 3 / 8),
        ([candidate(1, ()), candidate(0, (0.0, 1.0))], 1 / 8),
    ],
)
def test_is_the_weight_of_the_words_in_the_best_candidate_and_its_neighbors(
    found: list[Candidate], share: float
) -> None:
    assert held_share(found, FREQUENCIES, WEIGHTS) == pytest.approx(share)
