"""The score of a passage: from 0 to 1, comparable between queries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memcairn import Memory
from memcairn.embedding import builtin, multilingual
from memcairn.notes.words import query_words
from memcairn.search.hybrid import background
from memcairn.search.information import USUAL, information
from memcairn.search.relevance import RELEVANT, ScoreBreakdown, fits, held_nearby, relevance
from memcairn.search.usual_prompts import likeness, usual_prompts
from memcairn.store.vector_scan import Similarities
from support import require_model, require_multilingual

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL_PROMPTS = Path(__file__).parents[2] / "bench/gate/usual.txt"
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


@pytest.mark.parametrize(
    "before",
    ["# Deploying\n\n", "---\nname: rollout\ndescription: How a release goes out\n---\n\n"],
    ids=["plain", "described"],
)
def test_a_fact_is_relevant_whether_its_description_says_it_or_there_is_none(
    before: str, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_model()
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "builtin")
    fact = "The router is switched to the idle environment on Thursdays at ten."
    (notes / "rollout.md").write_text(f"{before}We deploy blue-green. {fact}\n", "utf-8")
    (notes / "database.md").write_text(NOTES["database.md"], "utf-8")
    with Memory() as memory:
        memory.index(notes)
        best = memory.search("on which weekday is the router switched?")[0]

    assert best.path.endswith("rollout.md")
    assert best.score >= RELEVANT


def test_passages_that_answer_are_relevant(filled: Memory) -> None:
    for query, name in ASKED.items():
        best = filled.search(query)[0]
        assert best.path.endswith(name)
        assert best.score >= RELEVANT, query


def test_what_answers_fits_and_nonsense_does_not(filled: Memory) -> None:
    assert all(any(fits(p.score, p.why) for p in filled.search(query)) for query in ASKED)
    assert not any(fits(p.score, p.why) for p in filled.search("zzzqqq xyzzy plugh frobnicate"))


def test_no_passage_is_relevant_to_a_query_about_something_else(filled: Memory) -> None:
    for query in UNRELATED:
        assert all(passage.score < RELEVANT for passage in filled.search(query)), query


shares = st.floats(0, 1)
numbers = st.floats(0, 60)


@st.composite
def breakdowns(draw: st.DrawFn) -> ScoreBreakdown:
    z = draw(st.none() | st.floats(-20, 20))
    flags = [draw(st.integers(0, 1)) for _ in range(3)]
    return ScoreBreakdown(
        *(0, None, None, 0, 0, 0, 0, draw(shares), draw(shares), draw(numbers), z, *flags),
        z_about=draw(st.none() | st.floats(-20, 20)),
        information=draw(numbers),
        information_about=draw(numbers),
        usual=draw(numbers),
        crosses=draw(st.integers(0, 1)),
    )


@given(breakdowns(), shares)
def test_the_score_is_a_probability_that_grows_with_each_feature(
    why: ScoreBreakdown, more: float
) -> None:
    score = relevance(why)

    assert 0 <= score <= 1
    for feature in ("held", "about", "matched", "information", "information_about", "z", "z_about"):
        before = getattr(why, feature)
        if before is not None:
            assert relevance(why._replace(**{feature: before + more})) >= score
    assert relevance(why._replace(usual=why.usual + more)) <= score


def test_words_count_together_only_within_a_window() -> None:
    weights = {"otter": 1.0, "river": 1.0}
    near = "The otter swims in the river."
    far = f"The otter sleeps. {'Nothing else happens here. ' * 20}The river is cold."

    assert held_nearby(near, weights, set()) == (1.0, ["otter", "river"])
    assert held_nearby(far, weights, set()) == (0.5, ["otter"])
    assert held_nearby(far, weights, {"river"}) == (1.0, ["otter", "river"])
    assert held_nearby("", weights, {"river"}) == (0.5, ["river"])


def test_each_passage_has_a_score_breakdown(filled: Memory) -> None:
    for passage in filled.search("why did we pick Postgres over MySQL"):
        why = passage.why
        assert why.rank == pytest.approx(why.fused + why.inherited + why.adjusted, abs=2e-4)
        assert 0 <= why.words <= 1
        assert (why.held > 0) == bool(passage.matched)


def test_a_code_alone_finds_its_note(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "none")
    (notes / "borrow.md").write_text(
        "---\ndescription: E0502 in the parser means that a token outlives its line\n---\nClone it.\n",
        "utf-8",
    )
    (notes / "b.md").write_text("# Other\n\nThe parser reads lines.\n", "utf-8")
    with Memory() as memory:
        memory.index(notes)
        best = memory.search("E0502")[0]

    assert best.path.endswith("borrow.md")
    assert best.score >= RELEVANT


def test_the_background_of_an_unknown_model_is_that_of_the_scan() -> None:
    """The cosines of some models are all high: only how far one stands out says something."""
    cosines = np.concatenate([np.linspace(0.70, 0.80, 99), [0.93]]).astype(np.float32)
    ids = np.arange(1, 101)
    near = Similarities(ids, ids, cosines, np.arange(-1, 100, dtype=np.int32))
    few = Similarities(ids[:5], ids[:5], cosines[:5], np.arange(-1, 5, dtype=np.int32))

    unrelated = background("e5-small", near)

    highest, usual = unrelated.z(0.93), unrelated.z(0.78)
    assert highest is not None
    assert usual is not None
    assert highest > 4
    assert usual < 2
    assert background("e5-small", few).z(0.93) is None


def test_what_a_note_says_of_itself_is_compared_apart_from_its_text(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_model()
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "builtin")
    body = (
        "The list of March is kept in the blue folder beside the printer on the third floor. " * 6
    )
    described = "---\ndescription: Who feeds the otters at the weekend\n---\n"
    (notes / "described.md").write_text(f"{described}{body}\n", "utf-8")
    (notes / "plain.md").write_text(f"# Otters\n\n{body}\n", "utf-8")
    with Memory() as memory:
        memory.index(notes)
        found = {
            Path(p.path).stem: p.why for p in memory.search("who gives food to otters on Sunday?")
        }
        (notes / "described.md").write_text(f"---\ndescription: Tax\n---\n{body}\n", "utf-8")
        memory.index(notes)
        later = {Path(p.path).stem: p.why for p in memory.search("who gives food to otters?")}

    why = found["described"]
    assert why.z is not None
    assert why.z_about is not None
    assert why.z_about > why.z + 2
    assert found["plain"].z_about == found["plain"].z
    assert (later["described"].z_about or 0.0) < 2


def test_a_name_says_more_than_a_common_word_in_each_language() -> None:
    require_multilingual()
    surprise = multilingual.load().surprise
    for text, name, common in (
        ("wann bekommt Ventonorte eine neue Fassung?", "ventonort", "neue"),
        ("quando a Ventonorte recebe uma nova entrega?", "ventonort", "nova"),
    ):
        found = information(text, query_words(text), surprise)
        assert found[name] > 2 * found[common], text


def test_the_information_of_a_stem_is_that_of_its_word() -> None:
    found = information("two libraries", ["librari"], {"libraries": 9.0, "two": 6.0}.__getitem__)

    assert found == {"librari": 4.0}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("データベース", 1),  # katakana
        ("데이터베이스를", 1),  # Hangul
        ("数据库", 1),
        ("서버", 1),
        ("サーバーの設定", 2),
        ("server 서버", 2),
    ],
)
def test_a_run_of_katakana_or_hangul_says_as_much_as_one_word(text: str, count: float) -> None:
    found = information(text, query_words(text), lambda _: None)

    assert sum(found.values()) == pytest.approx(count * USUAL, abs=USUAL / 2)


def test_a_word_of_katakana_or_hangul_is_matched_as_one_word(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "none")
    (notes / "ja.md").write_text("# 設定\n\nデータベースは毎晩止まる。\n", "utf-8")
    (notes / "ko.md").write_text("# 설정\n\n데이터베이스는 매일 멈춘다.\n", "utf-8")
    with Memory() as memory:
        memory.index(notes)
        japanese = memory.search("データベース")[0].why
        korean = memory.search("데이터베이스를")[0].why

    assert japanese.matched == pytest.approx(1, abs=0.01)
    assert 0.7 < korean.matched <= 1


def test_the_usual_prompts_are_embedded_as_they_stand_in_bench() -> None:
    require_model()
    require_multilingual()
    lines = [line.split("\t") for line in USUAL_PROMPTS.read_text("utf-8").splitlines()]
    english, every = builtin.load(), multilingual.load()

    for embedder, texts in (
        (english, [text for language, text in lines if language == "en"]),
        (every, [text for _, text in lines]),
    ):
        made = embedder.embed(texts).vectors
        assert ((made * usual_prompts()[embedder.name]).sum(axis=1) > 0.95).all()


def test_a_prompt_as_people_write_it_anywhere_is_like_the_usual_ones() -> None:
    require_model()
    embedder = builtin.load()

    def like(text: str) -> float:
        found = likeness(embedder.name, embedder.embed_query(text).vector)
        assert found is not None
        return found

    assert like("write tests for this function") > like("when does Mia feed the otters?") + 0.2
    assert likeness("another model", embedder.embed_query("x").vector) is None
