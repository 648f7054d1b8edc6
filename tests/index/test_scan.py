"""A scan of a folder that has not changed finds nothing to do, and any change is found."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from index_tools import rows, settle, write

from memcairn.indexing import reading, scan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from memcairn import Memory


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all files that are read from now on."""
    names: list[str] = []
    read = reading.read

    def read_and_record(path: str, max_bytes: int) -> object:
        names.append(os.path.basename(path))
        return read(path, max_bytes)

    monkeypatch.setattr(reading, "read", read_and_record)
    return names


@pytest.fixture
def root(memory: Memory, notes: Path) -> Path:
    """An indexed root whose files and folders have rested for long."""
    write(notes / "a.md", "kiwi\n")
    write(notes / "sub" / "b.md", "plum\n")
    write(notes / "sub" / "deep" / "c.txt", "lime\n")
    write(notes / "index" / "page.md", "<!-- memcairn:page 1 -->\n")
    write(notes / "picture.png", b"\0")
    write(notes / ".hidden" / "d.md", "pear\n")
    write(notes / "node_modules" / "e.md", "pear\n")
    write(notes / ".gitignore", "ignored.md\n")
    write(notes / "ignored.md", "pear\n")
    settle(notes, *(path for path in notes.rglob("*") if path.is_dir()))
    memory.index(notes)
    return notes


def test_an_unchanged_root_is_reported_with_the_number_of_its_notes(
    memory: Memory, root: Path, opened: list[str]
) -> None:
    report = memory.index(root)

    assert opened == []

    assert (report.unchanged, report.indexed, report.removed) == (3, [], [])


def test_the_time_of_a_scan_is_recorded(memory: Memory, root: Path) -> None:
    (before,) = memory.roots()

    memory.index(root)

    (after,) = memory.roots()
    assert before.scanned_at is not None
    assert after.scanned_at is not None
    assert after.scanned_at > before.scanned_at


def test_a_file_that_is_not_a_note_changes_nothing(memory: Memory, root: Path) -> None:
    write(root / "picture.png", b"\0\1", age_s=1)
    write(root / "node_modules" / "e.md", "new\n", age_s=1)
    settle(root, root / "node_modules")

    assert memory.index(root).unchanged == 3


def by_a_link(root: Path) -> None:
    (root / "a.md").unlink()
    (root / "a.md").symlink_to(root / "sub" / "b.md")


CHANGES: dict[str, Callable[[Path], object]] = {
    "edited": lambda root: write(root / "a.md", "kiwi and more\n"),
    "edited, same size": lambda root: write(root / "a.md", "KIWI\n", age_s=1),
    "touched": lambda root: settle(root / "a.md", age_s=1),
    "new": lambda root: write(root / "sub" / "new.md", "new\n"),
    "removed": lambda root: (root / "a.md").unlink(),
    "renamed": lambda root: (root / "a.md").rename(root / "z.md"),
    "replaced by its like": lambda root: (
        write(root / "z", "kiwi\n"),
        (root / "z").replace(root / "a.md"),
    ),
    "replaced by a link": by_a_link,
    "moved": lambda root: (root / "a.md").rename(root / "sub" / "a.md"),
    "no note any more": lambda root: (root / "a.md").rename(root / "a.bak"),
    "ignored": lambda root: write(root / ".gitignore", "a.md\n"),
    "ignored deeper": lambda root: write(root / "sub" / ".memcairnignore", "*\n"),
    "no longer ignored": lambda root: (root / ".gitignore").unlink(),
    "a folder renamed": lambda root: (root / "sub").rename(root / "other"),
    "broken": lambda root: write(root / "a.md", b"\xff\n"),
    "binary": lambda root: write(root / "new.md", b"\0"),
    "a page changed": lambda root: write(root / "index" / "page.md", "no page\n"),
    "excluded": lambda root: write(
        root / ".memcairn.toml", '[index]\nexclude = ["a.md"]\n', age_s=None
    ),
    "another suffix": lambda root: (
        write(
            root / ".memcairn.toml", '[index]\nextensions = [".md", ".txt", ".rst"]\n', age_s=None
        ),
        write(root / "new.rst", "new\n"),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_scan_finds_each_change_once(
    memory: Memory, root: Path, opened: list[str], change: str
) -> None:
    CHANGES[change](root)
    settle(root, *(path for path in root.rglob("*") if path.is_dir()))

    report = memory.index(root)

    assert opened or report.removed
    opened.clear()
    settle(root, *(path for path in root.rglob("*") if path.is_dir()))
    again = memory.index(root)
    assert (opened, again.indexed, again.removed) == ([], [], [])
    ((count,),) = rows(memory, "SELECT COUNT(*) FROM note")
    assert again.unchanged + len(again.failed) == count


def test_a_file_that_was_too_young_when_it_was_read_is_read_again(
    memory: Memory, root: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "RACY_NS", 3_600_000_000_000)
    write(root / "a.md", "young\n", age_s=None)
    memory.index(root)
    opened.clear()

    memory.index(root)

    assert opened == ["a.md"]


def test_an_unchanged_file_whose_inode_has_64_bits_is_unchanged(
    memory: Memory, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_large_inode(status: os.stat_result) -> SimpleNamespace:
        names = [name for name in dir(status) if name.startswith("st_")]
        fields = {name: getattr(status, name) for name in names}
        return SimpleNamespace(**fields | {"st_ino": status.st_ino | 1 << 63})

    status_of = scan._status
    monkeypatch.setattr(scan, "_status", lambda entry: with_large_inode(status_of(entry)))

    assert memory.index(root).unchanged == 3


@pytest.mark.skipif(os.name == "nt", reason="names on Windows are text")
def test_a_name_that_is_not_utf_8_is_compared_as_the_bytes_that_it_is(
    memory: Memory, root: Path
) -> None:
    name = os.path.join(os.fsencode(root), b"caf\xe9.md")
    with open(name, "wb") as file:
        file.write(b"kiwi\n")
    os.utime(name, (1_600_000_000, 1_600_000_000))
    settle(root)
    memory.index(root)

    assert memory.index(root).unchanged == 4
