"""Snapshots of a root: all its files at one moment, and the way back to them.

    create ──► one row for each file in history.db: path and content
    restore ──► contents verified ──► snapshot of the state before ──► each file replaced in one step

Both hold the lock of the root, so that no tool writes meanwhile. The snapshot of the state before and the
record that a restoration has begun are one transaction: a restoration that dies is resumed by the next call
that writes, and files that were changed since are left alone.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from memcairn.errors import NoteUnreadable, StateDamaged, UsageError
from memcairn.fs.names import folder_parts
from memcairn.fs.sandbox import open_root
from memcairn.history import contents
from memcairn.history.restore import (
    Plan,
    RootState,
    apply,
    is_selected,
    plan,
    prefixes,
    read_root,
)
from memcairn.history.values import Restoration, Snapshot

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from memcairn.fs.sandbox import Folder
    from memcairn.history.database import HistoryDatabase

log = logging.getLogger(__name__)

_MAX_NAME_CHARS = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SNAPSHOTS = """
SELECT id, name, before_restoring, left_out, at_us, files, size_bytes, stored_bytes
FROM snapshot ORDER BY number DESC
"""
ADD_SNAPSHOT = """
INSERT INTO snapshot (id, name, at_us, before_restoring, files, size_bytes, stored_bytes, left_out)
VALUES (?, ?, ?, ?, ?, ?, 0, ?)
"""
COUNT_STORED_BYTES = """
UPDATE snapshot SET stored_bytes = (
    SELECT COALESCE(SUM(stored_bytes), 0) FROM content
    WHERE id IN (SELECT content FROM snapshot_file WHERE snapshot = number)
) WHERE number = ?
"""
COUNT_PINNED_BYTES = """
UPDATE total SET pinned_bytes = (
    SELECT COALESCE(SUM(stored_bytes), 0) FROM content
    WHERE id IN (SELECT content FROM snapshot_file)
)
"""
FILES = """
SELECT path, sha256 FROM snapshot JOIN snapshot_file ON snapshot = number
LEFT JOIN content ON content.id = content WHERE snapshot.id = ?
"""
CONTENT = """
SELECT content FROM snapshot JOIN snapshot_file ON snapshot = number WHERE snapshot.id = ? AND path = ?
"""


class Snapshots:
    """The snapshots of one root; usable from several threads and processes.

    Args:
        database: history.db of the root.
        root: the root.
        keep: maximum number of snapshots; the oldest ones are deleted first.
        max_days: age at which a snapshot without a name is deleted.
        clock: the time, in UTC.
    """

    def __init__(
        self,
        database: HistoryDatabase,
        root: Path,
        *,
        keep: int = 20,
        max_days: float = 180.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._root = root
        self._keep = max(keep, 1)
        self._max_days = max_days
        self._clock = clock

    def create(self, name: str | None = None) -> Snapshot:
        """Take a snapshot. An interrupted restoration is completed first.

        Raises:
            UsageError: the name is too long, or the root is too large.
            NoteError: the system refused, or another process holds the lock for too long.
            StateError: history.db cannot be written.
        """
        if name is not None and (len(name) > _MAX_NAME_CHARS or not name.isprintable()):
            raise UsageError(f"a name has at most {_MAX_NAME_CHARS} printable characters")
        with self._locked() as root:
            self._complete(root)

            def work(db: sqlite3.Connection) -> Snapshot:
                snapshot, _ = self._take(db, root, name or None, None)
                self._purge(db, snapshot.id)
                return snapshot

            snapshot = self._database.run(work)
        self._database.shrink()
        return snapshot

    def list(self) -> list[Snapshot]:
        """All snapshots, newest first."""
        if not os.path.exists(self._database.path):
            return []
        return self._database.read(_snapshots)

    def restore(
        self, snapshot_id: str, paths: Sequence[str] | None = None, *, dry_run: bool = False
    ) -> Restoration:
        """Bring the files of the root back to a snapshot; files that are not in it are removed.

        A snapshot of the state before is taken, so that this can be undone. An interrupted restoration is
        completed first.

        Args:
            snapshot_id: `Snapshot.id`.
            paths: only these files, and what is below these folders.
            dry_run: only report what would change.

        Raises:
            UsageError: there is no such snapshot, or one of the paths is neither in it nor in the root.
            StateDamaged: a content of the snapshot is damaged; nothing was changed.
            NoteError: the system refused. If files were already restored, the next call that writes
                continues.
        """
        selected = None if paths is None else ["/".join(folder_parts(path)) for path in paths]
        if selected is not None and "" in selected:
            selected = None
        with self._locked() as root:
            if not dry_run:
                self._complete(root)
            snapshot, target = self._load(snapshot_id)
            now = read_root(root)
            todo = plan(now.digests, target, now.left_out, selected)
            _require_known(selected, now.digests, target)
            self._verify(snapshot_id, todo)
            if todo.is_empty or dry_run:
                return _restoration(snapshot_id, None, todo, _unreadable(snapshot, now, selected))
            before, now = self._begin(root, snapshot_id, selected)
            todo = plan(now.digests, target, now.left_out, selected)
            done, failed = self._apply(root, snapshot_id, todo, now)
            self._end(before.id, snapshot_id)
        failed |= _unreadable(snapshot, now, selected)
        return _restoration(snapshot_id, before.id, todo.only(done), failed)

    def complete(self) -> Restoration | None:
        """Complete an interrupted restoration, if there is one.

        Files that were changed since it was interrupted are left alone.

        Raises:
            NoteError: as for `restore`.
        """
        if not os.path.exists(self._database.path):
            return None
        with self._locked() as root:
            return self._complete(root)

    # ── with the lock of the root ────────────────────────────────────────────────────────────────

    @contextlib.contextmanager
    def _locked(self) -> Iterator[Folder]:
        with open_root(self._root) as root, root.lock():
            yield root

    def _take(
        self, db: sqlite3.Connection, root: Folder, name: str | None, before_restoring: str | None
    ) -> tuple[Snapshot, RootState]:
        stored: dict[str, int] = {}

        def store(path: str, data: bytes) -> None:
            stored[path] = contents.store(db, data)

        now = self._clock()
        state = read_root(root, store)
        snapshot_id = f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        number = db.execute(
            ADD_SNAPSHOT,
            (
                snapshot_id,
                name,
                _microseconds(now),
                before_restoring,
                len(stored),
                state.size_bytes,
                json.dumps(state.left_out),
            ),
        ).lastrowid
        db.executemany(
            "INSERT INTO snapshot_file VALUES (?, ?, ?)",
            [(number, path, content) for path, content in stored.items()],
        )
        db.execute(COUNT_STORED_BYTES, (number,))
        db.execute(COUNT_PINNED_BYTES)
        return _find(db, snapshot_id), state

    def _load(self, snapshot_id: str) -> tuple[Snapshot, dict[str, bytes]]:
        """A snapshot, and the hash of each of its files by path."""

        def work(db: sqlite3.Connection) -> tuple[Snapshot, dict[str, bytes]]:
            return _find(db, snapshot_id), dict(db.execute(FILES, (snapshot_id,)))

        return self._database.read(work)

    def _content(self, snapshot_id: str, path: str) -> bytes:
        def work(db: sqlite3.Connection) -> bytes:
            row = db.execute(CONTENT, (snapshot_id, path)).fetchone()
            return contents.load(db, row[0] if row else None, path)

        return self._database.read(work)

    def _verify(self, snapshot_id: str, todo: Plan) -> None:
        """Check every content that is going to be written, before the first file is changed."""
        for path in (*todo.added, *todo.replaced):
            try:
                self._content(snapshot_id, path)
            except (StateDamaged, NoteUnreadable) as error:
                raise StateDamaged(
                    error.message,
                    path=path,
                    hint="nothing was restored; choose another snapshot, or other paths",
                ) from error

    def _begin(
        self, root: Folder, snapshot_id: str, selected: Sequence[str] | None
    ) -> tuple[Snapshot, RootState]:
        """Take the snapshot of the state before, and record that the restoration has begun."""

        def work(db: sqlite3.Connection) -> tuple[Snapshot, RootState]:
            before, now = self._take(db, root, None, snapshot_id)
            paths = None if selected is None else json.dumps(selected)
            db.execute("INSERT INTO restoring VALUES (?, ?, ?)", (snapshot_id, before.id, paths))
            return before, now

        return self._database.run(work)

    def _apply(
        self, root: Folder, snapshot_id: str, todo: Plan, now: RootState
    ) -> tuple[set[str], dict[str, str]]:
        return apply(root, todo, now.statuses, lambda path: self._content(snapshot_id, path))

    def _end(self, *spared: str) -> None:
        """Record that the restoration has ended; old snapshots other than `spared` are deleted."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM restoring")
            self._purge(db, *spared)

        self._database.run(work)
        self._database.shrink()

    def _complete(self, root: Folder) -> Restoration | None:
        row = self._database.read(
            lambda db: db.execute("SELECT snapshot, before, paths FROM restoring").fetchone()
        )
        if row is None:
            return None
        snapshot_id, before_id, paths = row
        now = read_root(root)
        try:
            _, target = self._load(snapshot_id)
            _, before = self._load(before_id)
            selected = None if paths is None else json.loads(paths)
            todo, failed = _remaining(
                plan(before, target, now.left_out, selected), before, target, now.digests
            )
            self._verify(snapshot_id, todo)
        except (UsageError, StateDamaged, ValueError) as error:
            log.warning("snapshots.not_completed: %s: %s", snapshot_id, error)
            self._end(before_id, snapshot_id)
            return None
        done, not_done = self._apply(root, snapshot_id, todo, now)
        self._end(before_id, snapshot_id)
        log.warning("snapshots.completed: %s: %d files", snapshot_id, len(done))
        return _restoration(snapshot_id, before_id, todo.only(done), failed | not_done)

    def _purge(self, db: sqlite3.Connection, *spared: str) -> None:
        """Delete all but the latest `keep` snapshots, and those without a name that are too old."""
        oldest = self._clock() - timedelta(days=self._max_days)
        for place, snapshot in enumerate(_snapshots(db)):
            is_old = snapshot.created_at < oldest and snapshot.name is None
            if (place >= self._keep or is_old) and snapshot.id not in spared:
                db.execute("DELETE FROM snapshot WHERE id = ?", (snapshot.id,))
        db.execute(COUNT_PINNED_BYTES)


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1)


