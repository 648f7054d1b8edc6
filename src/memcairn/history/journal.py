"""The journal: earlier states of a root's files, within bounds.

    before the change    read the files; if a state is not the last known one ──► revision "found"
    <the change>
    after the change     read the files; if a state is not the one before     ──► revision of the tool

Both steps read the files themselves. So a change outside the tools, or one whose process died before it was
recorded, is found before the next change of the file. One lock per root is held from the first step to
the second: otherwise two tools at the same moment would each record the other's content as their own, and
the first content would be in no revision.
"""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memcairn import paths as places
from memcairn.errors import MemcairnError, NoteError, NoteUnreadable, StateError, UsageError
from memcairn.fs.names import folder_parts, parts
from memcairn.fs.sandbox import open_root
from memcairn.history import contents, states
from memcairn.history.database import HistoryDatabase
from memcairn.history.values import FOUND, Bounds, FileChange, Recording, Revision

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from memcairn.fs.sandbox import Folder

log = logging.getLogger(__name__)

# change.before and change.after
ABSENT = 0
State = int | None

# Bounds the time of a call after the bounds of the journal were reduced.
_MAX_DROPPED_PER_CALL = 100

KNOWN = """
SELECT after FROM change WHERE path = ? AND revision <= ? ORDER BY revision DESC LIMIT 1
"""
STATE_BEFORE_THE_FIRST = """
SELECT before, revision FROM change WHERE path = ? AND revision > ? ORDER BY revision LIMIT 1
"""
# The earlier path of a file that a move added: the removed file of that revision with the same content.
MOVED_FROM = """
SELECT old.path FROM change AS new JOIN revision ON revision.id = new.revision
JOIN change AS old ON old.revision = new.revision AND old.after = 0 AND old.before = new.after
WHERE new.path = :path AND new.revision = :revision AND new.before = 0 AND tool = 'move'
ORDER BY old.path LIMIT 1
"""
CHANGES = """
SELECT path, before, after, old.size, new.size FROM change
LEFT JOIN content AS old ON old.id = before LEFT JOIN content AS new ON new.id = after
WHERE revision = ? ORDER BY path
"""


@dataclass(frozen=True, slots=True)
class _StateChange:
    path: str
    before: State
    after: State


