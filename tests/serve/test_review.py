"""What agents may write, what they propose, and what a person is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .clients import Connection, Failed

if TYPE_CHECKING:
    from pathlib import Path

PORT = "The broker listens on port 5433."
NEW_PORT = "The broker listens on port 5440."


def notes(root: Path) -> dict[str, str]:
    files = [path for path in root.rglob("*.md") if path.name != "MEMORY.md"]
    return {path.name: path.read_text(encoding="utf-8") for path in files}


def test_a_correction_says_what_it_was_and_how_to_undo_it(full: Connection, root: Path) -> None:
    first = full.call("memory_observe", content=PORT)
    done = full.call("memory_observe", content=NEW_PORT, valid_until="2027-01-31")

    assert done["relation"] == "correction"
    assert done["was"] == PORT
    assert done["undo"] == f"`memcairn revert {done['path']}`"
    (text,) = notes(root).values()
    assert text.endswith(f"\n\n{NEW_PORT}\n")
    assert "valid_until: 2027-01-31" in text.replace('"', "")
    full.call("mem_revert", path=done["path"])
    (text,) = notes(root).values()
    assert text.endswith(f"\n\n{PORT}\n")
    assert first["path"].startswith("observed/")


def test_the_source_names_tool_and_session(full: Connection, root: Path) -> None:
    full.call("memory_observe", content=PORT)
    (text,) = notes(root).values()
    assert "\nsource: memory_observe, " in text.replace('"', "")
    (note,) = full.call("memory_auto_created")["notes"]
    assert note["source"].startswith("memory_observe, ")


def test_a_person_decides_about_their_own_note(full: Connection, root: Path) -> None:
    (root / "broker.md").write_text(f"{PORT}\n", encoding="utf-8")
    done = full.call("memory_observe", content=NEW_PORT)

    assert done["created"]
    assert (root / "broker.md").read_text(encoding="utf-8") == f"{PORT}\n"
    passages = full.call("memory_search", query="which port does the broker listen on")["passages"]
    assert passages[0]["path"] == done["path"]
    assert passages[1]["remarks"] == [f"superseded by {done['path']}"]
    assert "broker.md" not in (root / "MEMORY.md").read_text(encoding="utf-8").partition("begin")[2]
    (waiting,) = full.call("memory_review")["proposals"]
    assert (waiting["action"], waiting["paths"]) == ("merge", ["broker.md", done["path"]])


def test_without_consent_a_memory_waits_and_no_file_changes(full: Connection, root: Path) -> None:
    full.call("memory_observe", content=PORT)
    before = notes(root)
    assert full.call("memory_consent", consent="nothing") == {"consent": "nothing"}

    done = full.call("memory_observe", content=NEW_PORT)
    assert (done["relation"], done["path"]) == ("proposal", "")
    for name, arguments in (
        ("mem_write", {"path": "a.md", "content": "a"}),
        ("mem_remove", {"path": next(iter(before))}),
    ):
        with pytest.raises(Failed, match="the user wants to decide"):
            full.call(name, **arguments)

    assert notes(root) == before
    (waiting,) = full.call("memory_review")["proposals"]
    assert (waiting["action"], waiting["text"]) == ("add", NEW_PORT)


def test_an_agent_cannot_allow_itself_more(full: Connection) -> None:
    with pytest.raises(Failed, match="only the user"):
        full.call("memory_consent", consent="all")
    assert full.call("memory_consent") == {"consent": "observations"}


def test_a_proposal_of_an_agent_changes_nothing(full: Connection, root: Path) -> None:
    path = full.call("memory_observe", content=PORT)["path"]
    before = notes(root)
    made = full.call("memory_propose", action="forget", paths=[path], why="It is gone.")
    assert notes(root) == before
    assert full.call("memory_review")["proposals"] == [made]


def test_the_refresh_reports_memory_md(core: Connection) -> None:
    core.call("mem_write", path="a.md", content="# A\n\nOne.\n")
    core.call("mem_write", path="b.md", content="# B\n\nTwo.\n")
    state = core.call("mem_index_refresh")["memory_md"]
    assert (state["listed"], state["folded"]) == (2, 0)
    assert state["lines"] > 2
