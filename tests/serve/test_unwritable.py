"""A change that is on the disk is answered as done, even if the index cannot be written after it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from memcairn import Memory
from memcairn.root.observe import Observation

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
