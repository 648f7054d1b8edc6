"""What is no plain file below its root is never indexed, whatever leads to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from memcairn.fs import safe_open
from memcairn.memory import Memory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "note.md").write_text("# Secret\n\noolong\n", encoding="utf-8")
    return outside


def test_a_hard_link_is_left_out_and_said_to_be(notes: Path, outside: Path) -> None:
    os.link(outside / "note.md", notes / "a.md")
    with Memory() as memory:
        report = memory.index(notes)

        assert report.left_out == {
            str(notes / "a.md"): "is a hard link: the same file has another name"
        }
        assert not memory.search("oolong")
        (outside / "note.md").unlink()
        memory.index(notes)
        assert memory.search("oolong")


def test_a_file_that_is_reached_through_a_symlink_is_not_opened(notes: Path, outside: Path) -> None:
    (notes / "folder").symlink_to(outside)

    with pytest.raises(OSError, match=r"symbolic|directory"):
        safe_open.open_nofollow(str(notes / "folder" / "note.md"))


def test_a_folder_that_was_swapped_while_a_file_was_opened_leads_nowhere(
    notes: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = notes / "folder"
    folder.mkdir()
    (folder / "note.md").write_text("inside", encoding="utf-8")
    opened, swaps = os.open, []

    def swapping(path: str, *arguments: int, **named: int | None) -> int:
        if path != str(folder / "note.md") or swaps:
            return opened(path, *arguments, **named)
        swaps.append(path)
        folder.rename(notes / "aside")
        folder.symlink_to(outside)
        try:
            return opened(path, *arguments, **named)
        finally:
            folder.unlink()
            (notes / "aside").rename(folder)

    monkeypatch.setattr(os, "open", swapping)
    descriptor = safe_open.open_nofollow(str(folder / "note.md"))

    assert os.read(descriptor, 100) == b"inside"
    assert swaps
    os.close(descriptor)


def test_it_is_the_same_where_the_system_does_not_say_where_a_file_is(
    notes: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(path: str) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr(os, "readlink", unknown)
    (notes / "a.md").write_text("inside", encoding="utf-8")
    (notes / "folder").symlink_to(outside)

    os.close(safe_open.open_nofollow(str(notes / "a.md")))
    with pytest.raises(OSError, match=r"symbolic|directory"):
        safe_open.open_nofollow(str(notes / "folder" / "note.md"))
