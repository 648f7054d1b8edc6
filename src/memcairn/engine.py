"""What all work on a home stands on: its databases, its model, indexing and search.

    Memory (all roots) ──┐
                         ├──► Engine ──► index.db and queue.db, one connection for each thread
    OpenRoot (one root) ─┘          └──► the embedding model, loaded on first use

A damaged database is set aside and rebuilt. What was indexed goes on to MEMORY.md; a search first
indexes the files that changed.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from memcairn import paths
from memcairn import queue as queues
from memcairn.errors import (
    DeadlinePassed,
    EmbeddingError,
    SchemaTooNew,
    StateDamaged,
    StateError,
)
from memcairn.fs.signature import may_have, signature_at
from memcairn.indexing import away_roots
from memcairn.memory_md import managed_roots
from memcairn.queue import Queue
from memcairn.search import freshness, pipeline
from memcairn.search.query import Query
from memcairn.search.semantic_model import Model
from memcairn.settings import config
from memcairn.sqlite import SQLiteError, file_identity, is_damage
from memcairn.store import database, note_use, roots
from memcairn.store.database import Database
from memcairn.store.local_index import LocalIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from memcairn.indexing.indexer import Indexer
    from memcairn.indexing.report import IndexReport
    from memcairn.queue import QueueStatus
    from memcairn.search.freshness import SignatureAt
    from memcairn.search.passages import Passage, Source
    from memcairn.settings.config import Config
    from memcairn.store.roots import Root

    Progress = Callable[[int, int], None]

T = TypeVar("T")
R = TypeVar("R")


# How often a thread checks whether its databases are still the files of the home.
REPLACED_CHECK_S = 1.0
# How long a search with a deadline, whose reader waits, indexes before it answers; the background does
# the rest.
INDEXING_S = 0.1
# A note may change while a search runs; after this many rounds the answer leaves it out.
MAX_SEARCH_ROUNDS = 3


class Opened:
    """The databases of one thread, and the indexer over them."""

    def __init__(self, db: Database, queue: Queue | StateError, settings: Config) -> None:
        self.db = db
        self._queue = queue
        self._settings = settings
        self._indexer: Indexer | None = None
        self.deadline: float | None = None
        self.last_checked = 0  # the note that the last search of this thread checked last
        self._files = self._identities()
        self._checked_at = time.monotonic()

    @property
    def queue(self) -> Queue:
        """The queue.

        Raises:
            StateError: it cannot be opened, not even to read it.
        """
        if isinstance(self._queue, StateError):
            raise self._queue
        return self._queue

    @property
    def indexer(self) -> Indexer:
        """Created on first use: most searches find that nothing changed."""
        if self._indexer is None:
            # Imported here because it takes half as long as all the rest of a search.
            from memcairn.indexing.indexer import Indexer  # noqa: PLC0415

            self._indexer = Indexer(self.db, self._settings)
        self._indexer.deadline = self.deadline
        return self._indexer

    @contextlib.contextmanager
    def indexing_until(self, deadline: float | None) -> Iterator[None]:
        """Let the indexer stop at a deadline, and not wait longer for another process that indexes."""
        before, self.deadline = self.deadline, deadline
        try:
            with self.db.waiting_until(deadline):
                yield
        finally:
            self.deadline = before

    def is_replaced(self) -> bool:
        """Whether a database was deleted or replaced; checked every REPLACED_CHECK_S seconds."""
        now = time.monotonic()
        if now - self._checked_at < REPLACED_CHECK_S:
            return False
        self._checked_at = now
        return self._identities() != self._files

    def _identities(self) -> list[tuple[int, int] | None]:
        queue = os.path.join(os.path.dirname(self.db.path), "queue.db")
        return [file_identity(path) for path in (self.db.path, queue)]

    def close(self) -> None:
        """Close both databases."""
        self.db.close()
        if isinstance(self._queue, Queue):
            self._queue.close()


class Engine:
    """The databases and the model of a home; usable from several threads.

    Args:
        home: the folder of caches and state; None is the platform's, or MEMCAIRN_HOME.
        semantic: load the embedding model when it is needed.

    Attributes:
        notices: what a user should know although nothing failed, such as a database set aside.
        is_behind: whether a search had no time to index what changed.

    Raises:
        ConfigError: config.toml cannot be understood.
    """

    def __init__(
        self, home: str | os.PathLike[str] | None = None, *, semantic: bool = True
    ) -> None:
        self.home = paths.real(os.fspath(home)) if home is not None else paths.home()
        self.config = config.load()
        self.notices: list[str] = []
        self.databases = Databases(self.home, self.config, self.notices)
        self.model = Model(self.config, self.notices, is_disabled=not semantic)
        self._updates = Coalescer(self._update)
        self._thread = threading.local()
        self.is_behind = False

    def close(self) -> None:
        """Close the databases of all threads; they are opened again when they are needed."""
        self.databases.close()

    def roots(self) -> list[Root]:
        """The notes folders that are kept current."""
        return self.databases.run(lambda opened: roots.roots(opened.db))

    def index(
        self,
        path: str,
        *,
        namespace: str | None = None,
        force: bool = False,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Index the file or folder at a real path; MEMORY.md is left as it is.

        Args:
            path: a folder that is in no root becomes one.
            namespace: the namespace that its notes get from now on; "" removes an earlier one.
            force: also read and write what looks unchanged.
            progress: called with (done, total).

        Raises:
            NoteUnreadable: nothing exists at `path`.
        """

        def work(opened: Opened) -> IndexReport:
            opened.indexer.progress = progress
            try:
                return opened.indexer.index(path, namespace=namespace, force=force)
            finally:
                opened.indexer.progress = None

        return self.databases.run(work)

    @contextlib.contextmanager
    def many_writes(self) -> Iterator[None]:
        """Write many notes in this thread, and only then look for what others changed, and refresh MEMORY.md.

        With 1,000 notes in the folder, these cost 25 ms for each write.
        """
        self._thread.writes_many = True
        try:
            yield
        finally:
            self._thread.writes_many = False
            try:
                self.check()
            except StateError as error:
                self._note_stale(error)

    @property
    def _writes_many(self) -> bool:
        return getattr(self._thread, "writes_many", False)

    def index_files(self, files: Collection[str]) -> tuple[set[str], StateError | None]:
        """Index files that memcairn itself changed, and refresh MEMORY.md.

        Calls that wait for each other are committed together.

        Returns:
            Those of the files that are in the index now, and why MEMORY.md could not be refreshed.
        """
        if self._writes_many:
            return self.databases.run(lambda opened: _index(opened, files)), None
        known, error = self._updates.run(files)
        return known.intersection(files), error

    def check(self, deadline: float | None = None) -> None:
        """Index what changed, and refresh MEMORY.md, together with what other threads write."""
        _, error = self._updates.run(None, deadline)
        if error is not None:
            raise error

    def catch_up(self) -> None:
        """Index what a search with a deadline left; for the background."""
        if self.is_behind:
            self.is_behind = False
            self.check()

    def _update(
        self, calls: Sequence[Collection[str] | None]
    ) -> tuple[set[str], StateError | None]:
        """Index the files of all calls; None checks all notes."""
        files = list(dict.fromkeys(path for call in calls for path in call or ()))

        def work(opened: Opened) -> set[str]:
            known = _index(opened, files)
            if None in calls:
                freshness.check_folders(opened)
                opened.last_checked = freshness.check_notes(opened, opened.last_checked)
            return known

        known = self.databases.run(work)
        try:
            self.refresh_memory_md()
        except StateError as error:
            return known, error
        return known, None

    def refresh_memory_md(self) -> None:
        """Refresh each MEMORY.md that is not current."""
        self.databases.run(
            lambda opened: managed_roots.bring_up_to_date(
                opened.db, self.config, self.home, self.notices
            )
        )

    def read(self, work: Callable[[Database], T]) -> T:
        """Read from the index, after indexing files that were added or removed.

        An index that cannot be written is read as it is, with a notice.
        """

        def checked(opened: Opened) -> T:
            try:
                freshness.check_folders(opened)
            except StateError as error:
                self._note_stale(error)
            return work(opened.db)

        return self.databases.run(checked)

    def search(
        self,
        query: Query | str,
        signature_at: SignatureAt = signature_at,
        *,
        deadline: float | None = None,
    ) -> list[Passage]:
        """See `Memory.search`, and `freshness.check_sources` for `signature_at`."""
        asked = Query(query) if isinstance(query, str) else query
        if asked.scope is not None:
            asked = self._within_scope(asked)
        checked = asked.checked()

        def work(opened: Opened) -> list[Passage]:
            until = deadline and min(deadline, time.monotonic() + INDEXING_S)
            with opened.indexing_until(until):
                return self._search(opened, checked, signature_at, deadline)

        found = self.databases.run(work)
        if found and paths.has_scopes(self.home):
            from memcairn.settings import shared_scopes  # noqa: PLC0415 - most homes have no scopes

            scopes = shared_scopes.load_if_possible(self.home)
            owners = [shared_scopes.of_path(scopes, passage.path) for passage in found]
            pairs = zip(found, owners, strict=True)
            return [one._replace(scope=owner.name) if owner else one for one, owner in pairs]
        return found

    def _within_scope(self, query: Query) -> Query:
        """A query for a scope as one for its root.

        Raises:
            UsageError: there is no such scope, or the query has a root outside it.
        """
        from memcairn.settings import shared_scopes  # noqa: PLC0415 - as above

        scope = shared_scopes.named(self.home, query.scope or "")
        root = scope.root if query.root is None else paths.real(os.fspath(query.root))
        if not paths.is_inside(root, scope.root):
            from memcairn.errors import UsageError  # noqa: PLC0415 - as above

            raise UsageError(f"is outside the scope {scope.name!r}", path=root)
        return query._replace(root=root, scope=None)

    def _search(
        self, opened: Opened, query: Query, signature_at: SignatureAt, deadline: float | None
    ) -> list[Passage]:
        try:
            if not self._writes_many:
                self.check(opened.deadline)
        except StateError as error:
            self._note_stale(error)
        missing = away_roots.roots_away(opened.db)
        for root, why in missing.items():
            self.notice(f"{root.path}: {why}")
        excluded = [root.id for root in missing]
        passages: list[Passage] = []
        for _ in range(MAX_SEARCH_ROUNDS):
            passages, sources = self._ranked(opened, query, excluded, deadline)
            try:
                changed = freshness.check_sources(opened, sources, signature_at)
                if not changed:
                    return passages
                self.refresh_memory_md()
            except StateError as error:
                self._note_stale(error)
                changed = {
                    path
                    for path, source in sources.items()
                    if not may_have(source.signature, signature_at(path))
                }
                break
        return [passage for passage in passages if passage.path not in changed]

    def _ranked(
        self, opened: Opened, query: Query, excluded: Sequence[int], deadline: float | None
    ) -> tuple[list[Passage], dict[str, Source]]:
        index = LocalIndex(opened.db)
        try:
            return pipeline.search(
                index,
                query,
                self.model.meaning(opened.db, query.text, deadline),
                excluded,
            )
        except EmbeddingError as error:
            self.model.failed(error)
            return pipeline.search(index, query, None, excluded)

    def _note_stale(self, error: StateError) -> None:
        """Read the index as it is, if it cannot be written; damage is left to `Databases.run`."""
        if isinstance(error, StateDamaged):
            raise error
        if isinstance(error, DeadlinePassed):  # an agent waits, and the next search knows
            self.is_behind = True
            return
        if not any(notice.startswith(f"{error};") for notice in self.notices):
            self.notice(f"{error}; the answer leaves out what has changed since it was indexed")

    def notice(self, text: str) -> None:
        """Add a notice, once."""
        if text not in self.notices:
            self.notices.append(text)

    def queue_status(self) -> QueueStatus:
        """See `Memory.queue_status`."""
        window_s = self.config.seconds("queue.window_s")
        return self.databases.run(lambda opened: opened.queue.status(window_s=window_s))

    def note_used(self, used: Iterable[str]) -> None:
        """See `Memory.note_used`."""
        today = managed_roots.this_day().toordinal()
        self.databases.run(lambda opened: note_use.note_used(opened.db, used, today))


