"""Which namespace a note has, and to which root it belongs."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from index_tools import found, rows, write

from memcairn import Memory, Query
from memcairn.errors import NoteUnreadable, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def namespaces(memory: Memory) -> dict[str, str]:
    return {
        path.rsplit("/", 1)[1]: namespace
        for path, namespace in rows(memory, "SELECT path, namespace FROM note")
    }


def test_a_note_has_the_name_of_its_root(memory: Memory, notes: Path) -> None:
    write(notes / "sub" / "a.md", "kiwi\n")

    memory.index(notes)

    assert namespaces(memory) == {"a.md": "notes"}
    assert memory.namespaces() == {"notes": 1}
    (passage,) = memory.search(Query("kiwi", namespace="notes"))
    assert passage.namespace == "notes"


def test_given_goes_before_frontmatter_before_rules_before_root(
    tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_NAMESPACES", "work/*=ruled, *=rest")
    own = "---\nnamespace: own\n---\n"
    write(notes / "work" / "a.md", "kiwi\n")
    write(notes / "work" / "b.md", own + "kiwi\n")
    write(notes / "c.md", "kiwi\n")
    with Memory() as memory:
        memory.index(notes)
        assert namespaces(memory) == {"a.md": "ruled", "b.md": "own", "c.md": "rest"}

        memory.index(notes / "work", namespace="given")
        assert namespaces(memory) == {"a.md": "given", "b.md": "given", "c.md": "rest"}

        memory.index(notes / "work" / "a.md", namespace="closer")
        assert namespaces(memory) == {"a.md": "closer", "b.md": "given", "c.md": "rest"}

        # What was given holds for what comes later, too.
        write(notes / "work" / "d.md", "kiwi\n")
        assert found(memory, "kiwi", namespace="given") == {"b.md", "d.md"}

        memory.index(notes / "work", namespace="")
        memory.index(notes / "work" / "a.md", namespace="")
        assert namespaces(memory) == {
            "a.md": "ruled",
            "b.md": "own",
            "c.md": "rest",
            "d.md": "ruled",
        }


def test_changed_rules_relabel_notes_without_reading_them(notes: Path, tmp_path: Path) -> None:
    write(notes / "a.md", "kiwi\n")
    with Memory() as memory:
        memory.index(notes)
    (tmp_path / "config.toml").write_text('[namespaces]\n"*.md" = "fruit"\n')

    with Memory() as memory:
        report = memory.index(notes)

        assert (report.unchanged, report.indexed) == (1, [])
        assert namespaces(memory) == {"a.md": "fruit"}


def test_a_root_can_bring_its_own_rules(memory: Memory, notes: Path) -> None:
    write(notes / "a.md", "kiwi\n")
    write(notes / ".memcairn.toml", '[namespaces]\n"a*" = "theirs"\n')

    memory.index(notes)

    assert namespaces(memory) == {"a.md": "theirs"}


def test_frontmatter_that_changes_moves_the_note(memory: Memory, notes: Path) -> None:
    write(notes / "a.md", "---\nnamespace: one\n---\nkiwi\n")
    memory.index(notes)
    write(notes / "a.md", "---\nnamespace: two\n---\nkiwi\n", age_s=1)

    memory.index(notes)

    assert memory.namespaces() == {"two": 1}
    assert memory.search(Query("kiwi", namespace="one")) == []


@pytest.mark.parametrize("name", ["nothing", "", "Notes", "note%", "notes' OR 1=1 --"])
def test_an_unknown_namespace_finds_nothing(memory: Memory, notes: Path, name: str) -> None:
    write(notes / "a.md", "kiwi\n")
    memory.index(notes)

    assert memory.search(Query("kiwi", namespace=name)) == []


def test_the_queue_carries_the_namespace(memory: Memory, notes: Path) -> None:
    write(notes / "a.md", "kiwi\n")
    memory.index(notes)
    memory.enqueue(notes / "a.md", namespace="queued")

    memory.flush()

    assert namespaces(memory) == {"a.md": "queued"}


def owners(memory: Memory, base: Path) -> dict[str, str]:
    sql = "SELECT note.path, root.path FROM note JOIN root ON root.id = note.root"
    start = len(str(base)) + 1
    return {note[start:]: root[start:] for note, root in rows(memory, sql)}


@pytest.mark.parametrize("order", ["abc", "cba", "bac", "acb", "bca", "cab"])
def test_a_note_belongs_to_the_innermost_root(memory: Memory, notes: Path, order: str) -> None:
    places = {"a": notes, "b": notes / ".b", "c": notes / ".b" / "x" / ".c"}
    for name, place in places.items():
        write(place / f"{name}.md", "kiwi\n")
    expected = {
        "notes/a.md": "notes",
        "notes/.b/b.md": "notes/.b",
        "notes/.b/x/.c/c.md": "notes/.b/x/.c",
    }

    for name in order:
        memory.index(places[name])
    assert owners(memory, notes.parent) == expected

    for name in order:
        memory.index(places[name])
        assert owners(memory, notes.parent) == expected
    assert found(memory, "kiwi") == {"a.md", "b.md", "c.md"}


def test_a_visible_root_inside_a_root_keeps_its_notes(memory: Memory, notes: Path) -> None:
    write(notes / "sub" / "a.md", "kiwi\n")
    write(notes / "b.md", "kiwi\n")
    memory.index(notes / "sub")
    memory.index(notes)

    assert owners(memory, notes) == {"sub/a.md": "sub", "b.md": ""}


def test_a_sub_folder_of_a_root_is_indexed_alone_and_is_not_a_root(
    memory: Memory, notes: Path
) -> None:
    write(notes / "a.md", "kiwi\n")
    memory.index(notes)
    write(notes / "a.md", "plum\n", age_s=1)
    write(notes / "sub" / "b.md", "kiwi\n")

    report = memory.index(notes / "sub")

    assert report.indexed == [str(notes / "sub" / "b.md")]
    assert [root.path for root in memory.roots()] == [str(notes)]


def test_a_file_can_be_indexed_before_its_folder(memory: Memory, notes: Path) -> None:
    write(notes / "a.md", "kiwi\n")
    write(notes / "b.md", "kiwi\n")

    memory.index(notes / "a.md")
    assert found(memory, "kiwi") == {"a.md"}
    assert namespaces(memory) == {"a.md": "notes"}
    assert memory.index(notes / "a.md").unchanged == 1

    memory.index(notes)
    report = memory.index(notes)
    assert (report.unchanged, report.indexed, report.removed) == (2, [], [])
    assert found(memory, "kiwi") == {"a.md", "b.md"}

    (notes / "a.md").unlink()
    assert found(memory, "kiwi") == {"b.md"}


def test_a_forgotten_root_leaves_its_files_alone(memory: Memory, notes: Path) -> None:
    write(notes / "a.md", "kiwi\n")
    memory.index(notes, namespace="given")

    assert memory.forget_root(notes) == 1

    assert (notes / "a.md").exists()
    assert memory.search("kiwi") == []
    assert memory.roots() == []
    assert rows(memory, "SELECT COUNT(*) FROM fulltext") == [(0,)]
    memory.index(notes)
    assert namespaces(memory) == {"a.md": "notes"}


def test_forgetting_an_unknown_root_is_an_error_that_lists_the_roots(
    memory: Memory, notes: Path
) -> None:
    memory.index(notes)

    with pytest.raises(UsageError) as error:
        memory.forget_root(notes / "sub")

    assert str(notes) in (error.value.hint or "")


def test_a_missing_path_cannot_be_indexed(memory: Memory, notes: Path) -> None:
    memory.index(notes)

    for path in (notes / "nothing.md", notes.parent / "nowhere"):
        with pytest.raises(NoteUnreadable):
            memory.index(path)


def test_a_file_that_is_not_a_note_cannot_be_a_root(memory: Memory, notes: Path) -> None:
    write(notes / "a.py", "kiwi\n")

    with pytest.raises(UsageError):
        memory.index(notes / "a.py")


def test_a_search_can_be_kept_to_one_folder(memory: Memory, notes: Path) -> None:
    write(notes / "a.md", "kiwi\n")
    write(notes / "sub" / "b.md", "kiwi\n")
    write(notes / "sub-other" / "c.md", "kiwi\n")
    memory.index(notes)

    assert found(memory, "kiwi", root=notes / "sub") == {"b.md"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such file names")
@pytest.mark.parametrize("name", [b"sub", b"s\xfcb", "süb".encode(), b"sub\xff"])
def test_a_search_can_be_kept_to_a_folder_whatever_the_names_in_it_are(
    memory: Memory, notes: Path, name: bytes
) -> None:
    folder = notes / os.fsdecode(name)
    write(folder / "b.md", "kiwi\n")
    write(folder / os.fsdecode(b"caf\xe9.md"), "kiwi\n")
    write(notes / os.fsdecode(name + b"-other") / os.fsdecode(b"c\xe9.md"), "kiwi\n")
    write(notes / "sua.md", "kiwi\n")
    memory.index(notes)

    assert found(memory, "kiwi", root=folder) == {"b.md", os.fsdecode(b"caf\xe9.md")}
    assert found(memory, "kiwi", root=folder / "b.md") == {"b.md"}
    assert memory.forget_root(notes) == 4


def test_status_shows_that_a_root_is_gone(memory: Memory, notes: Path) -> None:
    write(notes / "a.md", "kiwi\n")
    memory.index(notes)
    shutil.rmtree(notes)

    memory.index(notes, force=True)

    (root,) = memory.status().roots
    assert (root.exists, root.notes) == (False, 0)
