"""The site of one process: what its pages share, and the request that a page answers."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from memcairn.hosts import check
from memcairn.settings import caller
from memcairn.ui.access import Visitors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from memcairn.daemon.background import Background
    from memcairn.memory import Memory
    from memcairn.store.database import Database
    from memcairn.ui.access import Visitor

T = TypeVar("T")

# Each has its own database connections.
THREADS = 2
# Each check starts the program of every installed host.
CHECK_AGE_S = 300.0
PAGE_SIZE = 50


class Site:
    """What the pages of one process share.

    Args:
        memory: returns what they show.
        background: its work reports that something changed.
        facts: what the resident process says of itself; empty without one.
    """

    def __init__(
        self,
        memory: Callable[[], Memory],
        background: Background,
        facts: Callable[[], Mapping[str, object]],
    ) -> None:
        self.memory = memory
        self.facts = facts
        self.visitors = Visitors()
        self.pool = ThreadPoolExecutor(THREADS, "memcairn-ui")
        self.changes = Changes(memory, background)
        self.agents = Agents(self.changes.notify)

    def as_nobody(self) -> caller.Caller:
        """The caller of every action here: a person, in no session of a host."""
        return caller.Caller({}, self.memory().home, os.getpid(), 0)


class Agents:
    """What `memcairn hosts` says, checked in a thread.

    Args:
        notify: called when a check is done.
    """

    def __init__(self, notify: Callable[[], None]) -> None:
        self._notify = notify
        self._lock = threading.Lock()
        self._states: Sequence[check.HostState] | None = None
        self._checked_at = 0.0
        self._thread: threading.Thread | None = None

    def states(self) -> Sequence[check.HostState] | None:
        """The last result, None before the first; an old one is renewed in the background."""
        with self._lock:
            is_old = time.monotonic() - self._checked_at > CHECK_AGE_S
            if self._thread is None and (self._states is None or is_old):
                self._thread = threading.Thread(target=self._check, daemon=True)
                self._thread.start()
            return self._states

    def invalidate(self) -> None:
        """Check again: an installation was changed."""
        with self._lock:
            self._states = None

    def _check(self) -> None:
        states: Sequence[check.HostState] = ()
        try:
            # No project: its folder has no settings of any host.
            states = check.examine(os.path.join(os.sep, "nowhere"))
        finally:
            with self._lock:
                self._states, self._checked_at, self._thread = states, time.monotonic(), None
            self._notify()


class Changes:
    """Reports to open pages that something changed: the queue, a note, a session.

    Args:
        memory: returns what is watched.
        background: calls after each drain.
    """

    def __init__(self, memory: Callable[[], Memory], background: Background) -> None:
        self._memory = memory
        self._background = background
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Event] = set()
        self._before: object = None

    def subscribe(self) -> asyncio.Event:
        """An event that is set at the next change."""
        self._loop = asyncio.get_running_loop()
        event = asyncio.Event()
        # What changed since the page was made must not be missed: the first check always reports.
        self._before = None
        if not self._waiting:
            self._background.add_watcher(self._check)
        self._waiting.add(event)
        return event

    def unsubscribe(self, event: asyncio.Event) -> None:
        """Report to it no longer."""
        self._waiting.discard(event)
        if not self._waiting:
            self._background.remove_watcher(self._check)

    def notify(self) -> None:
        """Something changed; usable from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._set)

    def _set(self) -> None:
        for event in self._waiting:
            event.set()

    def _check(self, _: bool) -> None:  # noqa: FBT001 - what watchers are called with
        memory = self._memory()
        queue = memory.queue_status()
        home = memory.home
        names = ("index.db", "index.db-wal", "logs/hook.log", "sessions")
        now = (queue.depth, queue.failing, [stamp(os.path.join(home, name)) for name in names])
        if self._before != now:
            self.notify()
        self._before = now


def stamp(path: str) -> tuple[int, int]:
    """The modification time and size of a file, zeros if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


@dataclass(frozen=True, slots=True)
class Ask:
    """One request.

    Attributes:
        site: what pages share.
        memory: what the page shows.
        visitor: who asks.
        address: the path and the query of the page.
        query: the parameters in the address.
        form: the fields of a form; empty for a page.
        is_update: a page that is open fetches a part of it again.
    """

    site: Site
    memory: Memory
    visitor: Visitor
    address: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    is_update: bool

    def number(self, name: str, default: int = 0) -> int:
        """A number in the address."""
        text = self.query.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default

    def say(self, text: str, kind: str = "done") -> None:
        """Show a message on the next page; `kind` is "done" or "failed"."""
        self.visitor.messages.append((kind, text))

    def read(self, work: Callable[[Database], T]) -> T:
        """See `Engine.read`."""
        return self.memory.engine.read(work)


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer to a form that is a page itself, because its action was not done."""

    template: str
    values: Mapping[str, object]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Download:
    """A file to save; it is deleted afterwards."""

    path: str
    name: str


def address(page: str, /, **query: object) -> str:
    """The address of a page; empty parameters are left out."""
    given = {name: str(value) for name, value in query.items() if value not in ("", None, 0)}
    # A path may have bytes that are not UTF-8.
    return f"{page}?{urlencode(given, errors='surrogateescape')}" if given else page


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of a list: the number of the shown one, from 0, and the number of items in all."""

    number: int
    total: int
    size: int = PAGE_SIZE

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(0, (self.total - 1) // self.size)
