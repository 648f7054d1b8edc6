"""The session that calls belong to.

It is the session that a host has started above this process. Without one, a server starts a session,
which ends with the server; a command in a terminal has none.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from memcairn.errors import StateError
from memcairn.sessions import Sessions
from memcairn.settings import calling_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.sessions import Line, Session

log = logging.getLogger(__name__)

# How often it is checked whether a host has started a session, or ended this one.
_POLL_S = 5.0
PREFIX = "scratch/"


class CurrentSession:
    """The session of one process; usable from several threads.

    Args:
        home: the folder of caches and state.
        root: the root that the calls are about.
        key: the name of the root in the home.
        starts: start a session if no host has started one.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        home: str,
        root: str,
        key: str,
        *,
        starts: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sessions = Sessions(home)
        self._root = root
        self._key = key
        self._caller = calling_process.current()
        self._starts = starts
        self._clock = clock
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._own: Session | None = None
        self._checked_at = float("-inf")

    def get(self) -> Session | None:
        """The session that a call made now belongs to; None if there is none.

        Raises:
            StateError: the home cannot be written.
            OSError: it cannot be read.
        """
        with self._lock:
            now = self._clock()
            if self._session is None or now - self._checked_at > _POLL_S:
                self._checked_at = now
                self._session = self.sessions.current(self._caller.environ) or self._started()
            return self._session

    def _started(self) -> Session | None:
        if self._own is None and self._starts:
            self._own = self.sessions.start(None, root=self._root, pid=self._caller.pid)
        return self._own

    def log(self, line: Line) -> None:
        """Add a line to the session's log, and to the root's; it never raises for a full disk."""
        try:
            session = self.get()
        except (StateError, OSError):
            session = None
        self.sessions.audit(self._key, line, session)

    def end(self) -> None:
        """End the session that was started here; if that cannot be written, the next start does it."""
        with self._lock:
            if self._own is not None:
                try:
                    self.sessions.end(self._own)
                except StateError as error:
                    log.warning("session.not_ended: %s", error)
                self._own = self._session = None
