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
class SessionFacts:
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
class Done:
    """A call: when, which tool, on which path, how it ended, how many bytes, how long it took."""

    time: str
    tool: str
    path: str
    outcome: str
    bytes: int
    took_ms: float


def listed(files: OpenRoot, limit: int) -> tuple[SessionFacts, ...]:
    """The sessions of a root, the latest first."""
    facts: list[SessionFacts] = []
    for found in _of_root(files):
        if len(facts) == limit:
            break
        ended = None if found.ended_at is None else utc_text(found.ended_at)
        facts.append(
            SessionFacts(
                found.id,
                utc_text(found.started_at),
                len(found.touched()),
                ended,
                found.host or None,
            )
        )
    return tuple(facts)


def lines(files: OpenRoot, session_id: str, limit: int) -> tuple[Done, ...]:
    """What was done in a session of this root, oldest first; the last `limit` calls.

    Raises:
        UsageError: there is no such session.
    """
    found = next((one for one in _of_root(files) if one.id == session_id), None)
    if found is None:
        raise UsageError(
            "there is no such session of this root", hint="memory_sessions lists those there are"
        )
    return tuple(
        Done(
            str(line.get("time", "")),
            str(line.get("tool", "")),
            _below(files, str(line.get("path", ""))),
            str(line.get("outcome", "")),
            int(line.get("bytes", 0)),
            float(line.get("took_ms", 0)),
        )
        for line in found.lines()[-limit:]
    )


def _of_root(files: OpenRoot) -> Iterator[Session]:
    """Also the one that is on now, whatever its host says of its root."""
    current = files.session.get()
    for found in files.session.sessions.all():
        if found.root == files.root or (current is not None and found.id == current.id):
            yield found


def _below(files: OpenRoot, path: str) -> str:
    return path.removeprefix(files.root.rstrip("/") + "/")
