"""`Memory`: everything that memcairn can do, for the surfaces and for Python programs.

It composes the parts below, which do not know each other: what a drain indexed goes on to MEMORY.md,
a search first looks whether files changed.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

from memcairn import config, drain, paths
from memcairn.errors import StateDamaged, UsageError
from memcairn.indexer import Indexer
from memcairn.queue import Queue
from memcairn.report import IndexReport
from memcairn.search import freshness, pipeline
from memcairn.search.query import Query
from memcairn.store import overview, roots
from memcairn.store.database import Database, says_damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from memcairn.doctor import Finding
    from memcairn.queue import QueueEntry, QueueStatus
    from memcairn.search.passages import Passage
    from memcairn.store.overview import FoundProblem
    from memcairn.store.roots import Root

    Progress = Callable[[int, int], None]

T = TypeVar("T")

# A note may change while a search is under way; after this many rounds the answer leaves it out.
FRESH_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class RootStatus:
    """One root, counted. `scanned_at`: start of its last whole scan, seconds since the epoch."""

    path: str
    name: str
    notes: int
    chunks: int
    exists: bool
    scanned_at: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """What there is; sizes in bytes."""

    home: str
    roots: tuple[RootStatus, ...]
    notes: int
    chunks: int
    index_bytes: int
    queue_bytes: int
    queue: QueueStatus
    failing: tuple[QueueEntry, ...]
    problems: tuple[FoundProblem, ...]


class _Handles:
    """What one thread has open."""

    def __init__(self, db: Database, queue: Queue, settings: config.Config) -> None:
        self.db = db
        self.queue = queue
        self.indexer = Indexer(db, settings)

    def close(self) -> None:
        self.db.close()
        self.queue.close()


class Memory:
    """Long-term memory over folders of notes; usable from several threads.

    Args:
        home: the folder of caches and state; None is the platform's, or MEMCAIRN_HOME.

    Raises:
        ConfigError: config.toml cannot be understood.
        StateError: a database cannot be opened.
    """

    def __init__(self, home: str | os.PathLike[str] | None = None) -> None:
        self.home = paths.real(os.fspath(home)) if home is not None else paths.home()
        self.config = config.load()
        # What a user should be told, though nothing failed: a database was set aside, say.
        self.notices: list[str] = []
        self._threads = threading.local()
        self._open_handles: list[_Handles] = []
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        """Nothing to do: databases are opened when they are needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all databases."""
        self.close()

    def close(self) -> None:
        """Close all databases, of all threads. The object can still be used: it opens them again."""
        with self._lock:
            for handles in self._open_handles:
                handles.close()
            self._open_handles.clear()
            self._threads = threading.local()

    # ── databases ────────────────────────────────────────────────────────────────────────────────

    @property
    def index_path(self) -> str:
        """index.db."""
        return os.path.join(self.home, "index.db")

    @property
    def queue_path(self) -> str:
        """queue.db."""
        return os.path.join(self.home, "queue.db")

    def _handles(self) -> _Handles:
        handles: _Handles | None = getattr(self._threads, "handles", None)
        if handles is None:
            with self._lock:
                handles = self._open()
                self._open_handles.append(handles)
            self._threads.handles = handles
        return handles

    def _open(self) -> _Handles:
        is_new = not os.path.exists(self.index_path)
        try:
            db = Database(self.index_path)
        except StateDamaged:
            self._set_aside(self.index_path, "it is rebuilt from the files")
            is_new = True
            db = Database(self.index_path)
        queue = Queue(self.queue_path, max_wait_s=self.config.seconds("queue.max_wait_s"))
        handles = _Handles(db, queue, self.config)
        if is_new:
            for path in roots.restore(db):
                handles.indexer.index_changed(path)
        if queue.set_aside:
            self.notices.append(
                f"{self.queue_path} was damaged; it is now {queue.set_aside}, and all roots are "
                "scanned in its place"
            )
            queue.enqueue(root.path for root in roots.roots(db))
        return handles

    def _set_aside(self, path: str, consequence: str) -> None:
        # What happens once in a lifetime must not cost every start 20 ms.
        from memcairn import aside  # noqa: PLC0415

        where = aside.set_aside(path)
        if where is not None:
            self.notices.append(f"{path} was damaged; it is now {where}, and {consequence}")

    def _do(self, work: Callable[[_Handles], T]) -> T:
        """Do something with the databases; if one turns out damaged, once more with a new one."""
        try:
            return work(self._handles())
        except sqlite3.DatabaseError as error:
            if not says_damaged(error):
                raise
        self.close()
        self._set_aside(self.index_path, "it is rebuilt from the files")
        # A sound queue.db stays where it is.
        self._set_aside(self.queue_path, "all roots are scanned in its place")
        return work(self._handles())

    # ── indexing ─────────────────────────────────────────────────────────────────────────────────

    def index(
        self,
        path: str | os.PathLike[str],
        *,
        namespace: str | None = None,
        force: bool = False,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Index a file or a folder; a folder that is in no root becomes one.

        Args:
            path: what to index.
            namespace: the label that its notes get from now on; "" takes an earlier one back.
            force: read and write anew even what looks unchanged.
            progress: called with (done, total).

        Raises:
            NoteUnreadable: there is nothing at `path`.
        """
        real = paths.real(os.fspath(path))

        def work(handles: _Handles) -> IndexReport:
            handles.indexer.progress = progress
            return handles.indexer.index(real, namespace=namespace, force=force)

        return self._finish(self._do(work))

    def enqueue(
        self,
        changed: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        namespace: str | None = None,
        force: bool = False,
    ) -> None:
        """Record that a file or folder (or several) changed; a drain indexes it once it is quiet."""
        if isinstance(changed, str | os.PathLike):
            changed = [changed]
        real = [paths.real(os.fspath(path)) for path in changed]
        self._do(lambda h: h.queue.enqueue(real, namespace=namespace, force=force))

    def drain(
        self,
        window: float | None = None,
        *,
        limit: int | None = None,
        deadline: float | None = None,
    ) -> IndexReport:
        """Index the queue's entries that have been silent for `window` seconds.

        Args:
            window: None is the setting queue.window_s.
            limit: stop after this many entries.
            deadline: stop when `time.monotonic()` is past it.
        """
        window_s = self.config.seconds("queue.window_s") if window is None else window

        def work(handles: _Handles) -> IndexReport:
            handles.indexer.progress = None
            return drain.drain(
                handles.queue, handles.indexer, window_s=window_s, limit=limit, deadline=deadline
            )

        return self._timed(work)

    def flush(
        self,
        changed: Sequence[str | os.PathLike[str]] | None = None,
        *,
        progress: Progress | None = None,
        deadline: float | None = None,
    ) -> IndexReport:
        """Index everything that is queued (or just these paths), and return when that is done.

        Returns:
            The report; `failed` names what stays queued with an error.
        """
        only = None if changed is None else [paths.real(os.fspath(path)) for path in changed]

        def work(handles: _Handles) -> IndexReport:
            handles.indexer.progress = None
            return drain.flush(
                handles.queue, handles.indexer, only=only, progress=progress, deadline=deadline
            )

        return self._timed(work)

    def discard_failed(self) -> list[QueueEntry]:
        """Drop the queue's entries that have an error, and return them."""
        return self._do(lambda h: h.queue.discard_failed())

    def queue_status(self) -> QueueStatus:
        """How many entries wait, are ready, claimed, failing; the oldest and its age."""
        window_s = self.config.seconds("queue.window_s")
        return self._do(lambda h: h.queue.status(window_s=window_s))

    def _timed(self, work: Callable[[_Handles], IndexReport]) -> IndexReport:
        started = time.perf_counter()
        report = self._do(work)
        report.took_s = time.perf_counter() - started
        return self._finish(report)

    def _finish(self, report: IndexReport) -> IndexReport:
        return report

    # ── search ───────────────────────────────────────────────────────────────────────────────────

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        namespace: str | None = None,
        root: str | os.PathLike[str] | None = None,
        budget_words: int | None = None,
    ) -> list[Passage]:
        """Find what is remembered, best first.

        What changed on disk since it was indexed is indexed first, so that the answer never shows text
        that is no longer there.

        Args:
            query: words, a question, an error message: anything.
            limit: the most passages.
            namespace: only notes with this label; one that does not exist finds nothing.
            root: only notes below this folder.
            budget_words: the most words in all passages together.

        Raises:
            UsageError: `limit` or `budget_words` is below 1.
        """
        if limit < 1:
            raise UsageError(f"the limit is {limit}, but it must be at least 1")
        if budget_words is not None and budget_words < 1:
            raise UsageError(f"the budget is {budget_words} words, but it must be at least 1")
        below = None if root is None else paths.real(os.fspath(root))
        asked = Query(query, limit, namespace, below, budget_words)
        return self._do(lambda handles: self._search(handles, asked))

    def _search(self, handles: _Handles, asked: Query) -> list[Passage]:
        handles.indexer.progress = None
        self._finish(freshness.look_at_folders(handles.db, handles.indexer))
        passages: list[Passage] = []
        for _ in range(FRESH_ROUNDS):
            passages, signatures = pipeline.search(handles.db, asked)
            changed = freshness.look_at_notes(handles.indexer, signatures)
            if not (changed.indexed or changed.removed or changed.failed):
                return passages
            self._finish(changed)
        restless = {*changed.indexed, *changed.removed, *changed.failed}
        return [passage for passage in passages if passage.path not in restless]

    def namespaces(self) -> dict[str, int]:
        """namespace -> how many notes have it."""
        return self._do(lambda h: overview.namespaces(h.db))

    # ── upkeep ───────────────────────────────────────────────────────────────────────────────────

    def roots(self) -> list[Root]:
        """The folders and files that are kept current."""
        return self._do(lambda h: roots.roots(h.db))

    def forget_root(self, path: str | os.PathLike[str]) -> int:
        """Take a root out of the index; its files stay. Returns how many notes it had.

        Raises:
            UsageError: `path` is no root.
        """
        real = paths.real(os.fspath(path))
        for root in self.roots():
            if root.path == real:
                return self._do(lambda h: roots.forget(h.db, root))
        known = ", ".join(root.path for root in self.roots()) or "none"
        raise UsageError("is no root", path=real, hint=f"roots: {known}")

    def status(self) -> Status:
        """What there is, and what is wrong with it."""

        def work(handles: _Handles) -> Status:
            db = handles.db
            with db.snapshot():
                notes, chunks = overview.notes_and_chunks(db)
                listed = tuple(
                    RootStatus(
                        root.path,
                        root.name,
                        *overview.notes_and_chunks(db, root.id),
                        os.path.exists(root.path),
                        root.scanned_at,
                    )
                    for root in roots.roots(db)
                )
                found = tuple(overview.problems(db))
            return Status(
                home=self.home,
                roots=listed,
                notes=notes,
                chunks=chunks,
                index_bytes=_size(self.index_path),
                queue_bytes=_size(self.queue_path),
                queue=handles.queue.status(window_s=self.config.seconds("queue.window_s")),
                failing=tuple(handles.queue.entries(failing=True)),
                problems=found,
            )

        return self._do(work)

    def doctor(self, *, fix: bool = False) -> list[Finding]:
        """What is wrong and how to mend it; with `fix`, what is safe to mend is mended."""
        from memcairn import doctor  # noqa: PLC0415 - of no use to any other call

        return self._do(
            lambda h: list(doctor.examine(self.home, h.db, h.queue, h.indexer, fix=fix))
        )


def _size(path: str) -> int:
    """Bytes of a database with its journal."""
    return sum(os.path.getsize(p) for p in (path, path + "-wal") if os.path.exists(p))
