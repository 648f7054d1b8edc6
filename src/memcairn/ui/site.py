"""The site of one process: what its pages share, and the request that a page answers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl, urlencode

from memcairn import paths
from memcairn.errors import NoteMissing, UsageError
from memcairn.hosts import check
from memcairn.settings import shared_scopes
from memcairn.ui import TEXT
from memcairn.ui.access import Visitors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from starlette.requests import Request

    from memcairn.daemon.background import Background
    from memcairn.memory import Memory
    from memcairn.root import OpenRoot
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

    `memory`: returns what they show. `facts`: what the resident process says of itself, if there is one.
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


class Agents:
    """What `memcairn hosts` says, checked in a thread, which calls `notify` at the end."""

    def __init__(self, notify: Callable[[], None]) -> None:
        self._notify = notify
        self._lock = threading.Lock()
        self._states: Sequence[check.HostState] | None = None
        self._due_at = 0.0

    def states(self) -> Sequence[check.HostState] | None:
        """The last result, None before the first; an old one is renewed in the background."""
        with self._lock:
            if time.monotonic() > self._due_at:
                self._due_at = time.monotonic() + CHECK_AGE_S
                threading.Thread(target=self._check, daemon=True).start()
            return self._states

    def invalidate(self) -> None:
        """Check again: an installation was changed."""
        with self._lock:
            self._states, self._due_at = None, 0.0

    def _check(self) -> None:
        # No project: its folder has no settings of any host.
        self._states = check.examine(os.path.join(os.sep, "nowhere"))
        self._notify()


class Changes:
    """Reports to open pages that something changed: the queue, a note, a session."""

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
        names = ("index.db", "index.db-wal", "logs/hook.log", "sessions")
        stamps = [stamp(os.path.join(memory.home, name)) for name in names]
        now = (queue.depth, queue.failing, stamps)
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
        address: the path and the query of the page.
        query: the parameters in the address.
        form: the fields of a form and of its address; empty for a page.
        is_update: a page that is open fetches a part of it again.
    """

    site: Site
    memory: Memory
    visitor: Visitor
    path: str
    address: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    is_update: bool

    @classmethod
    def of(cls, site: Site, request: Request) -> Ask:
        """The request that passed the guard."""
        path, query, scope = request.url.path, request.url.query, request.scope
        given = dict(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))
        form = {**given, **scope["form"]} if "form" in scope else {}
        return cls(
            site, site.memory(), scope["visitor"], path, f"{path}?{query}" if query else path,
            given, form, "hx-request" in request.headers,
        )  # fmt: skip

    @property
    def back(self) -> str:
        """The page that a form was on; never another site."""
        place = self.form.get("back", "/")
        return place if place.startswith("/") and place[1:2] not in ("/", "\\") else "/"

    @property
    def roots(self) -> list[str]:
        """The notes folders that are there."""
        return [root.path for root in self.memory.roots() if os.path.isdir(root.path)]

    def number(self, name: str) -> int:
        """A number in the address, 0 by default."""
        text = self.query.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    def say(self, text: str, kind: str = "done") -> None:
        """Show a message on the next page; `kind` is "done" or "failed"."""
        self.visitor.messages.append((kind, text))

    def done(self, place: str, text: str, kind: str = "done", **values: object) -> str:
        """Say it on the next page, and go there."""
        self.say(text.format(**values), kind)
        return place

    def read(self, work: Callable[[Database], T]) -> T:
        """See `Engine.read`."""
        return self.memory.engine.read(work)

    def scope(self, path: str) -> str:
        """The name of the shared scope that a path belongs to; "" for none."""
        found = shared_scopes.of_path(shared_scopes.load_if_possible(self.memory.home), path)
        return found.name if found else ""

    def root_of(self, path: str) -> str:
        """The innermost root around a path.

        Raises:
            NoteMissing: there is none, or the path is not plain.
        """
        plain = os.path.isabs(path) and os.path.normpath(path) == path and "\0" not in path
        around = [root for root in self.roots if plain and paths.is_inside(path, root)]
        if not around or path in around:
            raise NoteMissing(TEXT.no_note, path=path or None)
        return max(around, key=len)

    @contextlib.contextmanager
    def opened(self, root: str | None = None) -> Iterator[OpenRoot]:
        """One of the roots, by default the one that the form or the address names.

        Raises:
            UsageError: it is none.
        """
        wanted = {**self.query, **self.form}.get("root", "") if root is None else root
        if wanted not in self.roots:
            raise UsageError(TEXT.no_root, path=wanted or None)
        files = self.memory.open_root(wanted)
        try:
            yield files
        finally:
            files.close()


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: the template and its values."""

    template: str
    values: Mapping[str, object]
    status: int = 200


def address(page: str, /, **query: object) -> str:
    """The address of a page; empty parameters are left out."""
    # A path may have bytes that are not UTF-8; half of a surrogate pair, as in a prompt, has no bytes.
    given = {
        name: re.sub("[\ud800-\udc7f\udd00-\udfff]", "?", str(value))
        for name, value in query.items() if value not in ("", None, 0)
    }  # fmt: skip
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

    @property
    def part(self) -> slice:
        """The items of the shown page."""
        return slice(self.number * self.size, (self.number + 1) * self.size)
