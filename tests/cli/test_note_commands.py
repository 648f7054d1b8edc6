"""list, show, edit, rm, log, diff, revert, snapshot, export, import: what the MCP tools can do, too."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest

from memcairn.cli.commands import run
from memcairn.memory import Memory

if TYPE_CHECKING:
    from pathlib import Path

FIRST = "# Tea\n\nWe drink oolong.\n"
SECOND = "# Tea\n\nWe drink sencha.\n"


@pytest.fixture
def root(notes: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A notes folder with a note that was changed once, and a working directory elsewhere."""
    files = Memory().open_root(notes)
    files.adopt()
    files.write("project/tea.md", FIRST)
    files.write("project/tea.md", SECOND, overwrite=True)
    files.write("plan.md", "---\ntype: project\n---\n# The plan\n\nShip it.\n")
    files.close()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return notes


@pytest.fixture
def call(root: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command; gives stdout, or stderr if it is meant to fail."""

    def call(*arguments: str | Path, code: int = 0) -> str:
        assert run(list(map(str, arguments))) == code, capsys.readouterr()
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return call


def set_editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """Make an editor of Python code, which has `path`."""
    script = tmp_path / "editor.py"
    script.write_text(
        f"import sys, pathlib\npath = pathlib.Path(sys.argv[1])\n{code}\n", encoding="utf-8"
    )
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", shlex.join([sys.executable, str(script)]))


# ── which note ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "note", ["tea", "tea.md", "project/tea", "project/tea.md", "NOTES/project/tea.md"]
)
def test_a_note_is_named_by_path_or_by_name(call: Any, root: Path, note: str) -> None:
    assert call("show", note.replace("NOTES", str(root))) == SECOND


def test_a_path_relative_to_the_working_directory_wins(
    call: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "project" / "plan.md").write_text("The plan of the project.\n", encoding="utf-8")
    monkeypatch.chdir(root / "project")

    assert call("show", "plan.md") == "The plan of the project.\n"


def test_a_name_that_several_notes_have_is_refused_with_their_paths(call: Any, root: Path) -> None:
    (root / "old").mkdir()
    (root / "old" / "tea.md").write_text("Old.\n", encoding="utf-8")

    message = call("show", "tea", code=2)

    assert message.startswith("memcairn: tea: several notes have this name\n  give a path: ")
    assert str(root / "old" / "tea.md") in message
    assert str(root / "project" / "tea.md") in message
    assert call("show", "old/tea") == "Old.\n"


def test_a_note_that_does_not_exist_is_answered_with_the_nearest(call: Any) -> None:
    assert call("show", "paln", code=1) == (
        "memcairn: paln: there is no such note\n  did you mean plan?\n"
    )


def test_a_file_outside_all_roots_is_refused(call: Any, root: Path, tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("Other.\n", encoding="utf-8")

    message = call("show", tmp_path / "other.md", code=1)

    assert "not inside a known notes folder" in message
    assert str(root) in message


def test_a_link_out_of_the_root_is_not_followed(call: Any, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("hidden\n", encoding="utf-8")
    (root / "link.md").symlink_to(tmp_path / "secret.md")

    assert "hidden" not in call("show", root / "link.md", code=1)


def test_of_several_roots_one_has_to_be_chosen(call: Any, root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    call("index", other)

    message = call("log", code=2)

    assert "there are several notes folders; choose one with --root" in message
    assert f"{root}, {other}" in message or f"{other}, {root}" in message
    assert call("log", "--root", other) == ""
    assert "project/tea.md" in call("log", "--root", root)


def test_the_root_around_the_working_directory_is_meant(
    call: Any, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    call("index", tmp_path / "other")
    monkeypatch.chdir(root / "project")

    assert "project/tea.md" in call("log")


@pytest.mark.parametrize("command", ["log", "list", "snapshot list", "trash list", "export x.json"])
def test_a_root_that_is_not_known_is_refused(call: Any, tmp_path: Path, command: str) -> None:
    (tmp_path / "other").mkdir()

    message = call(*command.split(), "--root", tmp_path / "other", code=2)

    assert message.startswith(f"memcairn: {tmp_path / 'other'}: not a known notes folder\n")


def test_without_a_root_the_next_step_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["log"]) == 2

    assert "`memcairn index FOLDER` adds one" in capsys.readouterr().err


# ── list, show ───────────────────────────────────────────────────────────────────────────────────


def test_the_notes_are_listed_by_path(call: Any, root: Path) -> None:
    assert call("list") == f"{root / 'plan.md'}  The plan\n{root / 'project/tea.md'}  Tea\n"
    (note,) = json.loads(call("list", "--type", "project", "--json"))["notes"]
    assert (note["path"], note["type"], note["tags"]) == (str(root / "plan.md"), "project", [])


@pytest.mark.parametrize(("option", "known"), [("--type", "project"), ("--namespace", "notes")])
def test_a_filter_that_no_note_has_is_refused(call: Any, option: str, known: str) -> None:
    assert call("list", option, "xyzzy", code=2) == (
        f"memcairn: no note has the {option[2:]} xyzzy\n  there are: {known}\n"
    )


def test_a_note_is_shown_as_json(call: Any, root: Path) -> None:
    shown = json.loads(call("show", "tea", "--json"))

    assert (shown["path"], shown["root"]) == ("project/tea.md", str(root))
    assert (shown["title"], shown["text"]) == ("Tea", SECOND)


# ── edit, rm ─────────────────────────────────────────────────────────────────────────────────────


def test_an_edit_is_found_recorded_and_undone(
    call: Any, root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_editor(monkeypatch, tmp_path, "path.write_bytes(b'# Coffee\\n\\nEspresso.\\n')")

    assert call("edit", "tea") == "project/tea.md: saved\n"

    assert "Espresso" in call("search", "espresso")
    assert "Coffee" in (root / "MEMORY.md").read_text(encoding="utf-8")
    assert call("log", "tea", "--limit", "1").split()[3:] == ["write", "project/tea.md"]
    call("revert", "tea")
    assert call("show", "tea") == SECOND


def test_an_edit_that_changes_nothing_writes_nothing(
    call: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    set_editor(monkeypatch, tmp_path, "")
    before = call("log", "tea")

    assert call("edit", "tea") == "project/tea.md: not changed\n"

    assert call("log", "tea") == before
    assert not list((home / "edits").iterdir())


def test_an_edit_of_a_note_that_changed_meanwhile_keeps_both_versions(
    call: Any, root: Path, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs = root / "project" / "tea.md"
    set_editor(
        monkeypatch,
        tmp_path,
        f"path.write_bytes(b'mine\\n'); pathlib.Path({str(theirs)!r}).write_bytes(b'theirs\\n')",
    )

    message = call("edit", "tea", code=1)

    assert theirs.read_text(encoding="utf-8") == "theirs\n"
    (kept,) = (home / "edits").iterdir()
    assert kept.read_text(encoding="utf-8") == "mine\n"
    assert "project/tea.md: has changed since it was read" in message
    assert f"your version is in {kept}" in message


def test_an_editor_that_fails_changes_nothing(
    call: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_editor(monkeypatch, tmp_path, "path.write_bytes(b'half'); sys.exit(3)")

    assert call("edit", "tea", code=1).startswith("memcairn: ")

    assert call("show", "tea") == SECOND


def test_a_removed_note_is_in_the_trash_and_comes_back(call: Any, root: Path) -> None:
    removed = json.loads(call("rm", "tea", "--json"))

    assert removed["path"] == "project/tea.md"
    assert "tea.md" not in (root / "MEMORY.md").read_text(encoding="utf-8")
    assert "project/tea.md" in call("trash", "list")
    assert call("revert", "tea").startswith("project/tea.md: as it was before its last change")
    assert call("show", "tea") == SECOND


# ── log, diff, revert ────────────────────────────────────────────────────────────────────────────


def test_the_log_has_all_changes_and_those_of_one_note(call: Any, root: Path) -> None:
    (root / "plan.md").write_text("Changed by an editor.\n", encoding="utf-8")

    of_plan = call("log", "plan")
    of_tea = json.loads(call("log", "tea", "--json"))
    every = json.loads(call("log", "--json"))

    assert "outside   plan.md" in of_plan
    assert [one["tool"] for one in every["revisions"]] == ["found", "write", "write", "write"]
    assert [one["tool"] for one in of_tea["revisions"]] == ["write", "write"]
    assert of_tea["path"] == "project/tea.md"


def test_a_diff_is_of_the_last_change_or_since_a_revision(call: Any) -> None:
    first = json.loads(call("log", "tea", "--json"))["revisions"][-1]["revision"]

    for arguments in (["tea"], ["tea", str(first)]):
        lines = call("diff", *arguments).splitlines()
        assert lines[-2:] == ["-We drink oolong.", "+We drink sencha."]
    assert json.loads(call("diff", "tea", "--json"))["added"] == 1


def test_a_revert_goes_to_a_revision_and_is_undone_by_another(call: Any) -> None:
    first = json.loads(call("log", "tea", "--json"))["revisions"][-1]["revision"]

    assert (
        call("revert", "tea", str(first)) == f"project/tea.md: as it was after revision {first}\n"
    )

    assert call("show", "tea") == FIRST
    assert "oolong" in call("search", "oolong")
    call("revert", "tea")
    assert call("show", "tea") == SECOND


def test_a_revision_that_does_not_exist_is_wrong_usage(call: Any) -> None:
    assert "there is no revision 999" in call("revert", "tea", "999", code=2)


# ── snapshot, export, import ─────────────────────────────────────────────────────────────────────


def test_a_snapshot_is_listed_and_restored(call: Any, root: Path) -> None:
    id_ = call("snapshot", "create", "before").strip()
    (root / "plan.md").write_text("Another.\n", encoding="utf-8")

    assert [one["id"] for one in json.loads(call("snapshot", "list", "--json"))["snapshots"]] == [
        id_
    ]
    assert id_ in call("snapshot", "list")
    assert call("snapshot", "restore", id_, "--dry-run").splitlines()[-1] == "1 file would change"
    assert "Another" in (root / "plan.md").read_text(encoding="utf-8")
    assert "replaced  plan.md" in call("snapshot", "restore", id_, "plan.md")
    assert "Ship it" in (root / "plan.md").read_text(encoding="utf-8")
    assert "Ship it" in call("search", "ship")


@pytest.mark.parametrize("name", ["notes.json", "notes.tar.gz"])
def test_an_archive_goes_from_one_folder_to_another(
    call: Any, root: Path, tmp_path: Path, name: str
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    call("index", other)
    file = tmp_path / name

    assert f"{name}: 3 files" in call("export", file, "--root", root)
    assert file.stat().st_mode & 0o777 == 0o600
    planned = call("import", file, "--root", other, "--dry-run")
    assert planned == "3 files added (nothing was changed)\n"
    assert json.loads(call("import", file, "--root", other, "--json"))["imported"]["added"]

    assert (other / "project" / "tea.md").read_text(encoding="utf-8") == SECOND
    assert str(other / "plan.md") in call("search", "ship", "--root", other)


def test_an_export_overwrites_nothing(call: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("mine", encoding="utf-8")

    assert "exists already" in call("export", tmp_path / "notes.json", code=1)
    assert "ends" in call("export", tmp_path / "notes.zip", code=2).replace("end it", "ends")
    assert (tmp_path / "notes.json").read_text(encoding="utf-8") == "mine"


def test_a_file_that_is_not_an_archive_is_refused(call: Any, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")

    assert call("import", tmp_path / "x.json", code=1).startswith("memcairn: ")
    assert "No such file" in call("import", tmp_path / "none.json", code=2)
