"""What is wrong with a file is listed with its line, until it is mended; the rest goes on."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING

import pytest
from index_tools import found, rows, write

from memcairn import Memory
from memcairn.indexing import reading

if TYPE_CHECKING:
    from pathlib import Path


def problems(memory: Memory) -> list[tuple[str, int, bool]]:
    return [(os.path.basename(p.path), p.line, p.unread) for p in memory.status().problems]


def test_broken_yaml_is_listed_with_its_line_and_the_note_is_found(
    memory: Memory, notes: Path
) -> None:
    write(notes / "a.md", "---\ntitle: fine\ntags: [a, b\n---\nkiwi\n")

    report = memory.index(notes)

    assert report.is_whole
    ((name, line, unread),) = problems(memory)
    assert (name, unread) == ("a.md", False)
    assert 2 <= line <= 4
    assert found(memory, "kiwi") == {"a.md"}


@pytest.mark.parametrize(
    ("content", "message", "line"),
    [
        (b"one\ntwo \xff\n", "not UTF-8", 2),
        ("kiwi\n".encode("utf-16"), "UTF-16", 1),
        ("kiwi\n".encode("latin-1") + "gr\xfcn".encode("latin-1"), "not UTF-8", 2),
    ],
)
def test_a_file_that_is_not_utf_8_fails_with_its_line(
    memory: Memory, notes: Path, content: bytes, message: str, line: int
) -> None:
    write(notes / "a.md", content)
    write(notes / "b.md", "kiwi\n")

    report = memory.index(notes)

    assert message in report.failed[str(notes / "a.md")]
    assert problems(memory) == [("a.md", line, True)]
    assert found(memory, "kiwi") == {"b.md"}


@pytest.mark.parametrize(
    ("content", "why"), [(b"kiwi\0\1\2", "binary"), (b"kiwi " * 300, "larger than 1000 bytes")]
)
def test_skipped_files_are_listed_and_are_not_failures(
    notes: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, why: str
) -> None:
    monkeypatch.setenv("MEMCAIRN_INDEX_MAX_FILE_BYTES", "1000")
    write(notes / "a.md", content)
    with Memory() as memory:
        report = memory.index(notes)

        assert report.is_whole
        assert why in report.left_out[str(notes / "a.md")]
        assert problems(memory) == [("a.md", 1, False)]
        assert found(memory, "kiwi") == set()


@pytest.mark.parametrize("way", ["scan", "drain"])
@pytest.mark.parametrize("content", [b"\xff\n", b"\0binary"])
@pytest.mark.parametrize("end", ["mended", "removed", "renamed"])
def test_a_problem_is_gone_once_the_file_is_fixed_or_deleted(
    memory: Memory, notes: Path, way: str, content: bytes, end: str
) -> None:
    path = write(notes / "a.md", content)
    memory.index(notes)
    assert len(problems(memory)) == 1

    if end == "mended":
        write(path, "kiwi\n", age_s=1)
    elif end == "removed":
        path.unlink()
    else:
        path.rename(notes / "a.bak")
    if way == "scan":
        memory.index(notes)
    else:
        memory.enqueue(path)
        memory.flush()

    assert problems(memory) == []
    assert found(memory, "kiwi") == ({"a.md"} if end == "mended" else set())


def test_a_folder_of_problems_that_goes_takes_them_along(memory: Memory, notes: Path) -> None:
    path = write(notes / "sub" / "a.md", b"\xff\n")
    memory.index(notes)
    path.unlink()
    path.parent.rmdir()

    memory.search("kiwi")

    assert problems(memory) == []


def test_a_note_that_breaks_stays_as_it_was_read_last_and_fails(
    memory: Memory, notes: Path
) -> None:
    write(notes / "a.md", "kiwi\n")
    memory.index(notes)
    write(notes / "a.md", b"kiwi \xff\n", age_s=1)

    report = memory.index(notes)

    assert not report.is_whole
    assert rows(memory, "SELECT COUNT(*) FROM note") == [(1,)]
    assert memory.search("kiwi") == []


def test_a_file_that_cannot_be_opened_is_a_failure_and_stays_queued(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(notes / "a.md", "kiwi\n")
    write(notes / "b.md", "kiwi\n")
    memory.index(notes)
    write(notes / "a.md", "plum\n", age_s=1)
    write(notes / "b.md", "plum\n", age_s=1)
    open_ = os.open

    def refuse(path, *more, **others):
        if str(path).endswith("/a.md"):
            raise PermissionError(13, "Permission denied")
        return open_(path, *more, **others)

    memory.enqueue([notes / "a.md", notes / "b.md"])
    with monkeypatch.context() as patch:
        patch.setattr(reading.os, "open", refuse)
        report = memory.flush()

    assert report.failed == {str(notes / "a.md"): "cannot be read: Permission denied"}
    assert report.indexed == [str(notes / "b.md")]
    assert memory.queue_status().failing == 1
    assert memory.flush().indexed == [str(notes / "a.md")]
    assert problems(memory) == []


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were opened to be indexed."""
    names: list[str] = []
    read = reading.read

    def record(path, max_bytes):
        names.append(os.path.basename(path))
        return read(path, max_bytes)

    monkeypatch.setattr(reading, "read", record)
    return names


