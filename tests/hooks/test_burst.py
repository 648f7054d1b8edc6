"""Four sessions write 20 notes 200 times within three seconds."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hooks.conftest import write
from hooks.test_processes import SILENT, hook, outcomes, payload
from memcairn.sessions import Sessions

if TYPE_CHECKING:
    from hooks.conftest import Say
    from memcairn.memory import Memory

SESSION = Path(__file__).with_name("burst_session.py")


def test_a_burst_is_indexed_once_and_completely(
    memory: Memory, home: Path, project: Path, notes: Path
) -> None:
    for number in range(20):
        write(notes, f"note-{number:02}.md", "# Before\n")
    memory.index(notes)
    # However slow the machine is: the burst is over before anything is quiet.
    environment = os.environ | {
        "PYTHONPATH": str(SESSION.parents[1]),
        "MEMCAIRN_QUEUE_WINDOW_S": "600",
        "MEMCAIRN_QUEUE_MAX_WAIT_S": "6000",
    }
    sessions = [
        subprocess.Popen(
            [sys.executable, SESSION, home, project, notes, name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )
        for name in "abcd"
    ]  # fmt: skip
    indexed: Counter[str] = Counter()
    for step in ("ready\n", "written\n", ""):
        for session in sessions:
            assert session.stdout is not None
            line = session.stdout.readline()
            assert step in line
            if not step:
                indexed.update(json.loads(line))
        for session in sessions if step else ():
            assert session.stdin is not None
            session.stdin.write("go\n")
            session.stdin.flush()
    assert [session.wait() for session in sessions] == [0, 0, 0, 0]
    for session in sessions:
        session.communicate()

    assert memory.queue_status().depth == 0
    assert set(indexed) == {str(path) for path in notes.glob("note-*.md")}
    assert set(indexed.values()) == {1}
    for path in notes.glob("note-*.md"):
        word = path.read_text(encoding="utf-8").split()[-1].rstrip(".")
        assert memory.search(word)[0].path == str(path)
    written = [path for name in "abcd" for path in touched(home, name)]
    assert set(written) == set(indexed)
    assert set(outcomes(home)) <= {*SILENT, "late"}


def touched(home: Path, name: str) -> list[str]:
    session = Sessions(str(home)).get(name)
    assert session is not None
    return session.touched()


@pytest.fixture
def somebody_indexes(memory: Memory, home: Path, notes: Path) -> sqlite3.Connection:
    """Somebody writes to the index and has claimed a note, and does not come to an end."""
    note = write(notes, "claimed.md", "# Claimed\n")
    memory.index(notes)
    memory.enqueue(note)
    memory.engine.databases.run(lambda opened: opened.queue.claim("elsewhere:1:x", window_s=0))
    db = sqlite3.connect(home / "index.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    return db


def test_a_hook_that_queues_does_not_wait_for_those_who_index(
    somebody_indexes: sqlite3.Connection,
    memory: Memory,
    home: Path,
    project: Path,
    notes: Path,
    say: Say,
) -> None:
    Sessions(str(home)).start("s1")

    say("tool-used", tool_name="Write", tool_input={"file_path": str(notes / "claimed.md")})
    used = payload(project, tool_name="Write", tool_input={"file_path": str(notes / "other.md")})
    hook("tool-used", used)

    (outcome,) = outcomes(home)
    assert outcome in SILENT
    assert memory.queue_status().depth == 2
    somebody_indexes.close()
