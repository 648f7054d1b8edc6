"""The session that an event belongs to."""

from __future__ import annotations

import os

from memcairn.sessions import Line, Sessions
from memcairn.settings import calling_process, project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.hosts.payload import HookEvent
    from memcairn.hosts.scopes import Scope
    from memcairn.sessions import Session
    from memcairn.settings.config import Config


def begin(home: str, event: HookEvent, scope: Scope) -> Session:
    """Start the session of an event, or continue it; a cleared conversation was shown nothing yet."""
    title = os.path.basename(scope.folder)
    branch = project.branch_of(event.cwd)
    sessions = Sessions(home)
    # Newer versions of Claude Code start a fork under its own id. It holds what the latest session of the
    # project was shown.
    is_fork = event.cause == "fork" and sessions.get(event.session_id) is None
    forked = [one for one in sessions.latest() if one.root == scope.own] if is_fork else []
    session = sessions.start(
        event.session_id or None,
        root=scope.own,
        host=event.host,
        title=f"{title} ({branch})" if branch else title,
    )
    if event.cause == "clear":
        session.shown.forget()
    if forked:
        session.shown.take_over(forked[0].shown)
    return session


def join(home: str, event: HookEvent) -> Session | None:
    """The session of an event.

    It is started here if the hooks were installed while it ran, or it is a fork: then it was shown what
    the forked session was shown.
    """
    sessions = Sessions(home)
    if not event.session_id:
        return sessions.current(calling_process.current().environ)
    known = sessions.get(event.session_id)
    if known is not None and known.is_open:
        return known
    # Claude Code starts a fork with the id of the forked session, and goes on with a new one.
    forked = sessions.current({}) if known is None and event.host == "claude-code" else None
    if forked is None:
        return sessions.start(event.session_id, host=event.host)
    started = sessions.start(
        event.session_id, root=forked.root, host=event.host, title=forked.title
    )
    started.shown.take_over(forked.shown)
    return started


def checkpoint(home: str, event: HookEvent) -> Session | None:
    """Log that the conversation is compacted here."""
    session = join(home, event)
    if session is not None:
        session.log(Line("session.checkpoint", outcome=event.cause))
    return session


def leave(home: str, event: HookEvent, settings: Config) -> Session | None:
    """End the session of an event, if there is one; returns it."""
    sessions = Sessions(home)
    session = (
        sessions.open(event.session_id)
        if event.session_id
        else sessions.current(calling_process.current().environ)
    )
    if session is not None:
        sessions.end(session, keep_scratch=bool(settings["sessions.keep_scratch"]))
    return session


def log_queued(home: str, event: HookEvent, changed: Iterable[str]) -> None:
    """Log that the session changed these files."""
    session = join(home, event)
    if session is not None:
        for path in changed:
            session.log(Line(event.tool or event.name, path, "queued"))
