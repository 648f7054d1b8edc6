"""What a scan passes over is counted; what killed writers and sync programs left is found."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from index_tools import settle, write

from memcairn.cli import output

if TYPE_CHECKING:
    from pathlib import Path

    from memcairn import Memory


def test_symlinks_and_folders_that_are_left_out_by_name_are_counted(
    memory: Memory, notes: Path, tmp_path: Path
) -> None:
    write(notes / "a.md", "kiwi\n")
    write(notes / "build" / "b.md", "kiwi\n")
    write(notes / "sub" / "vendor" / "c.md", "kiwi\n")
    (notes / "link.md").symlink_to(notes / "a.md")
    (notes / "folder").symlink_to(tmp_path)

    report = memory.index(notes)

    assert (report.links, report.named_out) == (2, 2)
    text = output.report_as_text(report)
    assert "2 symlinks not followed, 2 folders left out by name" in text
    (root,) = memory.status().roots
    assert (root.links, root.named_out) == (2, 2)


def test_a_scan_removes_the_temporary_files_of_killed_writers(memory: Memory, notes: Path) -> None:
    write(notes / "a.md", "kiwi\n")
    old = write(notes / "sub" / ".memcairn-1.tmp", "half")
    young = write(notes / ".memcairn-2.tmp", "half", age_s=None)
    settle(old)

    memory.index(notes)

    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize(
    "name",
    [
        "plan (Ann's conflicted copy 2026-03-01).md",
        "plan.sync-conflict-20260301-101112-ABCDEFG.md",
        "plan 2.md",
    ],
)
def test_doctor_reports_copies_that_sync_programs_made(
    memory: Memory, notes: Path, name: str
) -> None:
    write(notes / "plan.md", "kiwi\n")
    write(notes / "other 2.md", "A second part.\n")
    write(notes / "other.md", "A first part.\n")
    write(notes / name, "kiwi\n")
    memory.index(notes)

    found = [finding.what for finding in memory.doctor() if "copy" in finding.what]

    assert [os.path.join(notes, name) in what for what in found] == [True]
