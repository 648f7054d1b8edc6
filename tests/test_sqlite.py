"""Opening SQLite files: several processes that create the same file all succeed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from memcairn import sqlite

if TYPE_CHECKING:
    from pathlib import Path

MAKE = """
import sys
from memcairn.queue import Queue
from memcairn.store.database import Database
print("ready", flush=True)
sys.stdin.readline()
Queue(sys.argv[1] + "/queue.db").close()
Database(sys.argv[1] + "/index.db").close()
"""


@pytest.fixture
def reader(tmp_path: Path) -> sqlite3.Connection:
    """A connection that reads a database without a write-ahead log."""
    reader = sqlite3.connect(tmp_path / "some.db", isolation_level=None)
    reader.execute("CREATE TABLE some (thing)")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM some").fetchall()
    return reader


def test_the_switch_waits_for_readers(
    tmp_path: Path, reader: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            reader.execute("ROLLBACK")

    monkeypatch.setattr(sqlite.time, "sleep", wait)
    with closing(sqlite3.connect(tmp_path / "some.db", timeout=0)) as db:
        sqlite.enable_wal(db, 60)
        (mode,) = db.execute("PRAGMA journal_mode").fetchone()
    reader.close()

    assert (mode, len(waits)) == ("wal", 2)


def test_the_switch_gives_up_after_its_timeout(tmp_path: Path, reader: sqlite3.Connection) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "some.db", timeout=0)) as db,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        sqlite.enable_wal(db, 0.05)
    reader.close()


def test_eight_processes_create_a_home_at_the_same_time(tmp_path: Path) -> None:
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE, str(tmp_path / "home")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(8)
    ]  # fmt: skip
    for maker in makers:
        assert maker.stdout is not None
        assert maker.stdout.readline() == b"ready\n"
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write(b"go\n")
        maker.stdin.flush()

    assert [(maker.communicate()[1], maker.returncode) for maker in makers] == [(b"", 0)] * 8
