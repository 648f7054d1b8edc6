"""The journal, and each of its revisions as a commit, for ever.

    recording ──► Journal ──► history.db ──► a thread of ours: git fast-import ──► <folder>/git

The journal answers for what it keeps; what is older is read from the repository. A tool call waits
for the journal alone. Commits are made from the journal's contents, so that each holds what its own
call left, whatever has happened since; what a process that died has not committed, the next one
does.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from memcairn.errors import MemcairnError, NoteUnreadable, StateError, UsageError
from memcairn.fs import walk
from memcairn.fs.names import parts
from memcairn.fs.sandbox import open_root
from memcairn.history import journal as journals
from memcairn.history.journal import Journal
from memcairn.history.repository import BRANCH, NOT_KEPT, Repository, message, quoted
from memcairn.history.values import FOUND, Bounds, FileChange, Recording, Revision

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from memcairn.history.repository import Blob, Commit

log = logging.getLogger(__name__)

# Changes of a burst are committed together, each as a commit of its own: one process instead of many.
_GATHER_S = 1.0
_COMMITS_AT_ONCE = 500
_FILES_AT_ONCE = 200
_WHO = b"memcairn <memcairn@localhost>"
# How far the files are in git that were there before it.
_BEGUN, _DONE = "begun", "done"


class GitHistory:
    """The history of one root in git; see memcairn.history.values.History.

    Args:
        folder: where it is kept, outside of the root. It is made when it is needed.
        root: the root.
        bounds: of the journal. The repository has none.
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
        self._root = root
        self.repository = Repository(folder / "git")
        self._journal = Journal(
            folder, root, bounds=bounds, clock=clock, first_id=self.repository.newest
        )
        self._pending = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    # ── recording ────────────────────────────────────────────────────────────────────────────────

    def keep(self, paths: Sequence[str]) -> Revision | None:
        """Keep what these files hold now, where that is not the state that was known."""
        found = self._journal.keep(paths)
        if found is not None:
            self._wake()
        return found

    @contextlib.contextmanager
    def recording(
        self, tool: str, paths: Sequence[str], *, session: str | None = None
    ) -> Iterator[Recording]:
        """Keep what is there now, and after the block record what it changed."""
        with self._journal.recording(tool, paths, session=session) as recording:
            yield recording
        self._wake()

    def close(self) -> None:
        """Commit what is pending, and close the files."""
        with self._starting:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._closing.set()
            self._pending.set()
            thread.join()
            self._closing.clear()
            self._try_to_commit()
        self._journal.close()

    def _wake(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="memcairn-git", daemon=True)
                self._thread.start()
        self._pending.set()

    def _work(self) -> None:
        while True:
            self._pending.wait()
            if self._closing.wait(_GATHER_S):
                return
            self._pending.clear()
            self._try_to_commit()

    def _try_to_commit(self) -> None:
        try:
            self.commit()
        except MemcairnError as error:
            # The journal has it all; the next call tries again.
            log.warning("history.not_committed: %s", error)
        except Exception:
            # Nobody waits for this thread, which goes on.
            log.exception("history.not_committed")

    def commit(self) -> int:
        """Commit what is pending; returns how many commits that made.

        Raises:
            StateError: git is not installed, or it failed.
        """
        database = self._journal.database
        self.repository.make()
        with open_root(self.repository.folder) as folder, folder.lock():
            newest = self.repository.newest()
            oldest, _ = database.read(journals.kept)
            adopted = database.read(_adopted)
            if oldest > newest + 1 or (newest > 0 and adopted is None):
                # The journal has lost what git has not: the files begin anew as they are.
                count = self._commit_all(newest)
            else:
                count = self._commit_pending(newest)
            if adopted != _DONE:
                count += self._adopt()
            if count:
                self.repository.tidy()
        return count

    def _commit_pending(self, newest: int) -> int:
        database = self._journal.database
        count = 0
        while ids := database.read(partial(_ids_after, newest)):
            self.repository.fast_import(database.read(partial(_commits, ids, newest > 0)))
            count += len(ids)
            newest = ids[-1]
        return count

    def _adopt(self) -> int:
        """Commit the files that were there before the history."""
        self._journal.database.run(partial(_set_adopted, _BEGUN))
        with open_root(self._root) as root:
            files = [folder.shown(item.name) for folder, item in walk.files(root)]
        count = 0
        for start in range(0, len(files), _FILES_AT_ONCE):
            # Some at a time: the tools wait for this.
            self._journal.keep(files[start : start + _FILES_AT_ONCE])
            count += self._commit_pending(self.repository.newest())
        self._journal.database.run(partial(_set_adopted, _DONE))
        return count

    def _commit_all(self, newest: int) -> int:
        database = self._journal.database
        # What the journal has no content of is kept again.
        database.run(_forget_what_is_not_kept)
        self._journal.keep([""])
        self.repository.fast_import(database.read(partial(_commit_of_all, newest > 0)))
        database.run(partial(_set_adopted, _DONE))
        return 1

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def log(
        self, limit: int = 50, *, path: str | None = None, before: int | None = None
    ) -> list[Revision]:
        """Revisions, newest first."""
        name = None if path is None else "/".join(parts(path))
        found = self._journal.log(limit, path=path, before=before)
        if len(found) >= limit or not self._is_older_in_git():
            return found
        if name is None:
            last = found[-1].id if found else before
            older = self._commits(None)
            more = (commit for commit in older if last is None or commit.revision < last)
        else:
            # Anew, as the file may have had another path before what the journal keeps.
            found = []
            more = (c for c in self._commits(name) if before is None or c.revision < before)
        wanted = [commit for commit, _ in zip(more, range(limit - len(found)), strict=False)]
        return found + [self._revision(commit) for commit in wanted]

    def content(self, path: str, revision: int) -> bytes | None:
        """What a file held right after a revision."""
        name = "/".join(parts(path))
        try:
            return self._journal.content(path, revision)
        except (UsageError, NoteUnreadable):
            if not self._is_older_in_git():
                raise
            known = self._known()
            if revision > max(known, default=0) or revision < 0:
                raise
        return self._content(name, revision, known)

    def before(self, revision: int) -> dict[str, bytes | None]:
        """What the files of a revision held before it."""
        found: dict[str, bytes | None] = {}
        try:
            found = self._journal.before(revision)
        except UsageError:
            if not self._is_older_in_git() or revision not in self._known():
                raise
        else:
            if not self._is_older_in_git():
                return found
        # What the journal has dropped, or does not keep any more.
        commit = self._known().get(revision)
        for blob in self.repository.changes(commit.id) if commit else ():
            if blob.path not in found and (blob.before or (commit and commit.tool != FOUND)):
                found[blob.path] = self.repository.blob(blob.before) if blob.before else None
        return found

    def _is_older_in_git(self) -> bool:
        """Whether git has what the journal does not keep any more; all that is pending is in git."""
        oldest, newest = self._journal.database.read(journals.kept)
        if (newest and oldest <= 1) or not (newest or self.repository.exists()):
            return False
        try:
            self.commit()
        except StateError as error:
            log.warning("history.not_committed: %s", error)
        return self.repository.newest() > 0

    def _known(self) -> dict[int, Commit]:
        """The last commit of each revision."""
        newest_first = list(self.repository.commits())
        return {commit.revision: commit for commit in reversed(newest_first)}

    def _commits(self, path: str | None) -> Iterator[Commit]:
        """The commits, or those of a file, back through the moves that it came by; newest first."""
        until = BRANCH
        while path is not None:
            came = None
            for commit in self.repository.commits(until=until, path=path):
                yield commit
                came = self._moved_from(commit, path)
                if came is not None:
                    until = f"{commit.id}^"
                    break
            if came is None:
                return
            path = came
        yield from self.repository.commits()

    def _moved_from(self, commit: Commit, path: str) -> str | None:
        """Where a file came from that a move has added."""
        if commit.tool != "move":
            return None
        changes = self.repository.changes(commit.id)
        new = next((b.after for b in changes if b.path == path and b.before is None), None)
        return next((b.path for b in changes if new and b.after is None and b.before == new), None)

    def _content(self, name: str, revision: int, known: dict[int, Commit]) -> bytes | None:
        at = max((r for r in known if r <= revision), default=0)
        path: str | None = name
        while path is not None:
            blob = self.repository.blob_at(known[at].id, path) if at else None
            touching = list(self.repository.commits(path=path))
            if not touching:
                raise NoteUnreadable("has no history", path=name)
            last = next((commit for commit in touching if commit.revision <= at), None)
            unkept = max((r for r in known if r <= at and path in known[r].not_kept), default=0)
            if unkept > (last.revision if last else 0):
                raise NoteUnreadable(
                    "was not kept: it could not be read, or is too large", path=name
                )
            if blob is not None:
                return self.repository.blob(blob)
            later = [commit for commit in touching if commit.revision > at]
            path = self._moved_from(later[-1], path) if later else None
        return None

    def _revision(self, commit: Commit) -> Revision:
        changes = self.repository.changes(commit.id)
        blobs = {b for change in changes for b in (change.before, change.after) if b is not None}
        sizes = self.repository.sizes(sorted(blobs))
        return Revision(
            commit.revision,
            datetime.fromtimestamp(commit.at, UTC),
            commit.tool,
            commit.session,
            tuple(_file_change(change, commit, sizes) for change in changes),
        )