def _index(opened: Opened, files: Collection[str]) -> set[str]:
    """Index files that memcairn itself changed; returns those that are in the index now."""
    if files:
        opened.indexer.index_files(files, own=True)
    return {path for path in files if opened.indexer.known(path)}


class _Call(Generic[T, R]):
    def __init__(self, item: T) -> None:
        self.item = item
        self.results: list[R] = []


class Coalescer(Generic[T, R]):
    """Calls of several threads that arrive while one of them works are done together by the next.

    Args:
        work: does what some calls ask for, and returns the result for all of them.
    """

    def __init__(self, work: Callable[[Sequence[T]], R]) -> None:
        self._work = work
        self._waiting: list[_Call[T, R]] = []
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def run(self, item: T, deadline: float | None = None) -> R:
        """The result of work that began after this call.

        Work that fails raises in the thread that does it; the other calls try again.

        Raises:
            DeadlinePassed: the work of other calls is not done at the deadline.
        """
        call: _Call[T, R] = _Call(item)
        with self._lock:
            self._waiting.append(call)
        timeout_s = -1.0
        if deadline is not None:
            timeout_s = min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX)
        if not self._turn.acquire(timeout=timeout_s):
            raise DeadlinePassed("another thread is still indexing")
        try:
            if not call.results:
                with self._lock:
                    # Those that failed, or waited too long, are not there any more.
                    calls = [call, *(each for each in self._waiting if each is not call)]
                    self._waiting = []
                result = self._work([each.item for each in calls])
                for each in calls:
                    each.results.append(result)
            return call.results[0]
        finally:
            self._turn.release()


