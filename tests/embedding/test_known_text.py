"""What the English model cannot read is left to the words, where it is alone: queries and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from memcairn import Memory
from memcairn.embedding import providers
from support import require_model

require_model()

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTES = {
    "deploy": "# Deploy\n\nEvery release goes out by blue-green deployment.\n",
    "backup": "# Backup\n\nThe orders are copied to another building each night.\n",
    "部署": "# 部署\n\n我们决定使用蓝绿部署来发布新版本。\n",
    "バックアップ": "# バックアップ\n\nデータベースのバックアップは毎日取ります。\n",
    "회의": "# 회의\n\n회의는 매주 월요일 오전 열 시에 열립니다.\n",
}


@pytest.fixture
def memory(notes: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "builtin")
    monkeypatch.setattr(providers, "has_multilingual", lambda: False)
    for name, text in NOTES.items():
        (notes / f"{name}.md").write_text(text, encoding="utf-8")
    with Memory() as memory:
        memory.index(notes)
        yield memory


def found(memory: Memory, query: str) -> list[str]:
    return [passage.title for passage in memory.search(query)]


def test_a_paraphrase_is_found_and_no_note_that_cannot_be_read(memory: Memory) -> None:
    assert found(memory, "how do we ship a new version")[0] == "Deploy"
    assert not {"部署", "バックアップ", "회의"} & {*found(memory, "how do we ship a new version")}


@pytest.mark.parametrize(
    ("query", "title"),
    [("蓝绿部署", "部署"), ("バックアップ", "バックアップ"), ("월요일 회의", "회의")],
)
def test_a_query_that_cannot_be_read_finds_by_words_alone(
    memory: Memory, query: str, title: str
) -> None:
    assert found(memory, query) == [title]


def test_a_name_in_a_note_that_cannot_be_read_is_found_by_an_english_query(
    memory: Memory, notes: Path
) -> None:
    (notes / "数据库.md").write_text("# 数据库\n\n我们使用Postgres保存订单。\n", encoding="utf-8")
    memory.index(notes)

    assert found(memory, "postgres")[0] == "数据库"
