"""That nothing changed is told quickly, and only if it is so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from index_tools import rows, settle, write

from memcairn.indexing import unchanged
from memcairn.settings import config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from memcairn import Memory


def told(memory: Memory, folder: Path) -> int | None:
    return unchanged.notes_of(memory.engine.databases.opened().db, config.load(), str(folder))


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


def test_a_root_that_holds_what_the_index_holds_has_so_many_notes(
    memory: Memory, root: Path
) -> None:
    assert told(memory, root) == 3


def test_that_it_was_looked_at_is_written_down(memory: Memory, root: Path) -> None:
    (before,) = memory.roots()

    told(memory, root)

    (after,) = memory.roots()
    assert before.scanned_at is not None
    assert after.scanned_at is not None
    assert after.scanned_at > before.scanned_at


def test_what_is_no_note_changes_nothing(memory: Memory, root: Path) -> None:
    write(root / "picture.png", b"\0\1", age_s=1)
    write(root / "node_modules" / "e.md", "new\n", age_s=1)
    settle(root, root / "node_modules")

    assert told(memory, root) == 3


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
    "a folder added": lambda root: (root / "empty").mkdir(),
    "broken": lambda root: write(root / "a.md", b"\xff\n"),
    "binary": lambda root: write(root / "new.md", b"\0"),
    "a page changed": lambda root: write(root / "index" / "page.md", "no page\n"),
    "configured": lambda root: write(
        root / ".memcairn.toml", '[index]\nexclude = ["a.md"]\n', age_s=None
    ),
    "labelled": lambda root: write(
        root / ".memcairn.toml", '[namespaces]\n"a.md" = "own"\n', age_s=None
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_left_to_the_indexer(memory: Memory, root: Path, change: str) -> None:
    CHANGES[change](root)
    settle(root, *(path for path in root.rglob("*") if path.is_dir()))

    assert told(memory, root) is None

    # And what the indexer then leaves is current again.
    report = memory.index(root)
    settle(root, *(path for path in root.rglob("*") if path.is_dir()))
    memory.index(root)
    assert told(memory, root) == (None if report.left_out or report.failed else held(memory))


def held(memory: Memory) -> int:
    ((count,),) = rows(memory, "SELECT COUNT(*) FROM note")
    return int(count)


def test_a_file_that_was_too_young_is_left_to_the_indexer(memory: Memory, root: Path) -> None:
    write(root / "a.md", "young\n", age_s=None)
    memory.index(root)

    assert told(memory, root) is None


def test_what_is_no_root_or_has_roots_in_it_is_left_to_the_indexer(
    memory: Memory, root: Path
) -> None:
    assert told(memory, root / "sub") is None
    assert told(memory, root.parent) is None

    memory.index(root.parent)

    assert told(memory, root.parent) is None


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

    # It is compared by the indexer, which knows such names.
    assert told(memory, root) is None
    assert memory.index(root).unchanged == 4
