"""Snapshots of a root: all its notes at one moment, and the way back to them.

    create ──► <home>/snapshots/<root>/<id>.tar.gz and its manifest of hashes
    restore ──► verified whole ──► snapshot of the state before ──► each file swapped in one step

docs/decisions/snapshots.md says what is in a snapshot, what it costs, and what restoring leaves
alone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memcairn import paths as places
from memcairn.errors import ArchiveRefused, NoteError, NoteUnreadable, StateDamaged, UsageError
from memcairn.fs.names import folder_parts
from memcairn.fs.sandbox import open_root, reported, temporary_name
from memcairn.snapshots import restore as restoring
from memcairn.snapshots import shelf as shelves
from memcairn.snapshots import take
from memcairn.snapshots.values import FileRecord, Restoration, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from memcairn.fs.sandbox import Folder

__all__ = ["FileRecord", "Restoration", "Snapshot", "Snapshots"]

log = logging.getLogger(__name__)

_MAX_NAME_CHARS = 100


class Snapshots:
    """The snapshots of one root; usable from several threads and processes.

    Taking one and restoring one hold the lock of the root, so that no tool of ours writes meanwhile.

    Args:
        folder: where they are kept: a folder of this root's own in the home.
        root: the root.
        keep: how many are kept; the oldest ones go first.
        max_days: how long one without a name is kept.
        clock: the time, in UTC.
    """

    def __init__(
        self,
        folder: Path,
        root: Path,
        *,
        keep: int = 20,
        max_days: float = 180.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder = folder
        self._root = root
        self._keep = max(keep, 1)
        self._max_days = max_days
        self._clock = clock

    def create(self, name: str | None = None) -> Snapshot:
        """Take a snapshot. A restoration that died is completed before.

        Raises:
            UsageError: the name is too long, or the root too large.
            NoteError: the system refused, or others hold the lock for too long.
        """
        if name is not None and (len(name) > _MAX_NAME_CHARS or not name.isprintable()):
            raise UsageError(f"a name has at most {_MAX_NAME_CHARS} printable characters")
        with self._open() as (root, shelf):
            self._complete(root, shelf)
            snapshot, _ = self._take(root, shelf, name or None, None)
            self._purge(shelf, snapshot.id)
        return snapshot

    def list(self) -> list[Snapshot]:
        """All snapshots, newest first."""
        if not self._folder.is_dir():
            return []
        with open_root(self._folder) as shelf:
            return shelves.snapshots(shelf)

    def restore(
        self, snapshot_id: str, paths: Sequence[str] | None = None, *, dry_run: bool = False
    ) -> Restoration:
        """Make the files of the root what they are in a snapshot; others of its files go.

        The state before is itself made a snapshot, so that this can be undone. A restoration that
        died is completed before.

        Args:
            snapshot_id: `Snapshot.id`.
            paths: only these files, and what is below these folders.
            dry_run: only say what would change.

        Raises:
            UsageError: there is no such snapshot, or nothing has one of the paths.
            ArchiveRefused, StateDamaged: it is damaged, or holds what it must not; nothing changed.
            NoteError: the system refused. If files were already restored, the next call of a
                method that writes goes on.
        """
        wanted = None if paths is None else ["/".join(folder_parts(path)) for path in paths]
        if wanted is not None and "" in wanted:
            wanted = None
        with self._open() as (root, shelf):
            if not dry_run:
                self._complete(root, shelf)
            then, target = self._verified(shelf, snapshot_id)
            now = take.state(root)
            todo = restoring.plan(now.files, target, now.left_out, wanted)
            _require_met(wanted, now.files, target)
            if todo.is_empty or dry_run:
                return _restoration(snapshot_id, None, todo, None, _unreadable(then, now, wanted))
            before, now = self._take(root, shelf, None, snapshot_id)
            todo = restoring.plan(now.files, target, now.left_out, wanted)
            shelves.begin(shelf, snapshot_id, before.id, wanted)
            done, failed = self._apply(root, shelf, snapshot_id, target, todo, now)
            shelves.forget_intent(shelf)
            self._purge(shelf, before.id, snapshot_id)
            failed |= _unreadable(then, now, wanted)
        return _restoration(snapshot_id, before.id, todo, done, failed)

    def complete(self) -> Restoration | None:
        """Complete a restoration that died, if there is one.

        Files that were changed since it died are left alone.

        Raises:
            NoteError: as for `restore`.
        """
        if not self._folder.is_dir():
            return None
        with self._open() as (root, shelf):
            return self._complete(root, shelf)

    # ── with the lock of the root ────────────────────────────────────────────────────────────────

    @contextlib.contextmanager
    def _open(self) -> Iterator[tuple[Folder, Folder]]:
        with reported("the snapshots"):
            places.make_private_folder(str(self._folder))
        with open_root(self._root) as root, open_root(self._folder) as shelf, root.lock():
            yield root, shelf

    def _take(
        self, root: Folder, shelf: Folder, name: str | None, before_restoring: str | None
    ) -> tuple[Snapshot, take.State]:
        now = self._clock()
        temporary = temporary_name()
        try:
            with (
                reported("the snapshot"),
                os.fdopen(shelf.create(temporary), "wb") as stream,
            ):
                found = take.state(root, stream)
                stream.flush()
                os.fsync(stream.fileno())
                stored = stream.tell()
            snapshot = Snapshot(
                id=f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}",
                name=name,
                created_at=now,
                before_restoring=before_restoring,
                files=len(found.files),
                size_bytes=found.size_bytes,
                stored_bytes=stored,
                left_out=found.left_out,
            )
            shelves.put(shelf, temporary, snapshot, list(found.files.values()))
        except BaseException:
            with contextlib.suppress(NoteError):
                shelf.unlink(temporary)
            raise
        return snapshot, found

    def _verified(self, shelf: Folder, snapshot_id: str) -> tuple[Snapshot, dict[str, FileRecord]]:
        """A snapshot and its files; its archive has been read to the end, and is sound."""
        known = {snapshot.id: snapshot for snapshot in shelves.snapshots(shelf)}
        if snapshot_id not in known:
            raise UsageError(
                "there is no such snapshot", path=snapshot_id, hint="list them to see their ids"
            )
        target = shelves.records(shelf, snapshot_id)
        with self._archive(shelf, snapshot_id, target) as archive:
            for _ in archive:
                pass
        return known[snapshot_id], target

    @contextlib.contextmanager
    def _archive(
        self, shelf: Folder, snapshot_id: str, target: Mapping[str, FileRecord]
    ) -> Iterator[Iterator[tuple[str, bytes]]]:
        name = snapshot_id + shelves.ARCHIVE
        try:
            with reported(name), os.fdopen(shelf.open(name), "rb") as stream:
                yield restoring.contents(stream, os.fstat(stream.fileno()).st_size, target)
        except ArchiveRefused as error:
            error.hint = "nothing of it was restored; choose another snapshot"
            raise

    def _apply(
        self,
        root: Folder,
        shelf: Folder,
        snapshot_id: str,
        target: Mapping[str, FileRecord],
        todo: restoring.Plan,
        now: take.State,
    ) -> tuple[set[str], dict[str, str]]:
        with self._archive(shelf, snapshot_id, target) as archive:
            return restoring.apply(root, todo, now, archive)

    def _complete(self, root: Folder, shelf: Folder) -> Restoration | None:
        begun = shelves.intent(shelf)
        if begun is None:
            return None
        snapshot_id, before_id, wanted = begun
        try:
            _, target = self._verified(shelf, snapshot_id)
            before = shelves.records(shelf, before_id)
        except (UsageError, NoteUnreadable, ArchiveRefused, StateDamaged) as error:
            log.warning("snapshots.not_completed: %s: %s", snapshot_id, error)
            shelves.forget_intent(shelf)
            return None
        now = take.state(root)
        planned = restoring.plan(before, target, now.left_out, wanted)
        todo, failed = _still_to_do(planned, before, target, now)
        done, more = self._apply(root, shelf, snapshot_id, target, todo, now)
        shelves.forget_intent(shelf)
        log.warning("snapshots.completed: %s: %d files", snapshot_id, len(done))
        return _restoration(snapshot_id, before_id, todo, done, failed | more)

    def _purge(self, shelf: Folder, *spared: str) -> None:
        shelves.purge(
            shelf,
            keep=self._keep,
            max_days=self._max_days,
            now=self._clock(),
            spared=frozenset(spared),
        )


def _still_to_do(
    planned: restoring.Plan,
    before: Mapping[str, FileRecord],
    target: Mapping[str, FileRecord],
    now: take.State,
) -> tuple[restoring.Plan, dict[str, str]]:
    """What a restoration that died has not done, and what was changed since."""

    def sha(files: Mapping[str, FileRecord], path: str) -> str | None:
        return files[path].sha256 if path in files else None

    failed = {}
    left: dict[str, list[str]] = {"added": [], "replaced": [], "removed": []}
    for kind, paths in left.items():
        for path in getattr(planned, kind):
            if sha(now.files, path) == sha(before, path):
                paths.append(path)
            elif sha(now.files, path) != sha(target, path):
                failed[path] = "was changed since the restoration was broken off"
    return restoring.Plan(**{kind: tuple(paths) for kind, paths in left.items()}), failed


def _restoration(
    snapshot_id: str,
    before: str | None,
    todo: restoring.Plan,
    done: set[str] | None,
    failed: dict[str, str],
) -> Restoration:
    """The result; `done` None is a restoration that was only planned."""

    def of(paths: tuple[str, ...]) -> tuple[str, ...]:
        return paths if done is None else tuple(path for path in paths if path in done)

    return Restoration(
        snapshot_id, before, of(todo.added), of(todo.replaced), of(todo.removed), failed
    )


def _unreadable(then: Snapshot, now: take.State, wanted: list[str] | None) -> dict[str, str]:
    """What could be read when the snapshot was taken, or was not there, and cannot be read now."""
    return {
        path: why
        for path, why in now.left_out.items()
        if path not in then.left_out and restoring.is_selected(path, wanted)
    }


def _above(path: str) -> list[str]:
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names) + 1)]


def _require_met(
    wanted: list[str] | None, now: Mapping[str, FileRecord], target: Mapping[str, FileRecord]
) -> None:
    """Refuse a path that nothing has, now or in the snapshot: it is a mistake."""
    if wanted is None:
        return
    known = {place for path in (*now, *target) for place in _above(path)}
    for path in wanted:
        if path not in known:
            raise UsageError("is neither in the snapshot nor in the root", path=path)
