"""The journal: earlier states of a root's files in a bounded database of its own.

    keep(paths)        what is there now, if that is not the state that was known ──► "found"
    <the change>
    record(paths)      what is there now, if that is not the state before          ──► a revision

Both look at the files themselves, so a change that nobody announced, or whose process died before
it was recorded, is found before the next change of the file. One lock per root is held from the one
to the other: else two tools at the same moment would take each other's content for their own, and
that of the first one would be in no revision.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memcairn import paths as places
from memcairn.errors import MemcairnError, NoteUnreadable, StateDamaged, StateError, UsageError
from memcairn.fs.names import folder_parts, parts
from memcairn.fs.sandbox import open_root
from memcairn.history import states
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

# The revisions that one call drops at most, so that no call is slow because the bounds got smaller.
_DROPPED_AT_ONCE = 100
# Half the time of the default level where it matters (20 KB), for 2 to 6 percent more bytes.
_LEVEL = 3

KNOWN = """
SELECT after FROM change WHERE path = ? AND revision <= ? ORDER BY revision DESC LIMIT 1
"""
STATE_BEFORE_THE_FIRST = """
SELECT before, revision FROM change WHERE path = ? AND revision > ? ORDER BY revision LIMIT 1
"""
# Where a file came from that a move has added: the file with the same content that it removed.
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
class _Change:
    path: str
    before: State
    after: State


class Journal:
    """The journal of one root; see memcairn.history.values.History for what the methods do.

    Args:
        folder: where it is kept, outside of the root. It is made when it is needed.
        root: the root.
        bounds: how much is kept.
        clock: seconds since 1970.
        first_id: after which revision the ids of a new journal begin.
    """

    def __init__(
        self,
        folder: Path,
        root: Path,
        *,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.time,
        first_id: Callable[[], int] = lambda: 0,
    ) -> None:
        self.folder = folder
        self._root = root
        self._bounds = bounds or Bounds()
        self._clock = clock
        self.database = HistoryDatabase(str(folder / "history.db"), first_id=first_id)

    def close(self) -> None:
        """Close the files."""
        self.database.close()

    # ── recording ────────────────────────────────────────────────────────────────────────────────

    def keep(self, paths: Sequence[str]) -> Revision | None:
        """Keep what these files hold now, where that is not the state that was known."""
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
        """Keep what is there now, and after the block record what it changed."""
        recording = Recording()
        with self._locked(), open_root(self._root) as root:
            _, before = self._keep(root, paths, before_change=True)
            try:
                yield recording
            finally:
                try:
                    if self._record(root, tool, session, before, recording):
                        self.database.shrink()
                except MemcairnError as error:
                    # The change itself is done, and is found before the next one.
                    log.warning("history.not_recorded: %s", error)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            places.make_private_folder(str(self.folder))
        except OSError as error:
            raise StateError(f"cannot be made: {error.strerror}", path=self.folder) from error
        with open_root(self.folder) as folder, folder.lock():
            yield

    def _keep(
        self, root: Folder, paths: Sequence[str], *, before_change: bool = False
    ) -> tuple[int | None, dict[str, State]]:
        """The revision of what was found, and before a change the state of each file now.

        A file whose last revision is not kept any more is known all the same, and its content is
        kept again before it changes.
        """
        files = states.files(root, paths)

        def work(db: sqlite3.Connection) -> tuple[int | None, dict[str, State]]:
            now: dict[str, State] = {}
            changes = []
            for path in sorted({*files, *_known_below(db, paths)}):
                on_disk = states.read(root, path)
                known = db.execute("SELECT sha256 FROM known WHERE path = ?", (path,)).fetchone()
                digest = _digest(on_disk)
                # Of what cannot be read, there is nothing to keep.
                is_known = digest == known[0] if known else digest in (b"", None)
                if before_change or not is_known:
                    now[path] = _state(db, on_disk)
                if not is_known:
                    changes.append(_Change(path, last_state(db, path), now[path]))
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
                    old = last_state(db, path)
                    if old is None and path in recording.made:
                        old = ABSENT
                new = _state(db, states.read(root, path))
                if new != old:
                    changes.append(_Change(path, old, new))
            recorded = self._add(db, tool, session, changes)
            # Not before: the states of `before` may be in the oldest revisions alone.
            self._drop_oldest(db)
            return recorded

        return self.database.run(work)

    def _add(
        self, db: sqlite3.Connection, tool: str, session: str | None, changes: list[_Change]
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
        for _ in range(_DROPPED_AT_ONCE):
            # Ids have no gaps, but for a call that failed.
            oldest, newest = kept(db)
            if oldest >= newest:
                return
            (at_us,) = db.execute("SELECT at_us FROM revision WHERE id = ?", (oldest,)).fetchone()
            (stored,) = db.execute("SELECT stored_bytes FROM total").fetchone()
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
        """Revisions, newest first."""
        newest = _LATEST if before is None else before - 1

        def work(db: sqlite3.Connection) -> list[Revision]:
            if path is None:
                ids = db.execute(
                    "SELECT id FROM revision WHERE id <= ? ORDER BY id DESC LIMIT ?",
                    (newest, max(limit, 0)),
                )
                return [_revision(db, revision) for (revision,) in ids.fetchall()]
            ids_of_path = _ids(db, "/".join(parts(path)), newest)
            return [
                _revision(db, revision)
                for revision, _ in zip(ids_of_path, range(limit), strict=False)
            ]

        return self.database.read(work)

    def content(self, path: str, revision: int) -> bytes | None:
        """What a file held right after a revision."""
        name = "/".join(parts(path))

        def work(db: sqlite3.Connection) -> bytes | None:
            require_kept(db, revision)
            at: str | None = name
            state: State = ABSENT
            while at is not None and state == ABSENT:
                state, at = _state_at(db, at, revision)
            return content_of(db, name, state)

        return self.database.read(work)

    def before(self, revision: int) -> dict[str, bytes | None]:
        """What every file of a revision held before it."""

        def work(db: sqlite3.Connection) -> dict[str, bytes | None]:
            rows = db.execute(
                "SELECT path, before FROM change WHERE revision = ? ORDER BY path", (revision,)
            ).fetchall()
            if not rows:
                require_kept(db, revision)
                raise UsageError(f"there is no revision {revision}")
            return {path: content_of(db, path, state) for path, state in rows if state is not None}

        return self.database.read(work)


_LATEST = (1 << 63) - 1


def kept(db: sqlite3.Connection) -> tuple[int, int]:
    """The oldest and the newest revision; (1, 0) if there is none."""
    # As two queries: SQLite looks at both ends, and not at all rows in between.
    oldest, newest = db.execute(
        "SELECT (SELECT MIN(id) FROM revision), (SELECT MAX(id) FROM revision)"
    ).fetchone()
    return (1, 0) if oldest is None else (oldest, newest)


def require_kept(db: sqlite3.Connection, revision: int) -> None:
    """Refuse a revision after which the state of the files is not known.

    Raises:
        UsageError: it is to come, or not kept any more.
    """
    oldest, newest = kept(db)
    if revision > newest or revision < 0:
        raise UsageError(f"there is no revision {revision}", hint=f"the latest one is {newest}")
    if revision < oldest - 1:
        raise UsageError(
            f"revision {revision} is not kept any more", hint=f"the oldest one is {oldest}"
        )


def _known_below(db: sqlite3.Connection, folders: Sequence[str]) -> Iterator[str]:
    """The paths below folders that had a file when it was last looked at."""
    for folder in folders:
        prefix = "".join(f"{name}/" for name in folder_parts(folder))
        bounds = (prefix, prefix[:-1] + chr(ord("/") + 1)) if prefix else ("", chr(0x10FFFF))
        for (path,) in db.execute(
            "SELECT path FROM known WHERE path > ? AND path < ? AND sha256 IS NOT x''", bounds
        ):
            yield path


def last_state(db: sqlite3.Connection, path: str) -> State:
    """The state of a path after its last revision, as far as that is kept."""
    row = db.execute(KNOWN, (path, _LATEST)).fetchone()
    if row is not None:
        return row[0]  # type: ignore[no-any-return]
    known = db.execute("SELECT sha256 FROM known WHERE path = ?", (path,)).fetchone()
    return ABSENT if known is not None and known[0] == b"" else None


def _ids(db: sqlite3.Connection, path: str, newest: int) -> Iterator[int]:
    """The revisions of a file, newest first, back through the moves that it came by."""
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
    """The state of a path after a revision; and the path to look at instead if it is absent."""
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
    """The state as `known` has it."""
    if on_disk.data is None:
        return b"" if on_disk.absent else None
    return hashlib.sha256(on_disk.data).digest()


def _state(db: sqlite3.Connection, on_disk: states.OnDisk) -> State:
    """The state as `change` has it; a content that is new is stored."""
    if on_disk.data is None:
        return ABSENT if on_disk.absent else None
    digest = hashlib.sha256(on_disk.data).digest()
    row = db.execute("SELECT id FROM content WHERE sha256 = ?", (digest,)).fetchone()
    if row is not None:
        return int(row[0])
    deflated = zlib.compress(on_disk.data, _LEVEL)
    added = db.execute(
        "INSERT INTO content (sha256, size, stored_bytes) VALUES (?, ?, ?)",
        (digest, len(on_disk.data), len(deflated)),
    ).lastrowid
    db.execute("INSERT INTO data VALUES (?, ?)", (added, deflated))
    return added


def content_of(db: sqlite3.Connection, path: str, state: State) -> bytes | None:
    """The bytes of a state; None if there was no file."""
    if state == ABSENT:
        return None
    row = db.execute(
        "SELECT sha256, deflated FROM content JOIN data USING (id) WHERE id = ?", (state,)
    ).fetchone()
    if row is None:
        raise NoteUnreadable("was not kept: it could not be read, or is too large", path=path)
    try:
        data = zlib.decompress(row[1])
    except zlib.error:
        data = b""
    if hashlib.sha256(data).digest() != row[0]:
        raise StateDamaged("is damaged in the history", path=path)
    return data


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
