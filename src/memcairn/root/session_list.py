"""The sessions of a root, and the calls in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.errors import UsageError
from memcairn.formats.utc import utc_text

if TYPE_CHECKING:
    from memcairn.root.open_root import OpenRoot
    from memcairn.sessions import Session


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session; times are ISO 8601, in UTC.

    Attributes:
        touched: the number of files that changed in it.
        ended: None while it is open.
        host: the program that started it, if known.
    """

    id: str
    started: str
    touched: int
    ended: str | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call: start time, tool, path, outcome, size and duration."""

    time: str
    tool: str
    path: str
    outcome: str
    bytes: int
    took_ms: float


def listed(root: OpenRoot, limit: int) -> tuple[SessionSummary, ...]:
    """The sessions of a root among the latest ones of the home, latest first."""
    facts: list[SessionSummary] = []
    current = root.session.get()
    for found in root.session.sessions.latest():
        if len(facts) == limit:
            break
        if not _is_of_root(root, found, current):
            continue
        ended = None if found.ended_at is None else utc_text(found.ended_at)
        facts.append(
            SessionSummary(
                found.id,
                utc_text(found.started_at),
                len(found.touched()),
                ended,
                found.host or None,
            )
        )
    return tuple(facts)


def lines(root: OpenRoot, session_id: str, limit: int) -> tuple[LoggedCall, ...]:
    """The last `limit` calls of a session of this root, oldest first.

    Raises:
        UsageError: the root has no such session.
    """
    found = root.session.sessions.get(session_id)
    if found is None or not _is_of_root(root, found, root.session.get()):
        raise UsageError("this root has no such session", hint="memory_sessions lists the sessions")
    return tuple(
        LoggedCall(
            str(line.get("time", "")),
            str(line.get("tool", "")),
            _below(root, str(line.get("path", ""))),
            str(line.get("outcome", "")),
            int(line.get("bytes", 0)),
            float(line.get("took_ms", 0)),
        )
        for line in found.lines()[-limit:]
    )


def _is_of_root(root: OpenRoot, found: Session, current: Session | None) -> bool:
    """Whether a session is of this root; the current one is, even if its host named another root."""
    return found.root == root.root or (current is not None and found.id == current.id)


def _below(root: OpenRoot, path: str) -> str:
    return path.removeprefix(root.root.rstrip("/") + "/")