class Databases:
    """index.db and queue.db of a home, for any number of threads.

    Args:
        home: the folder that they are in; made when they are first needed.
        settings: the configuration.
        notices: where to tell that a database was set aside.
    """

    def __init__(self, home: str, settings: Config, notices: list[str]) -> None:
        self.index_path = os.path.join(home, "index.db")
        self.queue_path = os.path.join(home, "queue.db")
        self._schemas = {
            self.index_path: database.create_schema,
            self.queue_path: queues.create_schema,
        }
        self._settings = settings
        self._notices = notices
        self._threads = threading.local()
        self._all: list[Opened] = []
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the databases of all threads; they are opened again when they are needed."""
        with self._lock:
            for opened in self._all:
                opened.close()
            self._all.clear()
            self._threads = threading.local()

    def opened(self) -> Opened:
        """The databases of this thread.

        Raises:
            StateError: one cannot be opened.
        """
        opened: Opened | None = getattr(self._threads, "opened", None)
        if opened is None:
            with self._lock:
                opened = self._open()
                self._all.append(opened)
            self._threads.opened = opened
        return opened

    def run(self, work: Callable[[Opened], T]) -> T:
        """Do something with the databases; if one turns out damaged, once more with a new one."""
        threads = self._threads
        is_outermost = not getattr(threads, "is_running", False)
        if is_outermost:
            self._close_replaced()
        threads.is_running = True
        try:
            return work(self.opened())
        except SQLiteError as error:
            with self._lock:
                # If not, another thread found damage, closed what we had open, and made it anew.
                if self._threads is threads:
                    if not (is_damage(error) or self._lacks_schema(error)):
                        raise
                    self.close()
                    self._set_aside(self.index_path, "it is rebuilt from the files")
                    # A sound queue.db stays where it is.
                    self._set_aside(self.queue_path, "all roots are scanned in its place")
        finally:
            if is_outermost:
                threads.is_running = False
        return work(self.opened())

    def _lacks_schema(self, error: SQLiteError) -> bool:
        from memcairn.sqlite import quarantine  # noqa: PLC0415 - as in `_set_aside`

        return any(quarantine.lacks_schema(error, *each) for each in self._schemas.items())

    def _close_replaced(self) -> None:
        """Close this thread's databases if they were deleted or replaced: it would work in lost files."""
        opened: Opened | None = getattr(self._threads, "opened", None)
        if opened is not None and opened.is_replaced():
            with self._lock:
                if opened in self._all:
                    self._all.remove(opened)
            opened.close()
            self._threads.opened = None

    def _open(self) -> Opened:
        try:
            db = Database(self.index_path)
        except StateDamaged:
            self._set_aside(self.index_path, "it is rebuilt from the files")
            db = Database(self.index_path)
        except SchemaTooNew:
            raise
        except StateError as error:
            return self._open_read_only(error)
        try:
            queue = Queue(self.queue_path, max_wait_s=self._settings.seconds("queue.max_wait_s"))
        except SchemaTooNew:
            db.close()
            raise
        except StateError as error:
            db.close()
            return self._open_read_only(error)
        opened = Opened(db, queue, self._settings)
        folders, files = roots.restore(db)
        for folder in folders:
            opened.indexer.index_changed(folder)
        if files:
            opened.indexer.index_files(files)
        if queue.set_aside:
            self._notices.append(
                f"{self.queue_path} was damaged; it is now {queue.set_aside}, and all roots are "
                "scanned in its place"
            )
            queue.enqueue([*(root.path for root in roots.roots(db)), *roots.loose_files(db)])
        return opened

    def _open_read_only(self, error: StateError) -> Opened:
        """Open databases that cannot be written, so that they can at least be read."""
        try:
            db = Database(self.index_path, read_only=True)
        except StateError:
            raise error from None
        queue: Queue | StateError = error
        with contextlib.suppress(StateError):
            queue = Queue(self.queue_path, read_only=True)
        notice = f"{error}; the index is read as it is, and may be out of date"
        if notice not in self._notices:
            self._notices.append(notice)
        return Opened(db, queue, self._settings)

    def _set_aside(self, path: str, consequence: str) -> None:
        # What happens once in a lifetime must not cost every start 20 ms.
        from memcairn.sqlite import quarantine  # noqa: PLC0415

        where = quarantine.set_aside(path, self._schemas[path])
        if where is not None:
            self._notices.append(f"{path} was damaged; it is now {where}, and {consequence}")
