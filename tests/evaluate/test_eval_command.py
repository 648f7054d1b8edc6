"""`memcairn eval` measures searches with a user's own questions, and changes none of the user's files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from memcairn.cli.commands import run
from support import require_model

if TYPE_CHECKING:
    from pathlib import Path

GOOD: dict[str, Any] = {"question": "Which port has Postgres?", "evidence": [["db.md", 3]]}


@pytest.fixture
def folder(notes: Path) -> Path:
    (notes / "db.md").write_text("# Database\n\nPostgres has the port 5433.\n", "utf-8")
    (notes / "tea.md").write_text("# Tea\n\nGreen tea at three.\n\nBlack tea at five.\n", "utf-8")
    (notes / "MEMORY.md").write_text("# Memory\n", "utf-8")
    return notes


@pytest.fixture
def ask(folder: Path, tmp_path: Path) -> Any:
    def ask(rows: object, *arguments: str) -> int:
        file = tmp_path / "questions.json"
        file.write_text(rows if isinstance(rows, str) else json.dumps(rows), "utf-8")
        return run(["eval", str(file), str(folder), *arguments])

    return ask


def tables_of(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    """System -> group -> means, as printed."""
    tables: dict[str, dict[str, Any]] = {}
    for row in json.loads(capsys.readouterr().out)["results"]:
        tables.setdefault(row["system"], {})[row["group"]] = row
    return tables


def test_means_are_reported_for_each_system_and_category(
    ask: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    tea = {"question": "When is tea?", "evidence": [["tea.md", 3, 5]], "category": "time"}

    assert ask([GOOD, tea], "--against", "grep,bm25", "--json") == 0

    tables = tables_of(capsys)
    assert list(tables) == ["memcairn", "grep", "bm25"]
    for table in tables.values():
        assert list(table) == ["all", "time"]
        assert table["all"]["questions"] == 2
        # The blank line between the two answers is evidence that no passage of one paragraph shows.
        assert table["time"]["recall@10"] >= 2 / 3
        assert table["all"]["mrr"] > 0.5


def test_the_table_names_measures_and_systems(ask: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask([GOOD], "--against", "grep") == 0

    head, columns, ours, grep = capsys.readouterr().out.splitlines()
    assert head == "all (1 question)"
    assert columns.split() == ["recall@1k", "recall@2k", "recall@5", "recall@10", "mrr", "ms"]
    assert ours.split()[:6] == ["memcairn", *["1.000"] * 5]
    assert grep.split()[0] == "grep"


def test_an_answer_that_is_not_found_counts_as_zero(
    ask: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask([{"question": "xylophone", "evidence": [["db.md", 3]]}], "--json") == 0

    assert tables_of(capsys)["memcairn"]["all"]["recall@1k"] == 0


def test_nothing_is_written_to_the_notes_or_the_home(ask: Any, folder: Path, home: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    assert ask([GOOD]) == 0

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not home.exists()


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ("{", "is not JSON"),
        ([], "not a list of questions"),
        ({"question": "x"}, "not a list of questions"),
        (["x"], "question 1"),
        ([GOOD, {"question": "x", "evidence": []}], "question 2"),
        ([{"question": "x", "evidence": [["gone.md", 1]]}], "gone.md"),
        ([{"question": "x", "evidence": [["db.md", 4]]}], "has 3 lines"),
        ([{"question": "x", "evidence": [["db.md", 3, 2]]}], "db.md"),
        ([{"question": "x", "evidence": ["db.md:3"]}], "is not evidence"),
    ],
)
def test_an_invalid_file_of_questions_is_a_usage_error_that_names_the_place(
    ask: Any, rows: object, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(rows) == 2
    assert named in capsys.readouterr().err


def test_an_unknown_system_and_a_missing_folder_are_usage_errors(
    ask: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask([GOOD], "--against", "magic") == 2
    assert "magic" in capsys.readouterr().err
    assert run(["eval", str(tmp_path / "questions.json"), str(tmp_path / "none")]) == 2


def test_vectors_alone_find_an_answer_that_shares_no_word(
    ask: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require_model()
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "builtin")
    row = {"question": "Where does the SQL server listen?", "evidence": [["db.md", 3]]}

    assert ask([row], "--against", "dense", "--json") == 0

    assert tables_of(capsys)["dense"]["all"]["mrr"] >= 0.5
