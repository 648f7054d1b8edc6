"""What a change of the files changes in the index, and what it leaves alone."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from index_tools import chunk_ids, content, found, rows, settle, write

from memcairn import Query
from memcairn.indexing import reading, scan

if TYPE_CHECKING:
    from pathlib import Path

    from memcairn import Memory

PLAN = "# Plan\n\nIntro of it.\n\n## Rollout\n\nBlue and green.\n\n## Budget\n\nNot much.\n"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the files that were opened to be indexed."""
    opened: list[str] = []
    read = reading.read

    def record(path, max_bytes):
        opened.append(path)
        return read(path, max_bytes)

    monkeypatch.setattr(reading, "read", record)
    return opened


def test_chunks_know_their_lines_and_the_headings_above(memory: Memory, notes: Path) -> None:
    text = "---\ntitle: The plan\ndate: 2025-03-09\n---\n" + PLAN
    write(notes / "plan.md", text)
    memory.index(notes)

    known = rows(memory, "SELECT start_line, end_line, heading_path, text FROM chunk")
    assert {headings for _, _, headings, _ in known} == {
        '["Plan"]',
        '["Plan", "Rollout"]',
        '["Plan", "Budget"]',
    }
    lines = text.split("\n")
    for start, end, _, chunk in known:
        assert "\n".join(lines[start - 1 : end]) == chunk
    for passage in memory.search("green"):
        assert "\n".join(lines[passage.start_line - 1 : passage.end_line]) == passage.text
        assert (passage.title, passage.date) == ("The plan", "2025-03-09")


def test_an_unchanged_folder_is_indexed_again_without_opening_a_note(
    memory: Memory, notes: Path, reads: list[str]
) -> None:
    for number in range(20):
        write(notes / f"{number % 3}" / f"{number}.md", f"number {number}\n")
    memory.index(notes)
    assert len(reads) == 20
    before = content(memory)
    reads.clear()

    report = memory.index(notes)

    assert reads == []
    assert (report.unchanged, report.indexed, report.removed) == (20, [], [])
    assert content(memory) == before