@pytest.mark.parametrize(
    "text", [b"\xff\n", "kiwi\n".encode("utf-16"), b"\0binary", b"kiwi" * 2_000_000]
)
def test_a_file_without_a_note_is_reported_at_each_scan_and_read_again_only_after_a_change(
    memory: Memory, notes: Path, opened: list[str], text: bytes
) -> None:
    path = write(notes / "a.md", text)
    write(notes / "b.md", "plum\n")
    first = memory.index(notes)
    listed = problems(memory)
    opened.clear()

    again = memory.index(notes)

    assert opened == []
    assert (again.left_out, again.failed) == (first.left_out, first.failed)
    assert again.is_whole == first.is_whole
    assert (again.indexed, again.unchanged) == ([], 1)
    assert problems(memory) == listed
    write(path, "kiwi\n", age_s=1)
    assert memory.index(notes).indexed == [str(path)]
    assert opened == ["a.md"]
    assert problems(memory) == []


def test_a_note_that_breaks_is_not_read_at_each_scan_either(
    memory: Memory, notes: Path, opened: list[str]
) -> None:
    path = write(notes / "a.md", "kiwi\n")
    memory.index(notes)
    write(path, b"kiwi \xff\n", age_s=1)
    memory.index(notes)
    opened.clear()

    report = memory.index(notes)

    assert (opened, report.unchanged) == ([], 0)
    assert report.failed == {str(path): "is not UTF-8 text (line 1)"}
    assert rows(memory, "SELECT COUNT(*) FROM note") == [(1,)]
    assert memory.index(notes, force=True).failed == report.failed
    assert opened == ["a.md"]


def test_an_index_page_is_not_opened_at_each_scan(
    memory: Memory, notes: Path, opened: list[str]
) -> None:
    write(notes / "index" / "a.md", "<!-- memcairn:page 1 -->\n\n- kiwi\n")
    memory.index(notes)
    opened.clear()

    report = memory.index(notes)

    assert opened == []
    assert (report.left_out, report.unchanged) == ({}, 0)
    assert found(memory, "kiwi") == set()


