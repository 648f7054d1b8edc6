"""History, sessions and the scratch folder, through the SDK's client."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memcairn.memory import Memory
from memcairn.sessions import Sessions

from .clients import Connection, Failed


def test_every_change_through_a_tool_is_in_the_log(full: Connection) -> None:
    full.call("mem_write", path="a.md", content="one")
    full.call("mem_edit", path="a.md", old_str="one", new_str="two")
    full.call("mem_append", path="a.md", content="three")
    full.call("mem_move", from_="a.md", to="b.md")
    full.call("mem_remove", path="b.md")
    full.call("memory_observe", content="A fact of some words")

    revisions = full.call("mem_log")["revisions"]

    tools = [revision["tool"] for revision in revisions]
    assert tools == ["observe", "remove", "move", "append", "edit", "write"]
    assert len({revision["session"] for revision in revisions}) == 1


def test_the_log_comes_in_pages_and_for_a_single_file(full: Connection) -> None:
    for number in range(5):
        full.call("mem_write", path=f"{number}.md", content="x")
    full.call("mem_append", path="0.md", content="y")

    first = full.call("mem_log", limit=4)
    rest = full.call("mem_log", limit=4, before=first["next_before"])
    of_file = full.call("mem_log", path="0.md")["revisions"]

    assert len(first["revisions"]) == 4
    assert len(rest["revisions"]) == 2
    assert "next_before" not in rest
    assert [revision["tool"] for revision in of_file] == ["append", "write"]


def test_a_file_goes_back_to_any_earlier_state(full: Connection, root: Path) -> None:
    for text in ("one", "two", "three"):
        full.call("mem_write", path="a.md", content=f"# {text}\n", overwrite=True)
    first = full.call("mem_log", path="a.md")["revisions"][-1]["revision"]

    full.call("mem_revert", path="a.md")
    assert (root / "a.md").read_text(encoding="utf-8") == "# two\n"
    full.call("mem_revert", path="a.md", revision=first)

    assert (root / "a.md").read_text(encoding="utf-8") == "# one\n"
    assert full.call("memory_search", query="one")["passages"]
    assert not full.call("memory_search", query="three")["passages"]


def test_a_removed_file_can_be_restored(full: Connection, root: Path) -> None:
    full.call("mem_write", path="a.md", content="# Tea\n\noolong\n")
    full.call("mem_remove", path="a.md")

    full.call("mem_revert", path="a.md")

    assert full.call("memory_search", query="oolong")["passages"]
    assert "[Tea](a.md)" in (root / "MEMORY.md").read_text(encoding="utf-8")


def test_undoing_the_creation_of_a_file_removes_it(full: Connection, root: Path) -> None:
    full.call("mem_write", path="a.md", content="tea")

    assert full.call("mem_revert", path="a.md") == {"path": "a.md"}
    assert not (root / "a.md").exists()
    full.call("mem_revert", path="a.md")
    assert (root / "a.md").read_text(encoding="utf-8") == "tea"


def test_text_overwritten_by_another_program_can_be_restored(full: Connection, root: Path) -> None:
    full.call("mem_write", path="a.md", content="ours")
    (root / "a.md").write_text("theirs", encoding="utf-8")

    full.call("mem_revert", path="a.md")

    assert (root / "a.md").read_text(encoding="utf-8") == "ours"


def test_a_file_is_compared_with_an_earlier_state(full: Connection) -> None:
    full.call("mem_write", path="a.md", content="one\n")
    (first,) = full.call("mem_log", path="a.md")["revisions"]
    full.call("mem_edit", path="a.md", old_str="one", new_str="two")

    diff = full.call("mem_diff", path1="a.md", revision=first["revision"])

    assert "-one\n+two\n" in diff["text"]


def test_an_unknown_state_is_refused_with_a_reason(full: Connection, root: Path) -> None:
    (root / "a.md").write_text("tea", encoding="utf-8")

    for arguments, reason in [
        ({"path": "b.md"}, "b.md: has no recorded earlier state"),
        ({"path": "a.md", "revision": 99}, "there is no revision 99"),
    ]:
        with pytest.raises(Failed, match=reason):
            full.call("mem_revert", **arguments)
    assert (root / "a.md").read_text(encoding="utf-8") == "tea"


def test_a_snapshot_brings_all_notes_back(full: Connection, root: Path) -> None:
    for name in ("a", "b"):
        full.call("mem_write", path=f"{name}.md", content=f"# {name}\n\noolong {name}\n")
    taken = full.call("mem_snapshot", name="before the cleaning")
    full.call("mem_remove", path="a.md")
    full.call("mem_write", path="b.md", content="# b\n\nsencha\n", overwrite=True)
    full.call("mem_write", path="c.md", content="# c\n\nmatcha\n")

    plan = full.call("mem_snapshot_restore", id=taken["id"], dry_run=True)
    assert (plan["added"], plan["removed"]) == (["a.md"], ["c.md"])
    assert plan["replaced"] == ["MEMORY.md", "b.md"]
    assert (root / "c.md").exists()
    done = full.call("mem_snapshot_restore", id=taken["id"])

    assert taken["name"] == "before the cleaning"
    assert not (root / "c.md").exists()
    assert len(full.call("memory_search", query="oolong")["passages"]) == 2
    assert not full.call("memory_search", query="matcha sencha")["passages"]
    assert "a.md" in (root / "MEMORY.md").read_text(encoding="utf-8")
    listed = full.call("mem_snapshot_list")["snapshots"]
    assert [one["id"] for one in listed] == [done["before"], taken["id"]]
    full.call("mem_revert", path="c.md")
    assert full.call("memory_search", query="matcha")["passages"]


def test_a_single_file_comes_back_from_a_snapshot(full: Connection, root: Path) -> None:
    for name in ("a", "b"):
        full.call("mem_write", path=f"{name}.md", content="old")
    taken = full.call("mem_snapshot")["id"]
    for name in ("a", "b"):
        full.call("mem_write", path=f"{name}.md", content="new", overwrite=True)

    full.call("mem_snapshot_restore", id=taken, paths=["a.md"])

    assert (root / "a.md").read_text(encoding="utf-8") == "old"
    assert (root / "b.md").read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize(
    ("form", "path"), [("json", "scratch/all.json"), ("tar", "all.tar.gz"), ("json", None)]
)
def test_notes_are_exported_and_imported(
    full: Connection, root: Path, form: str, path: str | None
) -> None:
    full.call("mem_write", path="a.md", content="# Tea\n\noolong\n")
    full.call("mem_write", path="deep/b.md", content="# More tea\n\nsencha\n")

    done = full.call("mem_export", path=path, format=form)
    assert done["exported"]["files"] == 3  # with MEMORY.md
    for name in ("a.md", "deep"):
        full.call("mem_remove", path=name, recursive=True)
    source = {"path": path} if path else {"archive": done["archive"]}
    plan = full.call("mem_import", **source, dry_run=True)
    assert plan["added"] == ["a.md", "deep/b.md"]
    assert not (root / "a.md").exists()
    full.call("mem_import", **source)

    assert {p["path"] for p in full.call("memory_search", query="tea")["passages"]} == {
        *("a.md", "deep/b.md")
    }
    assert "deep/b.md" in (root / "MEMORY.md").read_text(encoding="utf-8")


def test_an_import_does_what_its_strategy_says_and_can_be_undone(
    full: Connection, root: Path
) -> None:
    full.call("mem_write", path="a.md", content="theirs")
    archive = full.call("mem_export")["archive"]
    full.call("mem_write", path="a.md", content="ours", overwrite=True)

    skipped = full.call("mem_import", archive=archive)["skipped"]
    assert "a.md" in skipped
    assert (root / "a.md").read_text(encoding="utf-8") == "ours"
    full.call("mem_import", archive=archive, strategy="overwrite")
    assert (root / "a.md").read_text(encoding="utf-8") == "theirs"
    full.call("mem_revert", path="a.md")
    assert (root / "a.md").read_text(encoding="utf-8") == "ours"
    for wrong in ({}, {"archive": "x", "path": "y"}):
        with pytest.raises(Failed, match="either path or archive"):
            full.call("mem_import", **wrong)
    with pytest.raises(Failed, match="strategy"):
        full.call("mem_import", archive=archive, strategy="other")
    with pytest.raises(Failed):
        full.call("mem_import", archive="no archive")


def test_an_export_too_large_for_one_call_needs_a_path(
    root: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("MEMCAIRN_TOOLS_MAX_READ_BYTES", "100")
    full: Connection = request.getfixturevalue("full")
    full.call("mem_write", path="a.md", content="tea " * 100)

    with pytest.raises(Failed, match="give a path"):
        full.call("mem_export")
    with pytest.raises(Failed, match="tar archive cannot be returned as text"):
        full.call("mem_export", format="tar")
    full.call("mem_export", path="scratch/all.json")


def test_a_session_log_has_no_texts_or_queries(full: Connection, home: Path) -> None:
    full.call("mem_write", path="a.md", content="oolong")
    full.call("memory_search", query="sencha")
    with pytest.raises(Failed):
        full.call("mem_read", path="missing.md")

    log = full.call("mem_session_log")

    assert [(line["tool"], line["path"], line["outcome"]) for line in log["lines"]] == [
        ("mem_write", "a.md", "created"),
        ("memory_search", "", "found"),
        ("mem_read", "missing.md", "failed: NoteMissing"),
    ]
    assert log["lines"][0]["bytes"] == 6
    for file in [*(home / "sessions").rglob("*.jsonl"), *(home / "logs").rglob("*.jsonl")]:
        text = file.read_text(encoding="utf-8")
        assert "oolong" not in text
        assert "sencha" not in text
        assert all(json.loads(line)["tool"] for line in text.splitlines())


def test_a_tool_that_changes_nothing_answers_though_no_session_can_be_written(
    root: Path, home: Path, request: pytest.FixtureRequest
) -> None:
    (root / "a.md").write_text("The user likes oolong.", encoding="utf-8")
    home.mkdir()
    (home / "sessions").write_text("", encoding="utf-8")
    full: Connection = request.getfixturevalue("full")

    assert full.call("memory_search", query="oolong")["passages"]
    with pytest.raises(Failed, match=r"sessions.*cannot be written"):
        full.call("mem_write", path="b.md", content="x")


def test_the_history_is_closed_although_the_end_of_the_session_cannot_be_written(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Memory().open_root(root, starts_session=True)
    files.write("a.md", "The user likes oolong.")
    record = Path(files.session.get().folder, "session.json")
    record.unlink()
    record.mkdir()

    closed: list[str] = []
    monkeypatch.setattr(files.history, "close", lambda: closed.append("history"))

    files.close()

    monkeypatch.undo()
    files.close()
    assert closed == ["history"]


def test_a_server_joins_the_session_of_its_host(
    root: Path, home: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    Sessions(str(home)).start("host-1", root=str(root), pid=1, host="claude-code")
    monkeypatch.setenv("MEMCAIRN_SESSION", "host-1")
    full: Connection = request.getfixturevalue("full")

    full.call("mem_write", path="a.md", content="tea")

    (session,) = full.call("memory_sessions")["sessions"]
    assert (session["id"], session["touched"], session["host"]) == ("host-1", 1, "claude-code")
    lines = full.call("memory_timeline", session_id="host-1")["lines"]
    assert [line["tool"] for line in lines] == ["mem_write", "memory_sessions"]
    with pytest.raises(Failed, match="this root has no such session"):
        full.call("memory_timeline", session_id="other")


def test_a_session_of_another_root_is_not_shown(full: Connection, home: Path, notes: Path) -> None:
    Sessions(str(home)).start("other", root=str(notes), pid=1)

    assert "other" not in [one["id"] for one in full.call("memory_sessions")["sessions"]]
    with pytest.raises(Failed, match="this root has no such session"):
        full.call("memory_timeline", session_id="other")


def test_a_scratch_file_is_not_found_until_it_is_promoted(full: Connection, root: Path) -> None:
    full.call("mem_write", path="scratch/plan.md", content="# Plan\n\noolong\n")
    full.call("mem_append", path="scratch/plan.md", content="more")
    assert full.call("mem_read", path="scratch/plan.md")["path"] == "scratch/plan.md"
    assert [i["path"] for i in full.call("mem_list", dir="scratch")["items"]] == ["scratch/plan.md"]
    assert not full.call("memory_search", query="oolong")["passages"]
    assert not (root / "scratch").exists()

    full.call("mem_promote", session_path="scratch/plan.md", store_path="plans/tea.md")

    (passage,) = full.call("memory_search", query="oolong")["passages"]
    assert passage["path"] == "plans/tea.md"


def test_a_session_started_by_the_server_ends_with_it(root: Path, home: Path) -> None:
    from memcairn.mcp.server import MemoryServer

    from .clients import connected
    from .conftest import open_files

    with connected(MemoryServer(lambda: open_files(root), "full")) as full:
        full.call("mem_write", path="scratch/a.md", content="x")
        assert any((home / "sessions").rglob("a.md"))

    (session,) = Sessions(str(home)).latest()
    assert not session.is_open
    assert not any((home / "sessions").rglob("a.md"))