def _snapshots(db: sqlite3.Connection) -> list[Snapshot]:
    return [_snapshot(*row) for row in db.execute(SNAPSHOTS)]


def _snapshot(
    snapshot_id: str,
    name: str | None,
    before_restoring: str | None,
    left_out: str,
    at_us: int,
    files: int,
    size_bytes: int,
    stored_bytes: int,
) -> Snapshot:
    return Snapshot(
        snapshot_id,
        name,
        _EPOCH + timedelta(microseconds=at_us),
        before_restoring,
        files,
        size_bytes,
        stored_bytes,
        json.loads(left_out),
    )


def _find(db: sqlite3.Connection, snapshot_id: str) -> Snapshot:
    for snapshot in _snapshots(db):
        if snapshot.id == snapshot_id:
            return snapshot
    raise UsageError(
        "there is no such snapshot", path=snapshot_id, hint="list the snapshots to see their ids"
    )


def _remaining(
    planned: Plan,
    before: Mapping[str, bytes],
    target: Mapping[str, bytes],
    now: Mapping[str, bytes],
) -> tuple[Plan, dict[str, str]]:
    """The part of the plan of an interrupted restoration to do, and what was changed since."""
    planned_paths = (*planned.added, *planned.replaced, *planned.removed)
    failed = {
        path: "was changed since the restoration was interrupted"
        for path in planned_paths
        if now.get(path) not in (before.get(path), target.get(path))
    }
    left = {path for path in planned_paths if now.get(path) == before.get(path)}
    return planned.only(left), failed


def _restoration(
    snapshot_id: str, before: str | None, changes: Plan, failed: dict[str, str]
) -> Restoration:
    return Restoration(
        snapshot_id, before, changes.added, changes.replaced, changes.removed, failed
    )


def _unreadable(
    snapshot: Snapshot, now: RootState, selected: Sequence[str] | None
) -> dict[str, str]:
    """Files that cannot be read now, unless the snapshot left them out as well."""
    return {
        path: reason
        for path, reason in now.left_out.items()
        if path not in snapshot.left_out and is_selected(path, selected)
    }


def _require_known(
    selected: list[str] | None, now: Mapping[str, bytes], target: Mapping[str, bytes]
) -> None:
    """Refuse a path that is neither in the root nor in the snapshot: it is a mistake."""
    known = {prefix for path in (*now, *target) for prefix in prefixes(path)}
    for path in selected or ():
        if path not in known:
            raise UsageError("is neither in the snapshot nor in the root", path=path)
