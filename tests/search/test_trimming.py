"""Trimming a passage that exceeds the budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from memcairn import Memory, Query
from memcairn.notes.sizes import size
from memcairn.search.trimming import trim

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """The service is called otter and has three instances behind the proxy in every region that we have.

Deploys go out by hand on Tuesdays. Rollbacks take ten minutes. Ask Ada before you touch the firewall rules.

The old cluster was switched off in March, and nobody has asked for it since then in any of the channels."""


def test_the_sentences_with_most_of_the_query_remain() -> None:
    left = trim(TEXT, 6, {"rollback": 2.0, "minut": 1.0, "servic": 1.0})

    assert left.text.strip() == "Rollbacks take ten minutes."
    assert (left.first, left.last) == (2, 2)


def test_whole_lines_remain_if_they_fit() -> None:
    left = trim(TEXT, 45, {"rollback": 1.0})

    lines = TEXT.split("\n")
    assert left.text == "\n".join(lines[left.first : left.last + 1])
    assert "Rollbacks" in left.text


@given(
    text=st.lists(st.text("ab c.é数\n", max_size=30)).map("\n".join),
    most_words=st.integers(1, 40),
    asked=st.dictionaries(st.sampled_from(["a", "ab", "数", "é"]), st.floats(0.1, 5)),
)
def test_an_excerpt_fits_and_comes_from_its_lines(
    text: str, most_words: int, asked: dict[str, float]
) -> None:
    left = trim(text, most_words, asked)

    lines = text.split("\n")
    assert 0 <= left.first <= left.last < len(lines)
    shown = [line for line in left.text.split("\n") if line.strip()]
    assert sum(map(size, shown)) <= most_words or len(shown) == 1
    for part in left.text.split("\n"):
        assert any(part.strip() in line for line in lines[left.first : left.last + 1])


def test_a_passage_that_exceeds_the_budget_is_trimmed_to_the_query(notes: Path) -> None:
    (notes / "otter.md").write_text(f"# Otter\n\n{TEXT}\n", "utf-8")
    with Memory() as memory:
        memory.index(notes)
        (passage,) = memory.search(Query("how long do rollbacks take", budget_words=9))

    assert passage.text == "Rollbacks take ten minutes."
    assert passage.start_line == passage.end_line == 5


def test_all_passages_together_stay_within_the_budget(notes: Path) -> None:
    for number in range(8):
        (notes / f"{number}.md").write_text(f"# Note {number}\n\n{TEXT}\n", "utf-8")
    with Memory() as memory:
        memory.index(notes)
        for budget in (1, 5, 30, 100, 150):
            passages = memory.search(Query("rollbacks of the otter", budget_words=budget))
            assert 1 <= sum(len(p.text.split()) for p in passages) <= budget


def test_chinese_text_counts_its_characters_against_the_budget(notes: Path) -> None:
    (notes / "a.md").write_text("# 部署\n\n" + "部署在周二进行。回滚需要十分钟。" * 20, "utf-8")
    with Memory() as memory:
        memory.index(notes)
        (passage,) = memory.search(Query("回滚需要", budget_words=20))

    assert len(passage.text) <= 44
    assert "回滚" in passage.text
