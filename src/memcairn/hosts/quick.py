"""Answer an event without `Memory`, where nothing has to be indexed: as an event nearly always is.

    session-start, -end        nothing waits in queue.db, and nothing changed that no hook told of
    tool-used                  roots.json says whether it is a note, queue.db takes it
    stop, pre-compact          nothing waits in queue.db

A process that is started for one event spends most of its time loading code. What is more than this
loads three times as much.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from memcairn import paths
from memcairn.errors import MemcairnError
from memcairn.hosts import enqueue_writes, own_memory
from memcairn.hosts import session as joined
from memcairn.sessions import Line, Sessions
from memcairn.sqlite import SQLiteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.hosts.payload import HookEvent
    from memcairn.settings.config import Config
    from memcairn.store.database import Database


class _MoreToDoError(Exception):
    """It takes an index that is up to date."""


def answer(call: HookEvent) -> str | None:
    """What the model is told, "" for nothing; None if the event takes more than this.

    An event that was begun here may be done once more with `Memory`.
    """
    event = _EVENTS.get(call.event)
    try:
        return None if event is None else event(paths.home(), call)
    except (_MoreToDoError, MemcairnError, OSError, SQLiteError):
        return None


def _session_start(home: str, call: HookEvent) -> str:
    known = enqueue_writes.roots(home)
    if call.cause == "compact" or any(folder not in known for folder in own_memory.folders(call)):
        raise _MoreToDoError
    _refuse_if_anything_waits(home)
    # Only now, and only what a start takes, is loaded.
    from memcairn.hosts import scopes, start  # noqa: PLC0415
    from memcairn.settings import config  # noqa: PLC0415

    settings = config.load()
    db = _refuse_if_anything_changed(home, call, settings)
    if db is not None:
        _refuse_if_anything_is_unembedded(db, settings)
    place = scopes.scope(known, settings, home, call.cwd, own_memory.folders(call))
    session = Sessions(home).start(call.session_id or None, root=place.own, host=call.host)
    if call.cause == "clear":
        session.shown.forget()
    untold = start.untold(call, place)
    return start.told(untold, session, int(settings["recall.start_words"])) if untold else ""


def _tool_used(home: str, call: HookEvent) -> str:
    if not call.written:
        return ""
    known = enqueue_writes.roots(home)
    if any(folder not in known for folder in own_memory.folders(call)):
        raise _MoreToDoError
    changed = enqueue_writes.to_enqueue(home, call)
    if changed:
        enqueue_writes.enqueue(home, changed)
        joined.log_queued(home, call, changed)
    return ""


def _stop(home: str, call: HookEvent) -> str:  # noqa: ARG001 - as the others
    _refuse_if_anything_waits(home)
    return ""


def _pre_compact(home: str, call: HookEvent) -> str:
    if call.host == "opencode":
        raise _MoreToDoError
    _refuse_if_anything_waits(home)
    session = joined.join(home, call)
    if session is not None:
        session.log(Line("session.checkpoint", outcome=call.cause))
    return ""


def _session_end(home: str, call: HookEvent) -> str:
    _refuse_if_anything_waits(home)
    from memcairn.settings import config  # noqa: PLC0415 - as above

    settings = config.load()
    _refuse_if_anything_changed(home, call, settings)
    joined.leave(home, call, keep_scratch=bool(settings["sessions.keep_scratch"]))
    return ""


_EVENTS: dict[str, Callable[[str, HookEvent], str]] = {
    "session-start": _session_start,
    "tool-used": _tool_used,
    "stop": _stop,
    "subagent-stop": _stop,
    "pre-compact": _pre_compact,
    "session-end": _session_end,
}


def _refuse_if_anything_waits(home: str) -> None:
    """Raises: _MoreToDoError: a drain would find something, however short the window is."""
    path = os.path.join(home, "queue.db")
    if not os.path.exists(path):
        return
    from memcairn.queue import Queue  # noqa: PLC0415 - as above

    queue = Queue(path)
    if queue.set_aside is not None:
        # What a damaged queue knew is found again by a scan.
        queue.enqueue(enqueue_writes.roots(home))
    if queue.has_ready(0.0):
        raise _MoreToDoError


def _refuse_if_anything_changed(home: str, call: HookEvent, settings: Config) -> Database | None:
    """Return index.db, if there is one.

    Raises:
        _MoreToDoError: a MEMORY.md is out of date, or no hook reported a change of the host's own memory.
    """
    own = list(own_memory.folders(call))
    index = os.path.join(home, "index.db")
    if not os.path.exists(index):
        if own:
            raise _MoreToDoError
        return None
    from memcairn.memory_md.outdated import outdated_roots  # noqa: PLC0415 - as above
    from memcairn.store.database import Database  # noqa: PLC0415 - as above

    db = Database(index)
    today = datetime.now(UTC).date().toordinal()
    if outdated_roots(db, today) or any(
        own_memory.is_changed(db, folder, settings) for folder in own
    ):
        raise _MoreToDoError
    return db


def _refuse_if_anything_is_unembedded(db: Database, settings: Config) -> None:
    """Raises: _MoreToDoError: a chunk waits for its embedding, and there is a model."""
    if settings["embedding.provider"] == "none":
        return
    (some_wait,) = db.execute("SELECT EXISTS (SELECT 1 FROM unembedded)").fetchone()
    if some_wait:
        from memcairn.embedding import backlog  # noqa: PLC0415 - loads what a model takes

        if backlog.is_wanted(settings):
            raise _MoreToDoError