def test_a_file_too_young_to_be_trusted_is_checked_again_until_it_is_old(
    memory: Memory, notes: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(notes / "a.md", "one\n", age_s=None)
    monkeypatch.setattr(scan, "RACY_NS", 3_600 * 10**9)
    memory.index(notes)
    # The same size, within one step of the file system's clock.
    status = os.stat(notes / "a.md")
    (notes / "a.md").write_text("two\n")
    os.utime(notes / "a.md", ns=(status.st_atime_ns, status.st_mtime_ns))

    assert memory.index(notes).indexed == [str(notes / "a.md")]

    monkeypatch.setattr(scan, "RACY_NS", 0)
    memory.index(notes)
    reads.clear()
    memory.index(notes)
    assert reads == []


def test_a_touched_file_is_read_once_and_written_never(
    memory: Memory, notes: Path, reads: list[str]
) -> None:
    path = write(notes / "a.md", PLAN)
    memory.index(notes)
    before = chunk_ids(memory, path)
    settle(path, age_s=5)
    reads.clear()

    report = memory.index(notes)
    memory.index(notes)

    assert reads == [str(path)]
    assert (report.indexed, report.unchanged) == ([], 1)
    assert chunk_ids(memory, path) == before


def test_a_changed_paragraph_rewrites_its_chunk_only(memory: Memory, notes: Path) -> None:
    path = write(notes / "plan.md", PLAN)
    memory.index(notes)
    before = chunk_ids(memory, path)

    write(path, PLAN.replace("Blue", "Red\nand blue"), age_s=1)
    report = memory.index(notes)

    after = chunk_ids(memory, path)
    assert report.chunks == 1
    assert {text: i for text, i in after.items() if "Red" not in text} == {
        text: i for text, i in before.items() if "Blue" not in text
    }
    (passage,) = [p for p in memory.search("not much") if "Not much" in p.text]
    assert passage.end_line == PLAN.count("\n") + 1


def test_sections_that_change_places_are_not_written_again(memory: Memory, notes: Path) -> None:
    first, second = "# One\n\nAlpha.\n\n", "# Two\n\nBeta.\n\n"
    path = write(notes / "a.md", "---\ntitle: t\n---\n" + first + second)
    memory.index(notes)
    before = chunk_ids(memory, path)

    write(path, "---\ntitle: t\n---\n" + second + first, age_s=1)
    report = memory.index(notes)

    assert report.chunks == 0
    assert chunk_ids(memory, path) == before
    (passage,) = memory.search(Query("alpha", limit=1))
    assert "Alpha." in passage.text


def test_one_of_two_equal_sections_can_go(memory: Memory, notes: Path) -> None:
    section = "## Same\n\nTwins.\n\n"
    path = write(notes / "a.md", "# Top\n\n" + section + section)
    memory.index(notes)
    count = "SELECT COUNT(*) FROM chunk WHERE text LIKE '%Twins%'"
    assert rows(memory, count) == [(2,)]

    write(path, "# Top\n\n" + section, age_s=1)
    report = memory.index(notes)

    assert rows(memory, count) == [(1,)]
    assert report.chunks == 0
    assert rows(memory, "SELECT COUNT(*) FROM fulltext WHERE fulltext MATCH 'twin*'") == [(1,)]


@pytest.mark.parametrize(
    ("before", "after", "query"),
    [
        ("tags: [kiwi]", "tags: [mango]", "mango"),
        ("date: 2024-01-02", "date: 2025-03-09", "2025-03-09"),
        ("title: Kiwi", "title: Mango", "mango"),
    ],
)
def test_changed_frontmatter_reaches_every_chunk(
    memory: Memory, notes: Path, before: str, after: str, query: str
) -> None:
    body = "".join(f"# S{n}\n\nWord number {n} stands here.\n\n" for n in range(4))
    path = write(notes / "a.md", f"---\n{before}\n---\n{body}")
    memory.index(notes)
    hits = "SELECT COUNT(*) FROM fulltext WHERE fulltext MATCH ?"
    assert rows(memory, hits, f'"{query}"') == [(0,)]

    write(path, f"---\n{after}\n---\n{body}", age_s=1)
    memory.index(notes)

    assert rows(memory, hits, f'"{query}"') == [(4,)]


def test_a_renamed_file_keeps_its_chunks(memory: Memory, notes: Path, reads: list[str]) -> None:
    path = write(notes / "a.md", PLAN)
    memory.index(notes)
    before = chunk_ids(memory, path)

    (notes / "sub").mkdir()
    path.rename(notes / "sub" / "b.md")
    report = memory.index(notes)

    assert chunk_ids(memory, notes / "sub" / "b.md") == before
    assert (report.removed, report.indexed) == ([str(path)], [str(notes / "sub" / "b.md")])
    assert report.chunks == 0
    assert memory.status().notes == 1


def test_two_copies_of_a_file_that_is_gone_are_two_notes(memory: Memory, notes: Path) -> None:
    path = write(notes / "a.md", PLAN)
    memory.index(notes)
    path.unlink()
    write(notes / "b.md", PLAN)
    write(notes / "c.md", PLAN)

    memory.index(notes)

    assert found(memory, "green") == {"b.md", "c.md"}
    assert memory.status().notes == 2


def test_a_copy_is_a_separate_note(memory: Memory, notes: Path) -> None:
    path = write(notes / "a.md", PLAN)
    memory.index(notes)
    before = chunk_ids(memory, path)
    shutil.copy(path, notes / "b.md")

    memory.index(notes)

    assert chunk_ids(memory, path) == before
    assert found(memory, "green") == {"a.md", "b.md"}


def test_files_that_swap_names_swap_contents(memory: Memory, notes: Path) -> None:
    a, b = write(notes / "a.md", "kiwi\n"), write(notes / "b.md", "mango\n")
    memory.index(notes)
    a.rename(notes / "c")
    b.rename(a)
    (notes / "c").rename(b)

    memory.index(notes)

    assert found(memory, "kiwi") == {"b.md"}
    assert found(memory, "mango") == {"a.md"}


@pytest.mark.parametrize("way", ["scan", "search", "drain"])
@pytest.mark.parametrize("what", ["file", "folder", "all"])
def test_a_removed_note_leaves_the_index(memory: Memory, notes: Path, way: str, what: str) -> None:
    write(notes / "a.md", "kiwi one\n")
    write(notes / "sub" / "b.md", "kiwi two\n")
    write(notes / "sub" / "deep" / "c.md", "kiwi three\n")
    memory.index(notes)

    gone = {"file": notes / "sub" / "b.md", "folder": notes / "sub", "all": notes}[what]
    gone.unlink() if what == "file" else shutil.rmtree(gone)
    if way == "scan":
        memory.index(notes)
    elif way == "drain":
        memory.enqueue(gone)
        memory.flush()

    left = {"file": {"a.md", "c.md"}, "folder": {"a.md"}, "all": set()}[what]
    assert found(memory, "kiwi") == left
    if what == "all":
        # The root is away until the user confirms the loss.
        assert memory.status().notes == 3
        memory.index(notes, force=True)
    assert memory.status().notes == len(left)
    assert rows(memory, "SELECT COUNT(*) FROM fulltext") == [(len(left),)]


@pytest.mark.parametrize("way", ["scan", "search", "drain"])
def test_a_file_in_place_of_a_folder_and_a_folder_in_place_of_a_file(
    memory: Memory, notes: Path, way: str
) -> None:
    def look() -> None:
        if way == "scan":
            memory.index(notes)
        elif way == "drain":
            memory.enqueue(notes / "x.md")
            memory.flush()

    write(notes / "x.md", "kiwi file\n")
    memory.index(notes)

    (notes / "x.md").unlink()
    write(notes / "x.md" / "y.md", "kiwi inside\n")
    look()
    assert found(memory, "kiwi") == {"y.md"}

    shutil.rmtree(notes / "x.md")
    write(notes / "x.md", "kiwi again\n")
    look()
    assert found(memory, "kiwi") == {"x.md"}
    assert memory.status().notes == 1


def test_force_writes_everything_again(memory: Memory, notes: Path, reads: list[str]) -> None:
    path = write(notes / "a.md", PLAN)
    memory.index(notes)
    before = content(memory)
    reads.clear()

    report = memory.index(notes, force=True)

    assert reads == [str(path)]
    assert report.chunks == 3
    assert content(memory) == before


def test_an_aborted_scan_removes_nothing(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        write(notes / f"{number}" / "a.md", f"kiwi {number}\n")
    memory.index(notes)
    shutil.rmtree(notes / "0")
    scandir = os.scandir
    calls = []

    def interrupt(path):
        calls.append(path)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", interrupt)
        with pytest.raises(KeyboardInterrupt):
            memory.index(notes)

    assert rows(memory, "SELECT COUNT(*) FROM note") == [(5,)]
    memory.index(notes)
    assert rows(memory, "SELECT COUNT(*) FROM note") == [(4,)]


def test_an_indexing_that_is_broken_off_removes_nothing_and_is_made_up_for(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(notes / "gone.md", "kiwi gone\n")
    memory.index(notes)
    (notes / "gone.md").unlink()
    for number in range(5):
        write(notes / f"{number}.md", f"kiwi {number}\n")
    read = reading.read

    def interrupt(path, max_bytes):
        if path.endswith("3.md"):
            raise KeyboardInterrupt
        return read(path, max_bytes)

    with monkeypatch.context() as patch:
        patch.setattr(reading, "read", interrupt)
        with pytest.raises(KeyboardInterrupt):
            memory.index(notes)
    assert (str(notes / "gone.md"),) in rows(memory, "SELECT path FROM note")

    memory.index(notes)
    assert found(memory, "kiwi") == {f"{number}.md" for number in range(5)}


def test_a_folder_that_cannot_be_listed_keeps_its_notes(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.md", "locked/b.md", "locked/deep/c.md", "d.md"):
        write(notes / name, "kiwi\n")
    memory.index(notes)
    (notes / "d.md").unlink()
    scandir = os.scandir

    def refuse(path):
        if os.path.basename(path) == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        report = memory.index(notes)
        assert report.failed == {str(notes / "locked"): "cannot be listed: Permission denied"}
        assert not report.is_whole
        assert found(memory, "kiwi") == {"a.md", "b.md", "c.md"}

    # It can be listed again, and the next search sees what came meanwhile.
    write(notes / "locked" / "e.md", "kiwi\n")
    assert found(memory, "kiwi") == {"a.md", "b.md", "c.md", "e.md"}


def test_the_start_of_a_scan_counts_as_its_time(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    write(notes / "a.md", "kiwi\n")
    before = time.time()
    seen = []
    read = reading.read
    monkeypatch.setattr(reading, "read", lambda *given: (seen.append(time.time()), read(*given))[1])

    memory.index(notes)

    (root,) = memory.status().roots
    assert root.scanned_at is not None
    assert before <= root.scanned_at <= seen[0]


def test_a_file_written_while_it_is_indexed_is_indexed_as_it_is_in_the_end(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(notes / "a.md", "kiwi\n")
    read = reading.read

    def write_afterwards(*given):
        content = read(*given)
        if path.read_text() == "kiwi\n":
            write(path, "mango\n", age_s=-5)
        return content

    monkeypatch.setattr(reading, "read", write_afterwards)

    report = memory.index(notes)

    assert report.indexed == [str(path)]
    assert found(memory, "kiwi") == set()
    assert found(memory, "mango") == {"a.md"}


def test_a_file_that_never_rests_is_a_failure_that_names_it(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(notes / "a.md", "kiwi\n")
    write(notes / "b.md", "kiwi\n")
    read = reading.read
    turns = []

    def write_afterwards(name, max_bytes):
        content = read(name, max_bytes)
        if name == str(path):
            turns.append(1)
            write(path, "kiwi " * (len(turns) + 1))
        return content

    with monkeypatch.context() as patch:
        patch.setattr(reading, "read", write_afterwards)
        report = memory.index(notes)

    assert report.failed == {str(path): "changes all the time"}
    assert report.indexed == [str(notes / "b.md")]
    assert memory.index(notes).is_whole
    assert found(memory, "kiwi") == {"a.md", "b.md"}


@pytest.mark.parametrize("query", ["user name", "getUserName", "get", "GetUserName"])
def test_identifiers_are_found_whole_and_by_part(memory: Memory, notes: Path, query: str) -> None:
    write(notes / "a.md", "It calls `getUserName` first.\n")
    write(notes / "b.md", "Nothing of the kind.\n")
    memory.index(notes)

    assert found(memory, query) == {"a.md"}
