"""Semantic search with the built-in model."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from memcairn import Memory, Query
from memcairn.embedding import builtin, providers
from memcairn.embedding.onnx import OnnxEmbedder
from support import require_model

require_model()

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTES = {
    "hours.md": "# Mia\n\nShe picks up her son from football at six and answers the next morning.",
    "locks.md": "# Locks\n\nTwo writers at once made SQLite say that it was busy; a timeout cured it.",
    "soup.md": "# Lunch\n\nThe canteen has tomato soup on Mondays, and it is better than its name.",
    "zh.md": "# 部署\n\n我们每周二发布新版本，回滚需要十分钟。",
}


@pytest.fixture
def filled(notes: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "builtin")
    for name, text in NOTES.items():
        (notes / name).write_text(text, "utf-8")
    with Memory() as memory:
        memory.index(notes)
        yield memory


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("when is a colleague with children unavailable in the evening", "hours.md"),
        ("database concurrency error", "locks.md"),
        ("what can I eat", "soup.md"),
    ],
)
def test_a_question_finds_an_answer_that_shares_no_word_with_it(
    filled: Memory, query: str, name: str
) -> None:
    best = filled.search(Query(query, limit=1))[0]

    assert best.path.endswith(name)
    assert best.matched == ()


def test_filters_apply_to_semantic_search(filled: Memory, notes: Path) -> None:
    found = filled.search(Query("what can I eat", root=notes / "hours.md"))

    assert {passage.path for passage in found} == {str(notes / "hours.md")}


def test_a_query_that_the_model_cannot_read_is_searched_by_keyword(
    filled: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def embed_query(_: OnnxEmbedder, text: str) -> None:
        raise AssertionError(text)

    monkeypatch.setattr(OnnxEmbedder, "embed_query", embed_query)
    monkeypatch.setattr(providers, "has_multilingual", lambda: False)

    (passage,) = filled.search("什么时候发布新版本")

    assert passage.path.endswith("zh.md")
    assert passage.why.cosine is None


@pytest.mark.parametrize("query", ["", "  ", "?!", '"'])
def test_a_query_without_words_finds_nothing(filled: Memory, query: str) -> None:
    assert filled.search(query) == []


def test_a_note_that_is_not_embedded_yet_is_found_by_keyword(filled: Memory, notes: Path) -> None:
    (notes / "new.md").write_text("# Walrus\n\nThe walrus is called Bartholomew.", "utf-8")
    filled.index(notes, embed=False)

    assert filled.search("Bartholomew")[0].path.endswith("new.md")


def test_each_token_has_the_weight_of_its_word() -> None:
    text = "Is ERR_CONN_RESET about Bartholomew's blue-green deployment?"
    asked = builtin.load().embed_query(text)

    assert len(asked.words) == len(asked.states)
    assert "Bartholomew" in asked.words
    assert all(word and word in text for word in asked.words)


def test_any_text_can_be_embedded_as_a_query(filled: Memory) -> None:
    for query in ("\ud800\udfff", "\0", "?!", "a" * 5000, "word " * 600, "🦦", "é\u0301"):
        filled.search(query)


def test_a_search_with_a_deadline_does_not_wait_for_a_thread_that_loads_the_model(
    filled: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads, may_go_on = threading.Event(), threading.Event()
    load = providers.load

    def slow(*arguments: Any) -> Any:
        loads.set()
        may_go_on.wait()
        return load(*arguments)

    monkeypatch.setattr(providers, "load", slow)
    with Memory() as memory:
        other = threading.Thread(target=memory.search, args=("anything",))
        other.start()
        loads.wait()

        by_words = memory.search("tomato soup", deadline=time.monotonic())
        not_by_words = memory.search("database concurrency error", deadline=time.monotonic())

        assert not may_go_on.is_set()
        may_go_on.set()
        other.join()
        assert [passage.path for passage in by_words] == [str(notes / "soup.md")]
        assert not not_by_words
        assert memory.search("database concurrency error")[0].path == str(notes / "locks.md")
