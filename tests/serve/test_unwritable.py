"""A change that is on the disk is answered as done, even if the index cannot be written after it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from memcairn import Memory
from memcairn.engine import Engine
from memcairn.errors import StateError
from memcairn.root.observe import Observation

from .clients import Connection, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from memcairn.root import OpenRoot

CHANGES: dict[str, Callable[[OpenRoot], object]] = {
    "write": lambda files: files.write("new.md", "# New\n\nplum\n"),
    "append": lambda files: files.append("a.md", "plum\n"),
    "edit": lambda files: files.edit("a.md", "kiwi", "plum"),
    "move": lambda files: files.move("a.md", "plum.md"),
    "pin": lambda files: files.pin("a.md", pinned=True),
    "remove": lambda files: files.remove("a.md"),
    "observe": lambda files: files.observe(Observation("A plum is a fruit."), replaces="none"),
}


@pytest.fixture
def files(notes: Path) -> Iterator[OpenRoot]:
    (notes / "a.md").write_text("# A\n\nkiwi\n")
    with Memory() as memory:
        memory.index(notes)
        with contextlib.closing(memory.open_root(notes)) as files:
            files.adopt()
            yield files


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_after_which_the_index_cannot_be_written_is_done_and_caught_up(
    files: OpenRoot, change: str
) -> None:
    before = {path: path.read_bytes() for path in _notes(files)}
    files.engine.databases.opened().db.execute("PRAGMA query_only = ON")

    done = CHANGES[change](files)

    assert {path: path.read_bytes() for path in _notes(files)} != before
    (notice,) = files.engine.notices
    assert "is saved" in notice
    assert "index.db" in notice
    assert getattr(done, "searchable", False) is False
    assert getattr(done, "notice", notice) == notice

    files.engine.databases.opened().db.execute("PRAGMA query_only = OFF")
    memory = Memory(engine=files.engine)
    assert memory.flush().is_whole
    found = {passage.path for passage in memory.search("plum kiwi")}
    assert found == {str(path) for path in _notes(files)}


def _notes(files: OpenRoot) -> list[Path]:
    from pathlib import Path

    return [path for path in Path(files.root).rglob("*.md") if path.name != "MEMORY.md"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("mem_move", {"from": "a.md", "to": "b.md"}),
        ("mem_remove", {"path": "a.md"}),
        ("mem_append", {"path": "a.md", "content": "plum"}),
        ("mem_revert", {"path": "a.md"}),
        ("mem_snapshot_restore", {"id": "first"}),
    ],
)
def test_an_answer_over_mcp_says_that_the_index_could_not_be_written(
    full: Connection, root: Path, monkeypatch: pytest.MonkeyPatch, tool: str, arguments: dict
) -> None:
    full.call("mem_write", path="a.md", content="kiwi\n")
    snapshot = full.call("mem_snapshot", name="first")["id"]
    full.call("mem_append", path="a.md", content="more")
    arguments = {k: snapshot if v == "first" else v for k, v in arguments.items()}

    def fail(*_: object) -> None:
        raise StateError("cannot be used: there is no room on the disk", path="index.db")

    monkeypatch.setattr(Engine, "index_files", fail)
    result = full.raw(tool, **arguments)

    assert not result.is_error
    assert result.structured_content is not None
    assert "no room on the disk" in result.structured_content["notice"]
    assert "no room on the disk" in said(result)
