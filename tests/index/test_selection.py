"""Which files are notes."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from index_tools import found, write

from memcairn import Query

if TYPE_CHECKING:
    from pathlib import Path

    from memcairn import Memory


def indexed(memory: Memory, notes: Path) -> set[str]:
    memory.index(notes)
    return {os.path.relpath(p.path, notes) for p in memory.search(Query("marmalade", limit=100))}


def fill(notes: Path, *names: str) -> None:
    for number, name in enumerate(names):
        write(notes / name, f"marmalade of {number}\n")


def test_markdown_and_plain_text_are_notes_and_nothing_else(memory: Memory, notes: Path) -> None:
    fill(notes, "a.md", "b.MARKDOWN", "c.txt", "d.py", "e", "f.md~", "MEMORY.md")

    # Of MEMORY.md, the text by hand is a note.
    assert indexed(memory, notes) == {"a.md", "b.MARKDOWN", "c.txt", "MEMORY.md"}


def test_hidden_files_and_folders_are_left_out(memory: Memory, notes: Path) -> None:
    fill(notes, "a.md", ".hidden.md", ".git/b.md", "sub/.obsidian/c.md")

    assert indexed(memory, notes) == {"a.md"}


def test_a_root_may_be_hidden_itself(memory: Memory, notes: Path) -> None:
    fill(notes, ".claude/memory/a.md")

    assert indexed(memory, notes / ".claude" / "memory") == {"a.md"}


def test_folders_of_dependencies_and_builds_are_not_walked(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(notes, "a.md", "node_modules/x/b.md", "sub/__pycache__/c.md", "target/d.md")
    listed = []
    scandir = os.scandir

    def record(path):
        listed.append(os.path.relpath(path, notes))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", record)

    assert indexed(memory, notes) == {"a.md"}
    assert set(listed) == {".", "sub"}


@pytest.mark.parametrize("name", [".gitignore", ".memcairnignore"])
@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        ("b.md\n", {"a.md", "sub/a.md", "sub/deep/a.md"}),
        ("/b.md\n", {"a.md", "sub/a.md", "sub/b.md", "sub/deep/a.md", "sub/deep/b.md"}),
        ("sub/\n", {"a.md", "b.md"}),
        ("deep/\n", {"a.md", "b.md", "sub/a.md", "sub/b.md"}),
        ("sub/**/b.md\n", {"a.md", "b.md", "sub/a.md", "sub/deep/a.md"}),
        ("*.md\n!a.md\n", {"a.md", "sub/a.md", "sub/deep/a.md"}),
        # A file in a folder that is left out cannot be taken back, as in git.
        ("sub/\n!sub/a.md\n", {"a.md", "b.md"}),
        ("# b.md\n\n", {"a.md", "b.md", "sub/a.md", "sub/b.md", "sub/deep/a.md", "sub/deep/b.md"}),
        ("[\n!\n///\nb.md\n", {"a.md", "sub/a.md", "sub/deep/a.md"}),
        ("b.md\r\n", {"a.md", "sub/a.md", "sub/deep/a.md"}),
    ],
)
def test_ignore_files_exclude_notes(
    memory: Memory, notes: Path, name: str, patterns: str, left: set[str]
) -> None:
    fill(notes, "a.md", "b.md", "sub/a.md", "sub/b.md", "sub/deep/a.md", "sub/deep/b.md")
    (notes / name).write_bytes(patterns.encode())

    assert indexed(memory, notes) == left


def test_the_innermost_ignore_file_decides(memory: Memory, notes: Path) -> None:
    fill(notes, "a.md", "b.md", "sub/a.md", "sub/b.md", "sub/deep/b.md")
    write(notes / ".gitignore", "b.md\n")
    write(notes / "sub" / ".gitignore", "!b.md\n")
    write(notes / "sub" / "deep" / ".memcairnignore", "*.md\n")

    assert indexed(memory, notes) == {"a.md", "sub/a.md", "sub/b.md"}


def test_our_ignore_file_has_the_last_word(memory: Memory, notes: Path) -> None:
    fill(notes, "a.md", "b.md")
    write(notes / ".gitignore", "*.md\n")
    write(notes / ".memcairnignore", "!a.md\n")

    assert indexed(memory, notes) == {"a.md"}


def test_a_note_that_is_ignored_from_now_on_leaves_the_index(memory: Memory, notes: Path) -> None:
    fill(notes, "a.md", "b.md", "sub/c.md")
    assert indexed(memory, notes) == {"a.md", "b.md", "sub/c.md"}

    write(notes / ".gitignore", "b.md\nsub/\n")

    assert indexed(memory, notes) == {"a.md"}


def test_a_queued_note_obeys_an_ignore_file_that_was_written_since(
    memory: Memory, notes: Path
) -> None:
    fill(notes, "a.md")
    memory.index(notes)
    write(notes / ".gitignore", "b.md\n")
    fill(notes, "b.md")
    memory.enqueue(notes / "b.md")

    memory.flush()

    assert found(memory, "marmalade") == {"a.md"}


def test_configured_patterns_leave_out_too(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from memcairn import Memory

    monkeypatch.setenv("MEMCAIRN_INDEX_EXCLUDE", "drafts/, *.txt")
    fill(notes, "a.md", "b.txt", "drafts/c.md")

    with Memory() as memory:
        assert indexed(memory, notes) == {"a.md"}


@pytest.mark.parametrize("make", ["fifo", "folder"])
def test_an_ignore_file_that_is_not_a_file_is_skipped(
    memory: Memory, notes: Path, make: str
) -> None:
    fill(notes, "a.md")
    os.mkfifo(notes / ".gitignore") if make == "fifo" else (notes / ".gitignore").mkdir()

    assert indexed(memory, notes) == {"a.md"}


def test_symlinks_are_not_followed(memory: Memory, notes: Path, tmp_path: Path) -> None:
    fill(notes, "a.md", "sub/b.md")
    write(tmp_path / "outside" / "secret.md", "marmalade outside\n")
    (notes / "link.md").symlink_to(tmp_path / "outside" / "secret.md")
    (notes / "twice.md").symlink_to(notes / "a.md")
    (notes / "folder").symlink_to(tmp_path / "outside")
    (notes / "loop").symlink_to(notes)
    (notes / "broken.md").symlink_to(notes / "nothing")

    assert indexed(memory, notes) == {"a.md", "sub/b.md"}


def test_a_note_that_becomes_a_symlink_leaves_the_index(
    memory: Memory, notes: Path, tmp_path: Path
) -> None:
    fill(notes, "a.md", "b.md")
    memory.index(notes)
    write(tmp_path / "outside.md", "marmalade outside\n")
    (notes / "a.md").unlink()
    (notes / "a.md").symlink_to(tmp_path / "outside.md")

    assert found(memory, "marmalade") == {"b.md"}


def test_a_folder_that_becomes_a_symlink_leaves_the_index(
    memory: Memory, notes: Path, tmp_path: Path
) -> None:
    fill(notes, "a.md", "sub/b.md", "sub/deep/c.md")
    memory.index(notes)
    (notes / "sub").rename(tmp_path / "elsewhere")
    (notes / "sub").symlink_to(tmp_path / "elsewhere")

    assert found(memory, "marmalade") == {"a.md"}
    assert indexed(memory, notes) == {"a.md"}


def test_a_file_that_is_not_regular_blocks_nothing(memory: Memory, notes: Path) -> None:
    fill(notes, "a.md")
    os.mkfifo(notes / "fifo.md")
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(notes)
        server.bind("socket.md")

        assert indexed(memory, notes) == {"a.md"}
        for name in ("fifo.md", "socket.md"):
            memory.enqueue(notes / name)
        assert memory.flush().indexed == []

    assert found(memory, "marmalade") == {"a.md"}


@pytest.mark.parametrize(
    "name",
    [
        b"caf\xe9 not UTF-8.md",
        b"new\nline.md",
        b"a" * 252 + b".md",
        "🦊 fox.md".encode(),
        b"'; DROP TABLE note; --.md",
        b"100%_*?[x].md",
        b" .md",
    ],
)
def test_any_file_name_is_indexed_changed_renamed_and_removed(
    memory: Memory, notes: Path, name: bytes
) -> None:
    for folder in (notes, notes / os.fsdecode(b"folder \xff"), notes / "deep" / "er"):
        folder.mkdir(exist_ok=True, parents=True)
        path = folder / os.fsdecode(name)
        write(path, "marmalade\n")
        memory.index(notes)
        (passage,) = memory.search("marmalade")
        assert passage.path == str(path)

        write(path, "quince\n", age_s=1)
        assert memory.search("marmalade") == []
        assert [p.path for p in memory.search("quince")] == [str(path)]

        path.rename(folder / "other.md")
        assert [p.path for p in memory.search("quince")] == [str(folder / "other.md")]

        (folder / "other.md").rename(path)
        memory.enqueue(path)
        memory.flush()
        path.unlink()
        memory.enqueue(path)
        memory.flush()
        assert memory.status().notes == 0


def test_nothing_is_written_beside_the_notes(memory: Memory, notes: Path) -> None:
    fill(notes, "a.md", "sub/b.md")
    (notes / "c.md").write_bytes(b"\xff broken")
    before = sorted(notes.rglob("*"))
    contents = [path.read_bytes() for path in before if path.is_file()]

    memory.index(notes)
    memory.search("marmalade")
    memory.enqueue(notes / "a.md")
    memory.flush()
    memory.doctor()

    after = [path for path in sorted(notes.rglob("*")) if path.name != "MEMORY.md"]
    assert after == before
    assert [path.read_bytes() for path in after if path.is_file()] == contents