class Journal:
    """The journal of one root; usable from several threads and processes.

    Every method raises StateError if the journal itself cannot be read or written.

    Args:
        folder: the folder of history.db, outside the root. Nothing is created before the first use.
        root: the root.
        bounds: how much is kept.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        folder: Path,
        root: Path,
        *,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self._root = root
        self._bounds = bounds or Bounds()
        self._clock = clock
        self.database = HistoryDatabase(str(folder / "history.db"))

    def close(self) -> None:
        """Close the database; the next use opens it again."""
        self.database.close()

    # ── recording ────────────────────────────────────────────────────────────────────────────────

    def keep(self, paths: Sequence[str]) -> Revision | None:
        """Record the current state of files, where it is not the last known one.

        Args:
            paths: files and folders; a folder stands for every file that is, or was last known to be,
                below it. "" is the root.

        Returns:
            The changes as a revision of the tool "found"; None if there are none.
        """
        with self._locked(), open_root(self._root) as root:
            found, _ = self._keep(root, paths)
            if found is None:
                return None
            self.database.run(self._drop_oldest)
            self.database.shrink()
        return self.database.read(lambda db: _revision(db, found))

    @contextlib.contextmanager
    def recording(
        self, tool: str, paths: Sequence[str], *, session: str | None = None
    ) -> Iterator[Recording]:
        """Record the current state of files, and after the block what the block changed.

        Only the change itself belongs in the block: other changes of this root wait for its end, and
        a second recording inside it deadlocks until the lock times out. The change is recorded even if the
        block raises. A failure to record it is logged, and the next call finds the change.

        Args:
            tool: the name of the change: "write", "edit", "append", "move", "remove", "restore" ...
            paths: the files and folders that the block is going to change, as far as known.
            session: the session that makes the change.

        Raises:
            OutsideRoot, UsageError: as memcairn.fs.names.parts; the block does not run.
            StateError: the current state cannot be stored; the block does not run.
        """
        recording = Recording()
        with self._locked(), open_root(self._root) as root:
            _, before = self._keep(root, paths, before_change=True)
            try:
                yield recording
            finally:
                try:
                    recording.revision = self._record(root, tool, session, before, recording)
                    if recording.revision:
                        self.database.shrink()
                except MemcairnError as error:
                    # The change itself is done; the next call finds it.
                    log.warning("history.not_recorded: %s", error)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            places.make_private_folder(str(self.folder))
        except OSError as error:
            raise StateError(f"cannot be created: {error.strerror}", path=self.folder) from error
        with open_root(self.folder) as folder, folder.lock():
            yield

    def _keep(
        self, root: Folder, paths: Sequence[str], *, before_change: bool = False
    ) -> tuple[int | None, dict[str, State]]:
        """Record changes outside the tools.

        The hash of a file outlives its revisions, so an unchanged file is never "found" again; but its
        content is stored again before it changes.

        Returns:
            The revision, if there is one; and the state of each file before the change.
        """
        unread: dict[str, str] = {}
        files = states.files(root, paths, unread=unread)
        if before_change and unread:
            path, why = next(iter(unread.items()))
            raise _unknown(path, why)

        def work(db: sqlite3.Connection) -> tuple[int | None, dict[str, State]]:
            now: dict[str, State] = {}
            changes = []
            for path in sorted({*files, *_known_below(db, paths)}):
                try:
                    on_disk = states.read(root, path)
                except NoteError as error:
                    if before_change:
                        raise _unknown(path, error.message) from error
                    on_disk = states.OnDisk(None)
                known = db.execute("SELECT sha256 FROM known WHERE path = ?", (path,)).fetchone()
                digest = _digest(on_disk)
                # A file that cannot be read has no content to keep.
                is_known = digest == known[0] if known else digest in (b"", None)
                if before_change or not is_known:
                    now[path] = _state(db, on_disk)
                if not is_known:
                    changes.append(_StateChange(path, _last_state(db, path), now[path]))
            return self._add(db, FOUND, None, changes), now

        return self.database.run(work)

    def _record(
        self,
        root: Folder,
        tool: str,
        session: str | None,
        before: dict[str, State],
        recording: Recording,
    ) -> int | None:
        more = [p for p in (*recording.touched, *recording.made) if p not in before]
        files = list(dict.fromkeys([*before, *states.files(root, more)]))

        def work(db: sqlite3.Connection) -> int | None:
            changes = []
            for path in files:
                if path in before:
                    old = before[path]
                else:
                    old = _last_state(db, path)
                    if old is None and path in recording.made:
                        old = ABSENT
                new = _state(db, states.read_if_possible(root, path))
                if new != old:
                    changes.append(_StateChange(path, old, new))
            recorded = self._add(db, tool, session, changes)
            # Only now: the oldest revisions may be the only ones with the states of `before`.
            self._drop_oldest(db)
            return recorded

        return self.database.run(work)

    def _add(
        self, db: sqlite3.Connection, tool: str, session: str | None, changes: list[_StateChange]
    ) -> int | None:
        if not changes:
            return None
        revision = db.execute(
            "INSERT INTO revision (at_us, tool, session) VALUES (?, ?, ?)",
            (int(self._clock() * 1e6), tool, session),
        ).lastrowid
        assert revision is not None
        db.executemany(
            "INSERT INTO change VALUES (?, ?, ?, ?)",
            [(revision, change.path, change.before, change.after) for change in changes],
        )
        return revision

    def _drop_oldest(self, db: sqlite3.Connection) -> None:
        oldest_us = int((self._clock() - self._bounds.max_days * 86_400) * 1e6)
        db.execute("DELETE FROM content WHERE uses < 1")
        for _ in range(_MAX_DROPPED_PER_CALL):
            # Ids have no gaps, except where a call failed.
            oldest, newest = _revision_range(db)
            if oldest >= newest:
                return
            (at_us,) = db.execute("SELECT at_us FROM revision WHERE id = ?", (oldest,)).fetchone()
            (stored,) = db.execute("SELECT stored_bytes - pinned_bytes FROM total").fetchone()
            if (
                newest - oldest < self._bounds.max_revisions
                and at_us >= oldest_us
                and stored <= self._bounds.max_bytes
            ):
                return
            db.execute("DELETE FROM revision WHERE id = ?", (oldest,))

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def log(
        self, limit: int = 50, *, path: str | None = None, before: int | None = None
    ) -> list[Revision]:
        """Revisions, newest first.

        Args:
            limit: the maximum number.
            path: only revisions of this file, including those under its names before a move.
            before: only revisions older than this one: the last one of the previous page.
        """
        newest = _LATEST if before is None else before - 1

        def work(db: sqlite3.Connection) -> list[Revision]:
            if path is None:
                ids = db.execute(
                    "SELECT id FROM revision WHERE id <= ? ORDER BY id DESC LIMIT ?",
                    (newest, max(limit, 0)),
                )
                return [_revision(db, revision) for (revision,) in ids.fetchall()]
            ids_of_path = _revision_ids(db, "/".join(parts(path)), newest)
            return [
                _revision(db, revision)
                for revision, _ in zip(ids_of_path, range(limit), strict=False)
            ]

        return self.database.read(work)

    def content(self, path: str, revision: int) -> bytes | None:
        """The content of a file right after a revision.

        If no file had this path then, and a later move gave it to a file, the content of that file
        under its earlier path is returned.

        Returns:
            The bytes, or None if there was no such file.

        Raises:
            UsageError: there is no such revision, or it is no longer kept.
            NoteUnreadable: the journal has no state of the file, or its content could not be stored.
        """
        name = "/".join(parts(path))

        def work(db: sqlite3.Connection) -> bytes | None:
            _require_kept(db, revision)
            at: str | None = name
            state: State = ABSENT
            while at is not None and state == ABSENT:
                state, at = _state_at(db, at, revision)
            return _bytes(db, name, state)

        return self.database.read(work)

    def before(self, revision: int) -> dict[str, bytes | None]:
        """The content of each file of a revision before it: writing that back undoes the revision.

        A file whose state before is unknown, or could not be stored, is left out.

        Raises:
            UsageError: as `content`.
        """

        def work(db: sqlite3.Connection) -> dict[str, bytes | None]:
            rows = db.execute(
                "SELECT path, before FROM change WHERE revision = ? ORDER BY path", (revision,)
            ).fetchall()
            if not rows:
                _require_kept(db, revision)
                raise UsageError(f"there is no revision {revision}")
            return {path: _bytes(db, path, state) for path, state in rows if state is not None}

        return self.database.read(work)


def _unknown(path: str, why: str) -> StateError:
    """A change would destroy a content that nobody has read."""
    return StateError(
        f"cannot be kept, so nothing was changed: {why}",
        path=path,
        hint="look at the disk, then try again",
    )


_LATEST = (1 << 63) - 1


def _revision_range(db: sqlite3.Connection) -> tuple[int, int]:
    """The oldest and the newest revision; (1, 0) if there is none."""
    # With two subqueries SQLite reads only both ends of the index.
    oldest, newest = db.execute(
        "SELECT (SELECT MIN(id) FROM revision), (SELECT MAX(id) FROM revision)"
    ).fetchone()
    return (1, 0) if oldest is None else (oldest, newest)


def _require_kept(db: sqlite3.Connection, revision: int) -> None:
    """Refuse a revision after which the state of the files is unknown.

    Raises:
        UsageError: there is no such revision yet, or it is no longer kept.
    """
    oldest, newest = _revision_range(db)
    if revision > newest or revision < 0:
        raise UsageError(f"there is no revision {revision}", hint=f"the latest one is {newest}")
    if revision < oldest - 1:
        raise UsageError(
            f"revision {revision} is no longer kept", hint=f"the oldest one is {oldest}"
        )


def _known_below(db: sqlite3.Connection, folders: Sequence[str]) -> Iterator[str]:
    """The paths below folders that had a file at their last known state."""
    for folder in folders:
        prefix = "".join(f"{name}/" for name in folder_parts(folder))
        bounds = (prefix, prefix[:-1] + chr(ord("/") + 1)) if prefix else ("", chr(0x10FFFF))
        for (path,) in db.execute(
            "SELECT path FROM known WHERE path > ? AND path < ? AND sha256 IS NOT x''", bounds
        ):
            yield path


def _last_state(db: sqlite3.Connection, path: str) -> State:
    """The state of a path after its last revision; None if that was dropped."""
    row = db.execute(KNOWN, (path, _LATEST)).fetchone()
    if row is not None:
        return row[0]  # type: ignore[no-any-return]
    known = db.execute("SELECT sha256 FROM known WHERE path = ?", (path,)).fetchone()
    return ABSENT if known is not None and known[0] == b"" else None


def _revision_ids(db: sqlite3.Connection, path: str, newest: int) -> Iterator[int]:
    """The revisions of a file, newest first, including those before it was moved."""
    while True:
        row = db.execute(
            "SELECT revision FROM change WHERE path = ? AND revision <= ? "
            "ORDER BY revision DESC LIMIT 1",
            (path, newest),
        ).fetchone()
        if row is None:
            return
        (revision,) = row
        yield revision
        came = db.execute(MOVED_FROM, {"path": path, "revision": revision}).fetchone()
        path = came[0] if came else path
        newest = revision - 1


def _state_at(db: sqlite3.Connection, path: str, revision: int) -> tuple[State, str | None]:
    """The state of a path after a revision; if absent, also the path that a later move took it from."""
    row = db.execute(KNOWN, (path, revision)).fetchone()
    later = db.execute(STATE_BEFORE_THE_FIRST, (path, revision)).fetchone()
    if row is None and later is None:
        raise NoteUnreadable("has no history", path=path)
    state: State = row[0] if row is not None else later[0]
    if state != ABSENT or later is None:
        return state, None
    moved = db.execute(MOVED_FROM, {"path": path, "revision": later[1]}).fetchone()
    return state, moved[0] if moved else None


def _digest(on_disk: states.OnDisk) -> bytes | None:
    """The state as `known` stores it."""
    if on_disk.data is None:
        return b"" if on_disk.absent else None
    return contents.digest(on_disk.data)


def _state(db: sqlite3.Connection, on_disk: states.OnDisk) -> State:
    """The state as `change` stores it; a content that is new is stored."""
    if on_disk.data is None:
        return ABSENT if on_disk.absent else None
    return contents.store(db, on_disk.data)


def _bytes(db: sqlite3.Connection, path: str, state: State) -> bytes | None:
    return None if state == ABSENT else contents.load(db, state, path)


def _revision(db: sqlite3.Connection, revision: int) -> Revision:
    at_us, tool, session = db.execute(
        "SELECT at_us, tool, session FROM revision WHERE id = ?", (revision,)
    ).fetchone()
    changes = tuple(
        FileChange(path, _kind(before, after), old, new)
        for path, before, after, old, new in db.execute(CHANGES, (revision,))
    )
    return Revision(revision, datetime.fromtimestamp(at_us / 1e6, UTC), tool, session, changes)


def _kind(before: State, after: State) -> str:
    if after == ABSENT:
        return "removed"
    if before == ABSENT:
        return "added"
    return "found" if before is None else "changed"
