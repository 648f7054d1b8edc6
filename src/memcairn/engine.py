"""The two databases of a home, open once for each thread; a damaged one is set aside and made anew."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, TypeVar

from memcairn.errors import StateDamaged
from memcairn.indexing import Indexer
from memcairn.queue import Queue
from memcairn.sqlite import SQLiteError, is_damage
from memcairn.store import roots
from memcairn.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.settings.config import Config

T = TypeVar("T")


class Opened:
    """What one thread has open."""

    def __init__(self, db: Database, queue: Queue, settings: Config) -> None:
        self.db = db
        self.queue = queue
        self.indexer = Indexer(db, settings)
        self.looked_at = 0  # the note that the last search of this thread looked at last

    def close(self) -> None:
        """Close both databases."""
        self.db.close()
        self.queue.close()


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
        try:
            return work(self.opened())
        except SQLiteError as error:
            with self._lock:
                # If not, another thread found damage, closed what we had open, and made it anew.
                if self._threads is threads:
                    if not is_damage(error):
                        raise
                    self.close()
                    self._set_aside(self.index_path, "it is rebuilt from the files")
                    # A sound queue.db stays where it is.
                    self._set_aside(self.queue_path, "all roots are scanned in its place")
        return work(self.opened())

    def _open(self) -> Opened:
        try:
            db = Database(self.index_path)
        except StateDamaged:
            self._set_aside(self.index_path, "it is rebuilt from the files")
            db = Database(self.index_path)
        queue = Queue(self.queue_path, max_wait_s=self._settings.seconds("queue.max_wait_s"))
        opened = Opened(db, queue, self._settings)
        for path in roots.restore(db):
            opened.indexer.index_changed(path)
        if queue.set_aside:
            self._notices.append(
                f"{self.queue_path} was damaged; it is now {queue.set_aside}, and all roots are "
                "scanned in its place"
            )
            queue.enqueue(root.path for root in roots.roots(db))
        return opened

    def _set_aside(self, path: str, consequence: str) -> None:
        # What happens once in a lifetime must not cost every start 20 ms.
        from memcairn.sqlite import quarantine  # noqa: PLC0415

        where = quarantine.set_aside(path)
        if where is not None:
            self._notices.append(f"{path} was damaged; it is now {where}, and {consequence}")
