"""The background work of a long-lived process: drain, embed, copy transcripts, sync, notice changes."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.embedding.report import EmbedReport
from memcairn.embedding.worker import EmbedThread

if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.memory import Memory

log = logging.getLogger(__name__)

INTERVAL_S = 0.5
# How often transcripts are checked: listing them takes longer than a look at the queue.
TRANSCRIPTS_INTERVAL_S = 60.0
# After a failure that may last, such as a full disk.
RETRY_DELAY_S = 30.0
# Hooks and searches come first.
_SYNC_NICENESS = 10


class Background(threading.Thread):
    """The thread that does the background work of one process.

    Args:
        memory: returns what is worked on; None while nothing is open yet.

    Attributes:
        checked: set after each check for changes, so that a test can wait for one.
    """

    def __init__(self, memory: Callable[[], Memory | None]) -> None:
        super().__init__(name="memcairn-background", daemon=True)
        self._memory = memory
        self._watchers: frozenset[Callable[[bool], None]] = frozenset()
        self._lock = threading.Lock()
        self._embedding: EmbedThread | None = None
        self._stopped = threading.Event()
        self._wake = threading.Event()
        self._next_transcripts = 0.0
        self._next_sync = 0.0
        self._sync: threading.Thread | None = None
        self.checked = threading.Event()

    def add_watcher(self, check: Callable[[bool], None]) -> None:
        """Call `check` after each drain, with whether notes were indexed or removed."""
        with self._lock:
            self._watchers |= {check}

    def remove_watcher(self, check: Callable[[bool], None]) -> None:
        """Call it no longer."""
        with self._lock:
            self._watchers -= {check}

    def run(self) -> None:
        """Work until `stop`."""
        pause_s = INTERVAL_S
        while not self._stopped.is_set():
            self._wake.wait(pause_s)
            self._wake.clear()
            memory = self._memory()
            if self._stopped.is_set() or memory is None:
                continue
            try:
                self._work(memory)
                pause_s = INTERVAL_S
            except Exception:
                log.exception("background.failed")
                pause_s = RETRY_DELAY_S

    def _work(self, memory: Memory) -> None:
        drained = memory.drain()
        memory.engine.catch_up()
        if self._embedding is None and memory.engine.model.wanted:
            self._embedding = EmbedThread(self._count_waiting, self._embed)
            self._embedding.start()
        if drained.indexed and self._embedding is not None:
            self._embedding.wake()
        for check in self._watchers:
            try:
                check(bool(drained.indexed or drained.removed))
            except Exception:
                log.exception("background.check_failed")
        if memory.config["transcripts.copy"] and time.monotonic() >= self._next_transcripts:
            self._next_transcripts = time.monotonic() + TRANSCRIPTS_INTERVAL_S
            try:
                memory.update_transcripts()
            except Exception:  # the notes must not wait for transcripts
                log.exception("background.transcripts_failed")
        if not drained.indexed and time.monotonic() >= self._next_sync:
            self._begin_sync(memory)
        self.checked.set()

    def _begin_sync(self, memory: Memory) -> None:
        """Synchronize in another thread, which may wait for the network."""
        interval_s = float(memory.config["sync.interval_s"])
        is_busy = self._sync is not None and self._sync.is_alive()
        if interval_s and not is_busy and paths.has_scopes(memory.home):
            self._next_sync = time.monotonic() + interval_s
            self._sync = threading.Thread(target=_synchronize, args=(memory,), daemon=True)
            self._sync.start()

    def _count_waiting(self) -> int:
        memory = self._memory()
        return memory.unembedded() if memory is not None else 0

    def _embed(self, *, wait: bool, batch: int, stop: threading.Event) -> EmbedReport:
        memory = self._memory()
        if memory is None:
            return EmbedReport()
        return memory.embed(wait=wait, batch=batch, stop=stop)

    def wake(self) -> None:
        """Work now: something was changed."""
        self._wake.set()
        if self._embedding is not None:
            self._embedding.wake()

    def stop(self) -> None:
        """Finish what is under way, and end."""
        self._stopped.set()
        self._wake.set()
        if self._embedding is not None:
            self._embedding.stop()
        if self.is_alive():
            self.join()


def _synchronize(memory: Memory) -> None:
    from memcairn.settings import shared_scopes  # noqa: PLC0415 - most homes have no scopes
    from memcairn.sync import synchronize  # noqa: PLC0415 - as above

    if sys.platform == "linux":  # elsewhere it would be the priority of the whole process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _SYNC_NICENESS)
    try:
        for scope in shared_scopes.load(memory.home):
            done = synchronize.synchronize(memory.home, scope, lambda: memory.engine)
            if done.left:
                log.info("sync.left %s: %s", scope.name, done.left)
    except Exception:
        log.exception("sync.failed")