def _file_change(change: Blob, commit: Commit, sizes: dict[str, int]) -> FileChange:
    if change.after is None:
        kind = "removed"
    elif change.before is not None:
        kind = "changed"
    else:
        kind = "found" if commit.tool == FOUND else "added"
    return FileChange(
        change.path,
        kind,
        None if change.before is None else sizes.get(change.before),
        None if change.after is None else sizes.get(change.after),
    )


def _adopted(db: sqlite3.Connection) -> str | None:
    row = db.execute("SELECT value FROM meta WHERE name = 'git'").fetchone()
    return None if row is None else str(row[0])


def _set_adopted(value: str, db: sqlite3.Connection) -> None:
    db.execute("INSERT OR REPLACE INTO meta VALUES ('git', ?)", (value,))


def _forget_what_is_not_kept(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM known WHERE NOT EXISTS (SELECT 1 FROM change WHERE path = known.path)")


def _ids_after(newest: int, db: sqlite3.Connection) -> list[int]:
    rows = db.execute(
        "SELECT id FROM revision WHERE id > ? ORDER BY id LIMIT ?", (newest, _COMMITS_AT_ONCE)
    )
    return [revision for (revision,) in rows.fetchall()]


def _commits(ids: list[int], has_parent: bool, db: sqlite3.Connection) -> bytes:  # noqa: FBT001
    """Revisions of the journal as fast-import reads them."""
    stream = []
    for revision in ids:
        at_us, tool, session = db.execute(
            "SELECT at_us, tool, session FROM revision WHERE id = ?", (revision,)
        ).fetchone() or (0, "", None)
        rows = db.execute(
            "SELECT path, after FROM change WHERE revision = ? ORDER BY path", (revision,)
        ).fetchall()
        text = message(tool, [path for path, _ in rows], revision, session)
        missing = [path for path, state in rows if state is None]
        # In one stream, a commit follows the one before it without being told.
        is_on_disk = has_parent and revision == ids[0]
        stream.append(_head(text, missing, at_us // 1_000_000, has_parent=is_on_disk))
        # What goes, goes first: a file may have the place of a folder.
        stream += [b"D %s\n" % quoted(path) for path, state in rows if state == journals.ABSENT]
        stream += [_modify(db, path, state) for path, state in rows if state]
    return b"".join(stream)


def _commit_of_all(has_parent: bool, db: sqlite3.Connection) -> bytes:  # noqa: FBT001
    """All files as the journal knows them, as one commit that owes nothing to those before it."""
    _, newest = journals.kept(db)
    rows = db.execute("SELECT path FROM known WHERE sha256 IS NOT x''").fetchall()
    states = {path: journals.last_state(db, path) for (path,) in rows}
    text = message(FOUND, list(states), newest, None)
    missing = [path for path, state in states.items() if state is None]
    there = [_modify(db, path, state) for path, state in states.items() if state]
    head = _head(text, missing, int(time.time()), has_parent=has_parent)
    return head + b"deleteall\n" + b"".join(there)


def _head(text: str, missing: list[str], at: int, *, has_parent: bool) -> bytes:
    data = (
        text + "".join(f"{NOT_KEPT}{path}\n" for path in missing if path.isprintable())
    ).encode()
    branch = BRANCH.encode()
    parent = b"from %s^0\n" % branch if has_parent else b""
    committer = b"committer %s %d +0000\n" % (_WHO, at)
    return b"commit %s\n%sdata %d\n%s\n%s" % (branch, committer, len(data), data, parent)


def _modify(db: sqlite3.Connection, path: str, state: int) -> bytes:
    data = journals.content_of(db, path, state) or b""
    return b"M 100644 inline %s\ndata %d\n%s\n" % (quoted(path), len(data), data)
