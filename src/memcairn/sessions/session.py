"""One session: its record, its log, its scratch folder, and what it has been shown.

<home>/sessions/<id>/session.json    who, where, since when, until when
                     log.jsonl       what was done: never what was written or asked
                     shown           which passages it has been shown
                     scratch/        files of no lasting worth
"""

from __future__ import annotations

import os
import time
from collections import namedtuple

from memcairn import json_text, paths
from memcairn.sessions import lines
from memcairn.utc import utc_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

    from memcairn.sessions.shown import Shown

    class Line(NamedTuple):
        """What one call did; never a note's text or the words of a query.

        Attributes:
            tool: what was called.
            path: the file, absolute, or relative to the session's root; "" if it was about none.
            outcome: created, written, removed, moved, queued, read, found ..., or "failed: " and the
                name of the error.
            size_bytes: how much was read or written.
            took_ms: how long it took.
        """

        tool: str
        path: str = ""
        outcome: str = ""
        size_bytes: int = 0
        took_ms: float = 0.0

else:
    # typing costs a hook call 3 ms; a namedtuple is the same value.
    Line = namedtuple(  # noqa: PYI024
        "Line", "tool path outcome size_bytes took_ms", defaults=("", "", 0, 0.0)
    )

# Outcomes after which a file is not what it was.
CHANGES = frozenset({"created", "written", "removed", "moved", "queued", "restored"})

LOG = "log.jsonl"
LOG_BYTES = 2 << 20
LOG_KEEP = 1
RECORD = "session.json"


def as_logged(line: Line, now: float, **more: str) -> dict[str, object]:
    """A line as it stands in a log."""
    return {
        "time": utc_text(now, milliseconds=True),
        **more,
        "tool": line.tool,
        "path": line.path,
        "outcome": line.outcome,
        "bytes": line.size_bytes,
        "took_ms": round(line.took_ms, 1),
    }


class Session:
    """A session that has been started. Read once: its record may change meanwhile, its log goes on.

    Attributes:
        id: as its host calls it.
        folder: what it keeps.
        root: the root of its project, or "".
        host: the name of the host, or "".
        pid: the process that it belongs to, on the machine `machine`; 0 if none is known.
        started_at: seconds since the epoch.
        ended_at: the same, or None while it is open.
    """

    def __init__(self, folder: str, record: dict[str, Any]) -> None:
        self.folder = folder
        self.id = _text(record, "id") or os.path.basename(folder)
        self.root = _text(record, "root")
        self.host = _text(record, "host")
        self.machine = _text(record, "machine")
        self.process_started = _text(record, "process_started")
        pid = record.get("pid")
        self.pid = pid if type(pid) is int and pid > 0 else 0
        self.started_at = _number(record, "started_at") or 0.0
        self.ended_at = _number(record, "ended_at")
        self._shown: Shown | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None

    def log(self, line: Line) -> None:
        """Add a line to the session's log.

        Raises:
            OSError: it cannot be written.
        """
        file = os.path.join(self.folder, LOG)
        logged = as_logged(line, time.time())
        lines.append(file, logged, max_bytes=LOG_BYTES, keep=LOG_KEEP)

    def lines(self) -> list[dict[str, Any]]:
        """The log, oldest first."""
        return list(lines.read(os.path.join(self.folder, LOG), keep=LOG_KEEP))

    def touched(self) -> list[str]:
        """Absolute paths of the files that were changed in it, in the order of their last change."""
        touched: dict[str, None] = {}
        for line in self.lines():
            path = line.get("path")
            if isinstance(path, str) and path and line.get("outcome") in CHANGES:
                whole = os.path.join(self.root, path)
                touched.pop(whole, None)
                touched[whole] = None
        return list(touched)

    @property
    def scratch(self) -> str:
        """Its scratch folder, 0700; made when it is asked for."""
        folder = os.path.join(self.folder, "scratch")
        paths.make_private_folder(folder)
        return folder

    @property
    def shown(self) -> Shown:
        """Which passages it has been shown."""
        if self._shown is None:
            from memcairn.sessions.shown import Shown  # noqa: PLC0415 - of no use to most hook calls

            self._shown = Shown(os.path.join(self.folder, "shown"))
        return self._shown

    def last_active_at(self) -> float:
        """When something was last logged, else when it started; seconds since the epoch."""
        try:
            return max(self.started_at, os.stat(os.path.join(self.folder, LOG)).st_mtime)
        except OSError:
            return self.started_at

    def record(self) -> dict[str, Any]:
        """What session.json says."""
        return {
            "id": self.id,
            "root": self.root,
            "host": self.host,
            "machine": self.machine,
            "pid": self.pid,
            "process_started": self.process_started,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
        }


def read(folder: str) -> Session | None:
    """The session in a folder; None if there is none. A damaged record leaves what can be known."""
    try:
        with open(os.path.join(folder, RECORD), "rb") as file:
            record = json_text.loads(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        record = {"started_at": _made_at(folder)}
    return Session(folder, record)


def _made_at(folder: str) -> float:
    try:
        return os.stat(folder).st_mtime
    except OSError:
        return 0.0


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""


def _number(record: dict[str, Any], name: str) -> float | None:
    value = record.get(name)
    return float(value) if isinstance(value, int | float) else None
