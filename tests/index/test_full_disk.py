"""A disk that is really full: a small file system in memory, where this user may mount one."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from memcairn import Memory
from memcairn.errors import MemcairnError
from support import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An empty disk of 4 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if (
        sys.platform != "linux"
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        pytest.skip("this user may not mount a disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Leave no room on a disk."""
    path = disk / "full"
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    assert os.statvfs(disk).f_bavail == 0
    return path


def test_notes_on_a_full_disk_stay_whole(disk: Path, home: Path) -> None:
    notes = disk / "notes"
    notes.mkdir()
    old = {f"{number}.md": f"# Kiwi {number}\n" for number in range(3)}
    for name, text in old.items():
        (notes / name).write_text(text)
    with Memory() as memory:
        memory.index(notes)
        root = memory.open_root(notes)
        full = fill(disk)

        for change in (
            lambda: root.write("new.md", "plum\n" * 9_999),
            lambda: root.append("0.md", "plum\n" * 9_999),
            lambda: root.write("1.md", "plum\n" * 9_999, overwrite=True),
        ):
            with pytest.raises(MemcairnError, match=r"[Nn]o (space|room)"):
                change()

        present = {p.name: p.read_text() for p in notes.iterdir() if p.name != "MEMORY.md"}
        assert present == old
        assert {os.path.basename(p.path) for p in memory.search("kiwi")} == set(old)
        full.unlink()
        assert root.append("0.md", "plum").searchable
        root.close()


def test_a_home_on_a_full_disk_stops_neither_searches_nor_hooks(
    disk: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_HOME", str(disk / "home"))
    (notes / "a.md").write_text("# Kiwi\n\nkiwi\n")
    with Memory() as memory:
        memory.index(notes)
    (disk / "home/daemon").touch()  # no resident process here
    full = fill(disk)

    with Memory() as memory:
        assert [passage.title for passage in memory.search("kiwi")] == ["Kiwi"]
        root = memory.open_root(notes)
        # What a change replaces could not be kept in the history.
        with pytest.raises(MemcairnError, match="no room on the disk"):
            root.write("a.md", "# Plum\n", overwrite=True)
        assert (notes / "a.md").read_text() == "# Kiwi\n\nkiwi\n"
        root.close()
    event = json.dumps({"session_id": "s", "cwd": str(notes), "prompt": "what is a kiwi?"})
    done = subprocess.run(
        [*PROGRAM, "hook", "user-prompt", "--host", "claude-code"],
        input=event.encode(), capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")

    full.unlink()
    with Memory() as memory:
        root = memory.open_root(notes)
        assert root.write("b.md", "# Plum\n\nplum\n").searchable
        root.close()
        assert [passage.title for passage in memory.search("plum")] == ["Plum"]


def test_doctor_reports_a_full_disk(disk: Path) -> None:
    with Memory(home=disk / "home") as memory:
        memory.status()
        assert not any("no room" in finding.what for finding in memory.doctor())
        fill(disk)

        assert any("no room" in finding.what for finding in memory.doctor())