def test_a_file_that_was_too_large_is_read_when_it_may_be_larger(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(notes / "a.md", "kiwi " * 300)
    monkeypatch.setenv("MEMCAIRN_INDEX_MAX_FILE_BYTES", "1000")
    with Memory() as memory:
        assert str(path) in memory.index(notes).left_out

    monkeypatch.setenv("MEMCAIRN_INDEX_MAX_FILE_BYTES", "2000")
    with Memory() as memory:
        assert memory.index(notes).indexed == [str(path)]


def test_a_file_that_could_not_be_opened_is_tried_at_each_scan(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(notes / "a.md", "kiwi\n")
    open_ = os.open

    def refuse(name, *more, **others):
        if str(name) == str(path):
            raise PermissionError(13, "Permission denied")
        return open_(name, *more, **others)

    with monkeypatch.context() as patch:
        patch.setattr(reading.os, "open", refuse)
        assert not memory.index(notes).is_whole

    # Its permissions were changed, which neither its size nor its mtime shows.
    assert memory.index(notes).indexed == [str(path)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("index.exclude = [", "is not TOML"),
        ("index.exclude = 5", "index.exclude is 5"),
        ("\xff".encode("latin-1"), "is not TOML"),
        (None, "is not a regular file"),
    ],
)
def test_a_root_whose_settings_are_broken_stays_as_it_is_and_says_so(
    memory: Memory, notes: Path, text: str | bytes | None, why: str
) -> None:
    settings = write(notes / ".memcairn.toml", 'index.exclude = ["private/"]')
    write(notes / "a.md", "kiwi\n")
    write(notes / "b.md", "lime\n")
    write(notes / "private" / "c.md", "kiwi\n")
    memory.index(notes)
    if text is None:
        settings.unlink()
        os.mkfifo(settings)
    else:
        write(settings, text, age_s=1)
    write(notes / "b.md", "kiwi, not lime\n", age_s=1)
    write(notes / "d.md", "kiwi\n")

    # No text that is there no longer, and none that the settings leave out.
    assert found(memory, "kiwi") == {"a.md"}
    assert found(memory, "lime") == set()
    assert problems(memory) == [(".memcairn.toml", 1, True)]
    assert any(".memcairn.toml" in f.what and why in f.what for f in memory.doctor(fix=True))
    for report in (memory.index(notes), memory.index(notes / "d.md", namespace="x")):
        assert not report.is_whole
        assert why in str(report.failed)
    memory.enqueue(notes / "d.md")
    assert why in memory.flush().failed[str(notes / "d.md")]

    settings.unlink()

    assert found(memory, "kiwi") == {"a.md", "b.md", "c.md", "d.md"}
    assert memory.flush().is_whole
    assert problems(memory) == []


def test_deleted_notes_leave_a_root_with_broken_settings(memory: Memory, notes: Path) -> None:
    write(notes / "a.md", "kiwi\n")
    write(notes / "sub" / "b.md", "kiwi\n")
    memory.index(notes)
    write(notes / ".memcairn.toml", "broken")
    (notes / "a.md").unlink()
    (notes / "sub" / "b.md").unlink()
    (notes / "sub").rmdir()

    assert found(memory, "kiwi") == set()


def test_one_broken_root_does_not_stop_the_enclosing_root(memory: Memory, notes: Path) -> None:
    write(notes / "inner" / "a.md", "kiwi\n")
    memory.index(notes / "inner")
    write(notes / "inner" / ".memcairn.toml", "broken")
    write(notes / "b.md", "kiwi\n")

    report = memory.index(notes)

    assert list(report.failed) == [str(notes / "inner")]
    assert found(memory, "kiwi") == {"a.md", "b.md"}
    # A new index.db begins with all roots, broken or not.
    memory.close()
    os.unlink(memory.engine.databases.index_path)
    with Memory(memory.home) as again:
        assert found(again, "kiwi") == {"b.md"}


def test_a_remedy_can_be_pasted_into_a_shell_whatever_the_folder_is_called(
    memory: Memory, notes: Path, home: Path
) -> None:
    gone, kept = notes / "John's notes", notes / "kept; not lost"
    for folder in (gone, kept):
        write(folder / "a.md", "kiwi\n")
        memory.index(folder)
    shutil.rmtree(gone)
    write(kept / ".memcairn-1.tmp", "half")
    os.chmod(home, 0o755)

    said = [shlex.split(finding.remedy) for finding in memory.doctor()]

    assert ["chmod", "700", str(home)] in said
    assert ["rm", str(kept / ".memcairn-1.tmp")] in said
    assert any(words[-2:] == ["forget-root", str(gone)] for words in said)


def test_a_file_that_is_named_in_an_ignore_file_as_doctor_says_is_a_problem_no_longer(
    memory: Memory, notes: Path
) -> None:
    write(notes / "large.md", "kiwi\n" * (1 << 20))
    memory.index(notes)
    (finding,) = memory.doctor()
    assert finding.remedy == "fix the file, or name it in a .memcairnignore"

    write(notes / ".memcairnignore", "large.md\n")
    memory.index(notes)

    assert memory.doctor() == []


def test_doctor_names_byte_equal_copies(memory: Memory, notes: Path) -> None:
    for name in ("deploy.md", "deploy 2.md", "Copy of deploy.md", "old/deploy.md"):
        write(notes / name, "The otter service.\n")
    write(notes / "other.md", "The otter service.\n")  # as equal, and another note by its name
    memory.index(notes)

    found = {finding.what for finding in memory.doctor()}

    assert found == {
        f"{notes / name}: a copy of {notes / 'deploy.md'}"
        for name in ("deploy 2.md", "Copy of deploy.md", "old/deploy.md")
    }
