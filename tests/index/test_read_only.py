"""A home that cannot be written, or whose disk is full, can still be searched."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

import pytest
from index_tools import found, write

from memcairn import Memory, sqlite
from memcairn.cli import serve
from memcairn.cli.commands import run
from memcairn.errors import StateError
from memcairn.mcp.server import MemoryServer
from serve.clients import Failed, connected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOBODY = 65_534


@pytest.fixture
def read_only_home(notes: Path, home: Path) -> Iterator[Path]:
    """A home with two notes indexed, in which this process may read and not write."""
    for name in ("a.md", "b.md"):
        write(notes / name, f"kiwi {name}\n")
    with Memory() as memory:
        memory.index(notes)
        with contextlib.closing(memory.open_root(str(notes))) as root:
            root.write("a.md", "kiwi a.md\nmango\n", overwrite=True)
    opened = [folder for folder in (notes, *notes.parents) if os.stat(folder).st_uid == os.getuid()]
    modes = {folder: os.stat(folder).st_mode for folder in opened if folder != folder.parent}
    for folder in modes:
        folder.chmod(0o755)
    inside = {path: path.stat().st_mode for path in (home, *home.rglob("*"))}
    for path in inside:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if is_root := os.geteuid() == 0:
        os.seteuid(NOBODY)
    yield home
    if is_root:
        os.seteuid(0)
    for path, mode in inside.items():
        path.chmod(mode)
    for folder, mode in modes.items():
        folder.chmod(mode)


def test_a_home_that_cannot_be_written_is_searched(read_only_home: Path, memory: Memory) -> None:
    assert found(memory, "kiwi") == {"a.md", "b.md"}
    assert found(memory, "kiwi") == {"a.md", "b.md"}
    (notice,) = memory.notices
    assert "may be out of date" in notice

    with pytest.raises(StateError, match=r"queue\.db|index\.db"):
        memory.enqueue(read_only_home / "a.md")


def test_a_home_that_cannot_be_written_reports_its_state(
    read_only_home: Path, memory: Memory
) -> None:
    status = memory.status()

    assert (status.notes, status.queue.depth, len(status.roots)) == (2, 0, 1)
    assert memory.queue_status().depth == 0
    finding = next(one for one in memory.doctor() if "cannot be written" in one.what)
    assert str(read_only_home) in finding.remedy
    assert not [one for one in memory.doctor() if "full text" in one.what]


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("list", "a.md"),
        ("show a", "mango"),
        ("search kiwi", "a.md"),
        ("log", "write"),
        ("log a", "write"),
        ("diff a", "+mango"),
        ("snapshot list", ""),
        ("trash list", ""),
        ("review", ""),
        ("tidy", ""),
    ],
)
def test_what_is_only_read_is_shown_from_a_home_that_cannot_be_written(
    read_only_home: Path,
    notes: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    printed: str,
) -> None:
    monkeypatch.chdir(notes)

    assert run(command.split()) == 0

    assert printed in capsys.readouterr().out


READS = (
    ("memory_search", {"query": "kiwi"}),
    ("memory_get_context", {"query": "kiwi"}),
    ("memory_about", {"topic": "kiwi"}),
    ("mem_read", {"path": "a.md"}),
    ("mem_list", {}),
    ("mem_grep", {"pattern": "mango"}),
)
WRITES = (
    ("mem_write", {"path": "c.md", "content": "new"}),
    ("mem_edit", {"path": "a.md", "old_str": "mango", "new_str": "plum"}),
    ("mem_remove", {"path": "b.md"}),
    ("memory_observe", {"content": "The port is 5433."}),
)


def test_a_server_answers_from_a_home_that_cannot_be_written(
    notes: Path, request: pytest.FixtureRequest
) -> None:
    write(notes / "a.md", "kiwi mango\n")
    with Memory() as memory, connected(_server(memory, notes)) as client:
        for tool, arguments in READS:  # loads what nobody else may read
            client.call(tool, **arguments)
        for tool, arguments in WRITES:
            client.raw(tool, **arguments)
    (notes / "c.md").unlink()
    for path in notes.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    request.getfixturevalue("read_only_home")
    before = {path.name: path.read_bytes() for path in notes.glob("*.md")}

    with Memory() as memory, connected(_server(memory, notes)) as client:
        for tool, arguments in READS:
            assert "a.md" in json.dumps(client.call(tool, **arguments)), tool
        for tool, arguments in WRITES:
            with pytest.raises(Failed):
                client.call(tool, **arguments)

    assert {path.name: path.read_bytes() for path in notes.glob("*.md")} == before


def _server(memory: Memory, notes: Path) -> MemoryServer:
    return MemoryServer(lambda: serve.open_root(memory, str(notes)), "full")


def test_an_answer_from_an_index_that_cannot_be_written_has_no_old_text(
    notes: Path, memory: Memory
) -> None:
    for name in ("a.md", "b.md"):
        write(notes / name, f"kiwi {name}\n")
    memory.index(notes)
    memory.engine.databases.opened().db.execute("PRAGMA query_only = ON")
    write(notes / "b.md", "mango\n", age_s=9)

    assert found(memory, "kiwi") == {"a.md"}
    assert found(memory, "kiwi") == {"a.md"}
    (notice,) = memory.notices
    assert "leaves out what has changed" in notice


class Disk(NamedTuple):
    f_bavail: int
    f_frsize: int = 4096


@pytest.mark.parametrize("blocks", [0, 100_000])
def test_a_full_disk_is_not_called_an_io_error(
    home: Path, monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: Disk(blocks))
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"

    message = str(sqlite.state_error(str(home / "index.db"), error))

    assert ("no room" in message) == (blocks == 0)
