"""Answer an event without `Memory`, where nothing has to be indexed: nearly every event.

    session-start, -end        nothing is queued, and no file changed that a hook did not report
    tool-used                  roots.json says whether it is a note, queue.db takes it
    stop, pre-compact          nothing is queued
    user-prompt, tool-failed   nobody asked anything, or no folder is indexed

A process for one event spends most of its time loading code; `Memory` loads three times as much.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from memcairn import paths
from memcairn.errors import MemcairnError
from memcairn.hosts import enqueue_writes, own_memory, session
from memcairn.sqlite import SQLiteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.hosts.payload import HookEvent
    from memcairn.hosts.scopes import Scope
    from memcairn.settings.config import Config
    from memcairn.store.database import Database


class _NeedsMemoryError(Exception):
    """Only `Memory` can answer this event: something has to be indexed first."""


def answer(event: HookEvent) -> str | None:
    """Text for the model, "" for none; None if `Memory` has to answer.

    Then the event may have had effects already; `Memory` may repeat them.
    """
    answer_event = _EVENTS.get(event.name)
    try:
        return None if answer_event is None else answer_event(paths.home(), event)
    except (_NeedsMemoryError, MemcairnError, OSError, SQLiteError):
        return None


def _session_start(home: str, event: HookEvent) -> str:
    if event.cause == "compact":
        raise _NeedsMemoryError
    _require_empty_queue(home)
    # Only what a start needs is loaded, once it is needed.
    from memcairn.hosts import start_text  # noqa: PLC0415

    settings, scope = _settings_and_scope(home, event)
    db = _require_current_index(home, event, settings)
    if db is not None:
        _require_embeddings(db, settings)
    return start_text.text(event, scope, session.begin(home, event, scope), settings)


def _tool_used(home: str, event: HookEvent) -> str:
    if enqueue_writes.new_root(home, event):
        raise _NeedsMemoryError
    enqueue_writes.record(home, event, lambda changed: enqueue_writes.enqueue(home, changed))
    return ""


def _stop(home: str, event: HookEvent) -> str:  # noqa: ARG001 - same signature for all events
    _require_empty_queue(home)
    return ""


def _pre_compact(home: str, event: HookEvent) -> str:
    if event.host == "opencode":
        raise _NeedsMemoryError
    _require_empty_queue(home)
    session.checkpoint(home, event)
    return ""


def _session_end(home: str, event: HookEvent) -> str:
    _require_empty_queue(home)
    from memcairn.settings import config  # noqa: PLC0415 - not loaded while something is queued

    settings = config.load()
    _require_current_index(home, event, settings)
    session.leave(home, event, settings)
    return ""


def _recall(home: str, event: HookEvent) -> str:
    if (event.prompt or event.error).strip() and enqueue_writes.roots(home):
        raise _NeedsMemoryError
    return ""


_EVENTS: dict[str, Callable[[str, HookEvent], str]] = {
    "session-start": _session_start,
    "tool-used": _tool_used,
    "stop": _stop,
    "subagent-stop": _stop,
    "pre-compact": _pre_compact,
    "session-end": _session_end,
    "user-prompt": _recall,
    "tool-failed": _recall,
}


def _settings_and_scope(home: str, event: HookEvent) -> tuple[Config, Scope]:
    from memcairn.hosts import scopes  # noqa: PLC0415 - most events need neither
    from memcairn.settings import config  # noqa: PLC0415 - as above

    settings = config.load()
    return settings, scopes.of_event(event, enqueue_writes.roots(home), settings, home)


def _require_empty_queue(home: str) -> None:
    """Raises: _NeedsMemoryError: a drain would find something, however short the window is."""
    path = os.path.join(home, "queue.db")
    if not os.path.exists(path):
        return
    from memcairn.queue import Queue  # noqa: PLC0415 - there may be no queue

    queue = Queue(path)
    if queue.set_aside is not None:
        # A scan finds again what a damaged queue knew.
        queue.enqueue(enqueue_writes.roots(home))
    if queue.has_ready(0.0):
        raise _NeedsMemoryError


def _require_current_index(home: str, event: HookEvent, settings: Config) -> Database | None:
    """Return index.db, if there is one.

    Raises:
        _NeedsMemoryError: a MEMORY.md is out of date, or no hook reported a change of the host's own memory.
    """
    own = own_memory.folder(event)
    if own is not None and own not in enqueue_writes.roots(home):
        raise _NeedsMemoryError
    index = os.path.join(home, "index.db")
    if not os.path.exists(index):
        return None
    from memcairn.memory_md.outdated import outdated_roots  # noqa: PLC0415 - there may be no index
    from memcairn.store.database import Database  # noqa: PLC0415 - as above

    db = Database(index)
    today = datetime.now(UTC).date().toordinal()
    if outdated_roots(db, today) or (own is not None and own_memory.is_changed(db, own, settings)):
        raise _NeedsMemoryError
    return db


def _require_embeddings(db: Database, settings: Config) -> None:
    """Raises: _NeedsMemoryError: a chunk waits for its embedding, and there is a model."""
    if settings["embedding.provider"] == "none":
        return
    (some_wait,) = db.execute("SELECT EXISTS (SELECT 1 FROM unembedded)").fetchone()
    if some_wait:
        from memcairn.embedding import backlog  # noqa: PLC0415 - slow to load

        if backlog.is_wanted(settings):
            raise _NeedsMemoryError
