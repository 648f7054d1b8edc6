"""memcairn trash: what tools have removed comes back, and goes for good when somebody says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from memcairn import Query
from memcairn.cli.commands import run
from memcairn.memory import Memory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root from which a note and a folder were removed."""
    root = tmp_path / "root"
    files = Memory().open_root(root, starts_session=True, create=True)
    files.adopt()
    files.write("tea.md", "# Tea\n\noolong\n")
    for name in ("a", "b"):
        files.write(f"old/{name}.md", f"# {name}\n\nsencha\n")
    files.remove("tea.md")
    files.remove("old", recursive=True)
    files.close()
    return root


@pytest.fixture
def trash(root: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def trash(*arguments: str, code: int = 0) -> str:
        assert run(["trash", *arguments, "--root", str(root)]) == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return trash


def test_what_was_removed_is_listed_the_latest_first(trash: Any) -> None:
    folder, note = json.loads(trash("list", "--json"))["removals"]

    assert (note["path"], note["files"]) == ("tea.md", ["tea.md"])
    assert (folder["path"], folder["files"]) == ("old", ["old/a.md", "old/b.md"])
    first, second = trash("list").splitlines()
    assert first == f"{folder['id']}  2 files  old/"
    assert second == f"{note['id']}  1 file  tea.md"


def test_what_comes_back_is_found_listed_and_recorded(trash: Any, root: Path) -> None:
    folder, note = json.loads(trash("list", "--json"))["removals"]

    assert trash("restore", note["id"]) == "tea.md: restored\n"
    assert trash("restore", folder["id"], "--to", "kept/here") == "kept/here: restored\n"

    index = (root / "MEMORY.md").read_text(encoding="utf-8")
    assert "](tea.md)" in index
    assert "](kept/here/a.md)" in index
    with Memory() as memory:
        assert memory.search(Query("oolong", root=root))
        assert len(memory.search(Query("sencha", root=root))) == 2
    files = Memory().open_root(root, starts_session=True, create=True)
    assert [revision.tool for revision in files.history.log(2)] == ["restore", "restore"]
    files.close()
    assert trash("list") == ""


def test_nothing_is_overwritten_by_what_comes_back(trash: Any, root: Path) -> None:
    _, note = json.loads(trash("list", "--json"))["removals"]
    (root / "tea.md").write_text("another", encoding="utf-8")

    assert "tea.md: exists already" in trash("restore", note["id"], code=1)
    assert (root / "tea.md").read_text(encoding="utf-8") == "another"
    assert "exists already" not in trash("restore", note["id"], "--to", "tea2.md")


def test_nothing_leaves_the_root(trash: Any, root: Path) -> None:
    _, note = json.loads(trash("list", "--json"))["removals"]

    for target in ("../tea.md", "/tmp/tea.md", ".git/tea.md", "MEMORY.md"):
        trash("restore", note["id"], "--to", target, code=1)
    for wrong in ("../..", "nothing"):
        trash("restore", wrong, code=2)
    assert not (root.parent / "tea.md").exists()


def test_old_entries_are_purged_from_the_trash(trash: Any) -> None:
    assert trash("empty") == "0 removals deleted for good\n"
    assert len(json.loads(trash("list", "--json"))["removals"]) == 2

    said = trash("empty", "--days", "0").splitlines()
    assert sorted(said[:-1]) == ["old", "tea.md"]
    assert said[-1] == "2 removals deleted for good"
    assert json.loads(trash("list", "--json"))["removals"] == []


def test_a_root_that_is_not_there_is_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["trash", "list", "--root", str(tmp_path / "none")]) == 2
    assert "not a known notes folder" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_file_given_as_the_notes_folder_is_called_a_file(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "cake.md").write_text("# Cake\n")

    for command in (["list"], ["trash", "empty"], ["log"]):
        assert run([*command, "--root", str(root / "cake.md")]) == 2
        assert "is a file, not a notes folder" in capsys.readouterr().err


def test_saving_to_a_root_that_is_away_names_the_way_out(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root.rename(root.with_name("elsewhere"))

    assert run(["add", "--root", str(root), "The port is 5433."]) == 2

    said = capsys.readouterr().err
    assert "is away" in said
    assert f"memcairn index --force {root}" in said
    assert not root.exists()
