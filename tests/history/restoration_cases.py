"""A restoration that changes, adds and removes: what is before it, and what must be after it."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from memcairn.history import Snapshots
from memcairn.history.database import HistoryDatabase

if TYPE_CHECKING:
    from pathlib import Path

State = dict[str, bytes]

TARGET: State = {"a.md": b"one", "f/b.md": b"two", "same.md": b"same", "x": b"a file"}
BEFORE: State = {"a.md": b"1", "new/c.md": b"3", "same.md": b"same", "x/y.md": b"in a folder"}


def notes(root: Path) -> State:
    """All files except hidden temporary ones that a killed process left."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(".memcairn-")
    }


def fill(root: Path, state: State) -> None:
    for path, content in state.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def start(folder: Path) -> tuple[Snapshots, str]:
    """A root with the state before, and a snapshot of the target. The database is closed."""
    root = folder / "root"
    root.mkdir(parents=True)
    history_db = HistoryDatabase(str(folder / "history" / "history.db"))
    snapshots = Snapshots(history_db, root)
    fill(root, TARGET)
    snapshot = snapshots.create()
    for path in TARGET:
        (root / path).unlink()
    (root / "f").rmdir()
    fill(root, BEFORE)
    history_db.close()
    return snapshots, snapshot.id


def check(snapshots: Snapshots, root: Path) -> None:
    """After an interrupted restoration: the next call completes it, and it can be undone."""
    interrupted = notes(root)
    completed = snapshots.complete()
    assert notes(root) == (TARGET if completed else interrupted)
    assert interrupted in (BEFORE, TARGET) or completed, interrupted
    assert completed is None or completed.failed == {}
    assert snapshots.complete() is None
    undo = [s for s in snapshots.list() if s.before_restoring]
    if interrupted != BEFORE or completed:
        snapshots.restore(undo[0].id)
        assert notes(root) == BEFORE
    check_counts(snapshots._database)
    snapshots._database.close()


def check_counts(history_db: HistoryDatabase) -> None:
    """The counted uses and bytes are the real ones, and nothing unused is left."""
    with contextlib.closing(sqlite3.connect(history_db.path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        uses = """
            SELECT id, uses, (SELECT COUNT(*) FROM change WHERE before = id)
            + (SELECT COUNT(*) FROM change WHERE after = id)
            + (SELECT COUNT(*) FROM snapshot_file WHERE content = id) FROM content
        """
        assert all(counted == real > 0 for _, counted, real in db.execute(uses))
        stored = "SELECT COALESCE(SUM(LENGTH(deflated)), 0) FROM data JOIN content USING (id)"
        pinned = stored + " WHERE id IN (SELECT content FROM snapshot_file)"
        assert db.execute("SELECT stored_bytes, pinned_bytes FROM total").fetchone() == (
            *db.execute(stored).fetchone(),
            *db.execute(pinned).fetchone(),
        )
        assert db.execute("SELECT COUNT(*) FROM restoring").fetchone() == (0,)
