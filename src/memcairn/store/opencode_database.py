"""OpenCode's database, opencode.db: its sessions and what was said in them. It is only read.

    session (id, directory, time_updated)
    message (id, session_id, data)              {"role": "user"}
                                                {"role": "assistant", "time": {"completed"}}
    part    (id, message_id, session_id, data)  {"type": "text", "text"}
                                                {"type": "tool", "tool", "callID", "state"}

The form is that of OpenCode 1.18. Ids begin with the time, so that later messages and parts come last.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from memcairn.formats.utc import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY_S = 2.0
# A message that is not complete after this time never will be.
_ABANDONED_S = 3600.0
_RUNNING = ("pending", "running")


class OpenCodeSession(NamedTuple):
    """A session: its id, the time of its last change, and its size."""

    id: str
    updated_ns: int
    size_bytes: int


def sessions(path: str, known_ns: dict[str, int]) -> list[OpenCodeSession]:
    """The sessions that changed.

    Args:
        path: the database.
        known_ns: the time of the last change that is known of each session.

    Raises:
        OSError: the database cannot be read, or has another form.
    """
    with _opened(path) as db:
        found = [
            (str(id_), int(updated_ms) * 1_000_000)
            for id_, updated_ms in db.execute("SELECT id, time_updated FROM session")
        ]
        size = "SELECT COALESCE(SUM(LENGTH(data)), 0) FROM part WHERE session_id = ?"
        return [
            OpenCodeSession(id_, updated_ns, db.execute(size, (id_,)).fetchone()[0])
            for id_, updated_ns in found
            if known_ns.get(id_) != updated_ns
        ]


def lines(path: str, session: str, known: int) -> Iterator[bytes]:
    """What was said in a session, one JSON line for each part, up to a message that is not complete.

    Args:
        path: the database.
        session: the id of the session.
        known: how many parts to skip.

    Raises:
        OSError: the database cannot be read, or has another form.
    """
    rows = """
        SELECT message.data, part.data, part.time_created, session.directory
        FROM part JOIN message ON message.id = part.message_id JOIN session ON session.id = part.session_id
        WHERE part.session_id = ? ORDER BY message.id, part.id LIMIT -1 OFFSET ?
    """
    with _opened(path) as db:
        for message_json, part_json, created_ms, directory in db.execute(rows, (session, known)):
            message, part = _loads(message_json), _loads(part_json)
            at = int(created_ms) / 1000
            if not _is_complete(message, part) and time.time() - at < _ABANDONED_S:
                return
            entry = {
                "session": session,
                "directory": directory,
                "role": message.get("role"),
                "time": utc_text(at, milliseconds=True),
                "part": part,
            }
            yield json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def _is_complete(message: dict[str, object], part: dict[str, object]) -> bool:
    state, times = part.get("state"), message.get("time")
    if isinstance(state, dict) and state.get("status") in _RUNNING:
        return False
    return message.get("role") != "assistant" or (isinstance(times, dict) and "completed" in times)


def _loads(text: object) -> dict[str, object]:
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


@contextlib.contextmanager
def _opened(path: str) -> Iterator[sqlite3.Connection]:
    uri = f"file:{quote(os.fsencode(path))}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S)) as db:
            yield db
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise OSError(None, f"cannot be read: {error}", path) from error
