"""The session that a server's calls belong to, and the files of its scratch folder.

A host that has started a session above this process is joined; otherwise there is one of our own,
which ends with us.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from memcairn.errors import StateError
from memcairn.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.sessions import Line, Session

log = logging.getLogger(__name__)

# How often it is looked whether a host has started a session, or ended ours.
_POLL_S = 5.0
PREFIX = "scratch/"


class CurrentSession:
    """The session of one process; usable from several threads.

    Args:
        home: the folder of caches and state.
        root: the root that is served.
        clock: seconds that only grow.
    """

    def __init__(
        self, home: str, root: str, key: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.sessions = Sessions(home)
        self._root = root
        self._key = key
        self._clock = clock
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._own: Session | None = None
        self._looked_at = float("-inf")

    def get(self) -> Session:
        """The session that a call made now belongs to.

        Raises:
            StateError: the home cannot be written.
            OSError: it cannot be read.
        """
        with self._lock:
            now = self._clock()
            if self._session is None or now - self._looked_at > _POLL_S:
                self._looked_at = now
                self._session = self.sessions.current(os.environ) or self._started()
            return self._session

    def _started(self) -> Session:
        if self._own is None:
            self._own = self.sessions.start(None, root=self._root, pid=os.getpid())
        return self._own

    def log(self, line: Line) -> None:
        """Add a line to the session's log, and to the root's; it never raises for a full disk."""
        try:
            session = self.get()
        except (StateError, OSError):
            session = None
        self.sessions.audit(self._key, line, session)

    def end(self) -> None:
        """End the session, if it is our own; if that cannot be written, the next one to start does."""
        with self._lock:
            if self._own is not None:
                try:
                    self.sessions.end(self._own)
                except StateError as error:
                    log.warning("session.not_ended: %s", error)
                self._own = self._session = None
