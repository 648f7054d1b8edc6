"""What a server does by itself: drain the queue, embed what waits, notice what changed."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

from memcairn.embedding.worker import EmbedThread
from memcairn.mcp import resources
from memcairn.memory import Memory
from memcairn.store import catalogue

if TYPE_CHECKING:
    from memcairn.mcp.listeners import Listeners
    from memcairn.root import OpenRoot

log = logging.getLogger(__name__)

EVERY_S = 0.5
# After a failure that may last, such as a full disk.
RETRY_DELAY_S = 30.0

Signature = tuple[int, int, int] | None


class Background(threading.Thread):
    """The thread of one server.

    Args:
        files: the root that is served.
        listeners: who is told of changes.

    Attributes:
        looked: set after each look at what changed, so that one may be awaited.
    """

    def __init__(self, files: OpenRoot, listeners: Listeners) -> None:
        super().__init__(name="memcairn-background", daemon=True)
        self._files = files
        self._listeners = listeners
        self.looked = threading.Event()
        self._memory = Memory(engine=files.engine)
        self._embedding = EmbedThread(self._memory.unembedded, self._memory.embed)
        self._stopped = threading.Event()
        self._wake = threading.Event()
        self._seen: dict[str, Signature] = {}
        self._notes: int | None = None
        self._version: int | None = None

    def run(self) -> None:
        """Work until `stop`."""
        if self._memory.engine.model.wanted:
            self._embedding.start()
        pause = EVERY_S
        while not self._stopped.is_set():
            self._wake.wait(pause)
            self._wake.clear()
            if self._stopped.is_set():
                return
            try:
                drained = self._memory.drain()
                if drained.indexed:
                    self._embedding.wake()
                self._look(indexed=bool(drained.indexed or drained.removed))
                self.looked.set()
                pause = EVERY_S
            except Exception:
                log.exception("background.failed")
                pause = RETRY_DELAY_S

    def wake(self) -> None:
        """Look now: something was changed."""
        self._wake.set()
        self._embedding.wake()

    def stop(self) -> None:
        """Finish what is under way, and end."""
        self._stopped.set()
        self._wake.set()
        self._embedding.stop()
        if self.is_alive():
            self.join()

    def _look(self, *, indexed: bool) -> None:
        """Compare what is watched with what was there the last time."""
        now = {
            uri: self._signature(path)
            for uri in {resources.INDEX, *self._listeners.uris()}
            if (path := resources.watched(uri)) is not None
        }
        changed = {uri for uri, found in now.items() if self._seen.get(uri, found) != found}
        self._seen = now
        list_changed = self._list_changed(indexed=indexed)
        if changed or list_changed:
            self._listeners.tell(changed, list_changed=list_changed)

    def _list_changed(self, *, indexed: bool) -> bool:
        version = self._files.engine.databases.run(lambda opened: catalogue.version(opened.db))
        if version == self._version and not indexed:
            return False
        self._version = version
        notes = self._files.engine.databases.run(
            lambda opened: catalogue.fingerprint(opened.db, self._files.root)
        )
        before, self._notes = self._notes, notes
        return before not in (None, notes)

    def _signature(self, path: str) -> Signature:
        try:
            status = os.stat(os.path.join(self._files.root, path), follow_symlinks=False)
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns, status.st_ino
