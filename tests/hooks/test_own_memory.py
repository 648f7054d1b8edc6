"""The cheap checks of a hook call agree with what the indexer and MEMORY.md find to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hooks.conftest import write
from memcairn.fs import signature
from memcairn.hosts import own_memory
from memcairn.memory_md import managed_roots, outdated

if TYPE_CHECKING:
    from pathlib import Path

    from memcairn.memory import Memory


def is_changed(memory: Memory, folder: Path) -> bool:
    return memory.engine.databases.run(
        lambda opened: own_memory.is_changed(opened.db, str(folder), memory.config)
    )


def indexes_something(memory: Memory, folder: Path) -> bool:
    report = memory.index(folder)
    return bool(report.indexed or report.removed)


def extend(root: Path, *extensions: str) -> None:
    write(root, ".memcairn.toml", f"[index]\nextensions = {list(extensions)}\n")


@pytest.fixture
def root(memory: Memory, notes: Path) -> Path:
    """A root whose files are old enough for their times to be trusted."""
    write(notes, "first.md", "# First\n")
    write(notes, "second.org", "# Second\n")
    write(notes, "binary.md", "\0\0\0")
    for path in notes.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    memory.index(notes)
    return notes


def test_a_folder_that_stayed_as_it_was_is_not_changed(memory: Memory, root: Path) -> None:
    assert not is_changed(memory, root)


@pytest.mark.parametrize("inode", [7, 1 << 63, (1 << 64) - 1])
def test_inodes_of_64_bits_are_compared_as_the_index_holds_them(
    inode: int, memory: Memory, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lstat, stat = os.lstat, os.stat

    def with_inode(status: os.stat_result) -> os.stat_result:
        return os.stat_result((status.st_mode, inode, *status[2:]), {
            "st_mtime_ns": status.st_mtime_ns,
        })  # fmt: skip

    now = signature.signature_of(with_inode(lstat(root / "first.md")))
    memory.engine.databases.run(
        lambda opened: opened.db.execute("UPDATE note SET inode = ?", (now.inode,))
    )
    memory.engine.databases.run(
        lambda opened: opened.db.execute("UPDATE no_note SET inode = ?", (now.inode,))
    )
    monkeypatch.setattr(os, "lstat", lambda path: with_inode(lstat(path)))
    assert stat(root / "first.md").st_ino != inode

    assert not is_changed(memory, root)


def test_extensions_that_a_setting_adds_count(memory: Memory, root: Path) -> None:
    extend(root, ".md", ".org")

    assert is_changed(memory, root)
    memory.index(root)
    os.utime(root / "second.org", (1_600_000_000, 1_600_000_000))
    memory.index(root)
    assert not is_changed(memory, root)


NAMES = st.sampled_from(
    ["first.md", "second.org", "new.md", "sub/new.md", ".hidden.md", "MEMORY.md", "node_modules/x.md",
     "noext", "new.txt"]
)  # fmt: skip
CHANGES = st.lists(st.tuples(NAMES, st.sampled_from(["write", "remove", "link"])), max_size=4)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=CHANGES, extensions=st.sampled_from([(".md",), (".md", ".org")]))
def test_whatever_changes_the_cheap_answer_is_the_indexers(
    changes: list[tuple[str, str]],
    extensions: tuple[str, ...],
    memory: Memory,
    notes: Path,
) -> None:
    extend(notes, *extensions)
    memory.index(notes)
    for number, (name, change) in enumerate(changes):
        path = notes / name
        path.unlink(missing_ok=True)
        if change == "write":
            write(notes, name, f"# {number}\n")
            os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
        elif change == "link":
            path.parent.mkdir(exist_ok=True)
            path.symlink_to(notes)

    cheap = is_changed(memory, notes)
    had_to_index = indexes_something(memory, notes)

    assert cheap or not had_to_index
    assert not is_changed(memory, notes)


@pytest.mark.parametrize("choice", [None, True, False])
@pytest.mark.parametrize("was_written", [True, False])
@pytest.mark.parametrize("file", ["as it was", "edited", "missing"])
@pytest.mark.parametrize("changed", ["nothing", "a note", "the day"])
def test_memory_md_is_outdated_exactly_when_a_call_would_refresh_it(
    choice: bool | None,  # noqa: FBT001
    was_written: bool,  # noqa: FBT001
    file: str,
    changed: str,
    memory: Memory,
    notes: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(notes, "first.md", "# First\n")
    memory.index(notes)
    if was_written:
        memory.refresh_memory_md(notes)
    if file == "edited":
        write(notes, "MEMORY.md", "# Edited\n")
    elif file == "missing":
        (notes / "MEMORY.md").unlink(missing_ok=True)
    sql = {
        "a note": "UPDATE note SET title = 'Another'",
        "the day": "UPDATE memory_md SET day = day - 1",
        "nothing": "SELECT 1",
    }[changed]
    memory.engine.databases.run(lambda opened: opened.db.execute(sql))
    memory.engine.databases.run(
        lambda opened: opened.db.execute("UPDATE root SET memory_md = ?", (choice,))
    )
    refreshed: list[str] = []
    monkeypatch.setattr(
        managed_roots, "refresh", lambda _db, root, *_rest, **_more: refreshed.append(root.path)
    )
    today = managed_roots.this_day().toordinal()

    cheap = memory.engine.databases.run(lambda opened: outdated.outdated_roots(opened.db, today))

    memory.engine.refresh_memory_md()
    assert bool(cheap) is bool(refreshed)
    if choice is not False and (was_written or choice or file == "edited"):
        assert bool(cheap) is (not was_written or file != "as it was" or changed != "nothing")
    else:
        assert not cheap
