"""A root whose disk is not mounted, or whose folder was emptied or replaced, keeps its part of the index."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from index_tools import chunk_ids, content, found, rows, write

from memcairn import Query
from memcairn.cli import serve
from memcairn.errors import MemoryMdError, UsageError
from memcairn.root.observe import Observation
from memcairn.root.search import search

if TYPE_CHECKING:
    from pathlib import Path

    from memcairn import Memory


def unmount(notes: Path) -> Path:
    """Leave an empty folder in place of a root, as a mount point is; returns where the notes are."""
    elsewhere = notes.with_name("disk")
    notes.rename(elsewhere)
    notes.mkdir()
    return elsewhere


def mount(notes: Path, elsewhere: Path) -> None:
    if notes.exists():
        notes.rmdir()
    elsewhere.rename(notes)


def delete_all(notes: Path) -> None:
    for name in os.listdir(notes):
        (notes / name).unlink()


@pytest.fixture
def indexed(memory: Memory, notes: Path) -> Path:
    """A root with notes, in and below its folder, and a MEMORY.md."""
    for name in ("a.md", "b.md", "below/c.md"):
        write(notes / name, f"# Note {name}\n\nkiwi\n")
    memory.index(notes)
    memory.refresh_memory_md(notes)
    return notes


@pytest.mark.parametrize("how", ["empty mount point", "missing"])
def test_a_search_while_a_root_is_away_changes_nothing(
    memory: Memory, indexed: Path, how: str
) -> None:
    before = content(memory)
    elsewhere = unmount(indexed)
    if how == "missing":
        indexed.rmdir()

    assert memory.search("kiwi") == []
    assert memory.search("kiwi") == []

    assert content(memory) == before
    (notice,) = memory.notices
    assert str(indexed) in notice
    assert "memcairn index --force" in notice
    assert how == "missing" or os.listdir(indexed) == []
    mount(indexed, elsewhere)
    assert found(memory, "kiwi") == {"a.md", "b.md", "c.md"}
    assert content(memory) == before


def test_a_search_finds_the_notes_of_other_roots(
    memory: Memory, indexed: Path, tmp_path: Path
) -> None:
    write(tmp_path / "other" / "d.md", "A long text about a kiwi, which ranks below the others.\n")
    memory.index(tmp_path / "other")
    unmount(indexed)

    assert found(memory, "kiwi", limit=1) == {"d.md"}


def test_an_emptied_root_is_away_until_it_has_a_note_again(memory: Memory, indexed: Path) -> None:
    before = content(memory)
    shutil.rmtree(indexed / "below")
    delete_all(indexed)
    memory.notices.clear()

    assert memory.search("kiwi") == []
    assert content(memory) == before
    assert os.listdir(indexed) == []

    write(indexed / "new.md", "kiwi\n")
    assert found(memory, "kiwi") == {"new.md"}
    assert rows(memory, "SELECT COUNT(*) FROM note") == [(1,)]


def test_notes_that_are_deleted_one_by_one_leave_the_index(memory: Memory, indexed: Path) -> None:
    for name, rest in [("a.md", {"b.md", "c.md"}), ("b.md", {"c.md"}), ("below/c.md", set())]:
        (indexed / name).unlink()
        assert found(memory, "kiwi") == rest
    assert memory.notices == []


def test_notes_that_are_all_renamed_are_followed(memory: Memory, indexed: Path) -> None:
    for name in ("a.md", "b.md", "below/c.md"):
        (indexed / name).rename(indexed / name.replace(".md", "-2.md"))

    assert found(memory, "kiwi") == {"a-2.md", "b-2.md", "c-2.md"}


def test_a_copy_of_the_folder_in_its_place_is_the_root(memory: Memory, indexed: Path) -> None:
    elsewhere = unmount(indexed)
    (elsewhere / "a.md").unlink()
    indexed.rmdir()
    shutil.copytree(elsewhere, indexed)

    assert found(memory, "kiwi") == {"b.md", "c.md"}


def test_a_folder_with_other_notes_in_place_of_the_root_is_not_indexed(
    memory: Memory, indexed: Path
) -> None:
    before = content(memory)
    unmount(indexed)
    write(indexed / "other.md", "kiwi\n")

    assert memory.search("kiwi") == []
    assert not memory.index(indexed).is_whole
    assert content(memory) == before

    assert memory.index(indexed, force=True).is_whole
    assert found(memory, "kiwi") == {"other.md"}


@pytest.mark.parametrize("how", ["empty mount point", "missing", "parent missing"])
def test_indexing_a_root_that_is_away_fails_unless_it_is_forced(
    memory: Memory, indexed: Path, how: str
) -> None:
    before = content(memory)
    unmount(indexed)
    if how != "empty mount point":
        indexed.rmdir()
    path = indexed.parent if how == "parent missing" else indexed
    if how == "parent missing":
        path = indexed.parent / "away"
        path.mkdir()
        memory.index(path)
        path.rmdir()

    report = memory.index(path)
    memory.enqueue([indexed, indexed / "a.md", indexed / "b.md"])
    assert not memory.flush().is_whole
    assert not report.is_whole
    assert [note for note in content(memory)["notes"] if str(indexed) in note[0]] == before["notes"]

    memory.index(indexed, force=True)
    assert content(memory)["notes"] == []


def test_status_and_doctor_report_a_root_that_is_away(memory: Memory, indexed: Path) -> None:
    assert memory.status().roots[0].away is None
    unmount(indexed)

    assert "another folder" in (memory.status().roots[0].away or "")
    findings = [f for f in memory.doctor(fix=True) if str(indexed) in f.what]
    assert any("--force" in finding.remedy for finding in findings)
    assert rows(memory, "SELECT COUNT(*) FROM note") == [(3,)]
    assert os.listdir(indexed) == []


def test_memory_md_of_a_root_that_is_away_is_not_written(memory: Memory, indexed: Path) -> None:
    unmount(indexed)

    with pytest.raises(MemoryMdError, match="is away"):
        memory.refresh_memory_md(indexed)
    assert os.listdir(indexed) == []


def test_notes_that_come_back_have_their_uses(memory: Memory, indexed: Path) -> None:
    memory.note_used([indexed / "a.md"])
    uses = rows(memory, "SELECT path, day FROM note_use JOIN note ON note.id = note_use.note")
    assert len(uses) == 1
    elsewhere = unmount(indexed)
    memory.index(indexed, force=True)
    assert rows(memory, "SELECT * FROM note_use") == []
    mount(indexed, elsewhere)
    memory.index(indexed)
    after = rows(memory, "SELECT path, day FROM note_use JOIN note ON note.id = note_use.note")
    assert after == uses

    memory.forget_root(indexed)
    memory.index(indexed)
    after = rows(memory, "SELECT path, day FROM note_use JOIN note ON note.id = note_use.note")
    assert after == uses
    assert chunk_ids(memory, indexed / "a.md")


@pytest.mark.parametrize("how", ["empty mount point", "missing"])
def test_tools_write_nothing_to_a_root_that_is_away(
    memory: Memory, indexed: Path, how: str
) -> None:
    files = memory.open_root(indexed)
    elsewhere = unmount(indexed)
    if how == "missing":
        indexed.rmdir()

    for call in (
        lambda: files.write("new.md", "plum\n"),
        lambda: files.mkdir("folder"),
        lambda: files.observe(Observation("A plum is a fruit.")),
        lambda: files.pin("a.md", pinned=True),
        lambda: search(files, Query("kiwi")),
        lambda: memory.open_root(indexed, create=True).write("new.md", "plum\n"),
    ):
        with pytest.raises(UsageError, match="is away"):
            call()

    assert how == "missing" or os.listdir(indexed) == []
    assert indexed.exists() == (how != "missing")
    mount(indexed, elsewhere)
    assert files.write("new.md", "plum\n").searchable
    assert found(memory, "kiwi") == {"a.md", "b.md", "c.md"}
    files.close()


def test_tools_may_remove_all_notes(memory: Memory, indexed: Path) -> None:
    files = memory.open_root(indexed)
    write(indexed / "below" / "d.md", "kiwi\n")
    memory.index(indexed)
    for name in ("a.md", "b.md", "below"):
        files.remove(name, recursive=True)

    assert rows(memory, "SELECT COUNT(*) FROM note") == [(0,)]
    assert memory.status().roots[0].away is None
    files.close()


def test_a_folder_that_an_argument_names_is_not_created(memory: Memory, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        memory.open_root(tmp_path / "typo")
    with pytest.raises(UsageError, match="does not exist"):
        serve.open_root(memory, str(tmp_path / "typo"))

    assert not (tmp_path / "typo").exists()
    assert memory.roots() == []
