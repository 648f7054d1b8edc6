"""What was done to a root, session by session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.errors import UsageError
from memcairn.utc import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.root.open_root import OpenRoot
    from memcairn.sessions import Session


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session; times are ISO 8601, in UTC.

    Attributes:
        touched: how many files were changed in it.
        ended: None while it is open.
        host: the program that it is a session of, if that is known.
    """

    id: str
    started: str
    touched: int
    ended: str | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call: when, which tool, on which path, how it ended, how many bytes, how long it took."""

    time: str
    tool: str
    path: str
    outcome: str
    bytes: int
    took_ms: float


def listed(root: OpenRoot, limit: int) -> tuple[SessionSummary, ...]:
    """The sessions of a root, the latest first."""
    facts: list[SessionSummary] = []
    for found in _of_root(root):
        if len(facts) == limit:
            break
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
    """What was done in a session of this root, oldest first; the last `limit` calls.

    Raises:
        UsageError: there is no such session.
    """
    found = next((one for one in _of_root(root) if one.id == session_id), None)
    if found is None:
        raise UsageError(
            "there is no such session of this root", hint="memory_sessions lists those there are"
        )
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


def _of_root(root: OpenRoot) -> Iterator[Session]:
    """Also the one that is on now, whatever its host says of its root."""
    current = root.session.get()
    for found in root.session.sessions.all():
        if found.root == root.root or (current is not None and found.id == current.id):
            yield found


def _below(root: OpenRoot, path: str) -> str:
    return path.removeprefix(root.root.rstrip("/") + "/")
