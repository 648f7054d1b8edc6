"""The session that an event of a host belongs to."""

from __future__ import annotations

import os

from memcairn.sessions import Line, Sessions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.hosts.payload import HookEvent
    from memcairn.sessions import Session


def join(home: str, call: HookEvent) -> Session | None:
    """The session of a call. One that nobody has started is started: the hooks came later than it."""
    sessions = Sessions(home)
    if not call.session_id:
        return sessions.current(os.environ)
    return sessions.open(call.session_id) or sessions.start(call.session_id, host=call.host)


def leave(home: str, call: HookEvent, *, keep_scratch: bool) -> None:
    """End the session of a call, if there is one."""
    sessions = Sessions(home)
    session = sessions.open(call.session_id) if call.session_id else sessions.current(os.environ)
    if session is not None:
        sessions.end(session, keep_scratch=keep_scratch)


def log_queued(home: str, call: HookEvent, changed: Iterable[str]) -> None:
    """Write down that the session changed these files."""
    session = join(home, call)
    if session is not None:
        for path in changed:
            session.log(Line(call.tool or call.event, path, "queued"))
