"""The score of a passage: from 0 to 1, comparable between queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memcairn import Memory
from memcairn.search.relevance import RELEVANT, ScoreBreakdown, relevance
from support import require_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTES = {
    "deploy.md": "# Deploying\n\nThe API goes out blue-green: both run for ten minutes, then traffic moves.",
    "database.md": "# Database\n\nWe picked Postgres over MySQL for its partial indexes and JSON operators.",
    "style.md": "# Commit messages\n\nThe first line says what changes for a user, below 70 characters.",
    "hours.md": "# Hours\n\nMia is at school until three, so meetings after that time are hard to keep.",
}
ASKED = {
    "how do we deploy the API, blue-green?": "deploy.md",
    "why did we pick Postgres over MySQL": "database.md",
    "how long is the first line of commit messages": "style.md",
}
UNRELATED = [
    "recipe for tomato soup with basil and cream",
    "who won the football world cup in 1998",
    "thanks, that looks good, please continue",
    "calculate the determinant of a matrix with three rows",
]


@pytest.fixture(params=["none", "builtin"])
def filled(
    request: pytest.FixtureRequest, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Memory]:
    if request.param == "builtin":
        require_model()
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", request.param)
    for name, text in NOTES.items():
        (notes / name).write_text(text, "utf-8")
    with Memory() as memory:
        memory.index(notes)
        yield memory


def test_passages_that_answer_are_relevant(filled: Memory) -> None:
    for query, name in ASKED.items():
        best = filled.search(query)[0]
        assert best.path.endswith(name)
        assert best.score >= RELEVANT, query


def test_no_passage_is_relevant_to_a_query_about_something_else(filled: Memory) -> None:
    for query in UNRELATED:
        assert all(passage.score < RELEVANT for passage in filled.search(query)), query


numbers = st.floats(0, 1)


@given(numbers, st.none() | st.floats(-1, 1), st.integers(0, 40), numbers)
def test_the_score_is_a_probability_that_grows_with_each_feature(
    held: float, cosine: float | None, matched: int, more: float
) -> None:
    def of(held: float, cosine: float | None, matched: int) -> float:
        return relevance(ScoreBreakdown(0, cosine, None, 0, 0, 0, 0, held), matched)

    score = of(held, cosine, matched)
    assert 0 <= score <= 1
    assert of(held + more, cosine, matched) >= score
    assert of(held, cosine, matched + 1) >= score
    if cosine is not None:
        assert of(held, cosine + more, matched) >= score


def test_each_passage_has_a_score_breakdown(filled: Memory) -> None:
    for passage in filled.search("why did we pick Postgres over MySQL"):
        why = passage.why
        assert why.rank == pytest.approx(why.fused + why.inherited + why.adjusted, abs=2e-4)
        assert 0 <= why.words <= 1
        assert (why.held > 0) == bool(passage.matched)
