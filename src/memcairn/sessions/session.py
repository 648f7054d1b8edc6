"""One session: its record, its log, its scratch folder, and the passages shown to it.

<home>/sessions/<id>/session.json    host, root, process, start and end
                     log.jsonl       the calls, without texts and queries
                     shown           the passages shown to it
                     scratch/        temporary files
"""

from __future__ import annotations

import os
import time
from collections import namedtuple

from memcairn import paths
from memcairn.errors import StateError
from memcairn.formats import json_text
from memcairn.formats.utc import utc_text
from memcairn.fs import json_lines as lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

    from memcairn.sessions.shown_passages import Shown

    class Line(NamedTuple):
        """A log line about one call; it never contains a note's text or a query.

        Attributes:
            tool: the name of the tool or command.
            path: the file, absolute or relative to the session's root; "" for none.
            outcome: created, written, removed, moved, queued, read, found ..., or "failed: " and the
                name of the error.
            size_bytes: the size of the data read or written.
            took_ms: the duration.
            lines: "first-last" of a passage that was shown.
            score: of that passage.
        """

        tool: str
        path: str = ""
        outcome: str = ""
        size_bytes: int = 0
        took_ms: float = 0.0
        lines: str = ""
        score: float = 0.0

else:
    # Importing typing takes 3 ms of a hook call.
    Line = namedtuple(  # noqa: PYI024
        "Line",
        "tool path outcome size_bytes took_ms lines score",
        defaults=("", "", 0, 0.0, "", 0.0),
    )

# Outcomes that change a file.
CHANGES = frozenset({"created", "written", "removed", "moved", "queued", "restored"})

LOG = "log.jsonl"
LOG_BYTES = 2 << 20
LOG_KEEP = 1
RECORD = "session.json"
PAUSED = "paused"


def as_logged(line: Line, now: float, **more: str) -> dict[str, object]:
    """A line as a JSON object for a log."""
    return {
        "time": utc_text(now, milliseconds=True),
        **more,
        "tool": line.tool,
        "path": line.path,
        "outcome": line.outcome,
        "bytes": line.size_bytes,
        "took_ms": round(line.took_ms, 1),
        **({"lines": line.lines, "score": round(line.score, 4)} if line.lines else {}),
    }


class Session:
    """A session. Its record is read once, so later changes of the record are not visible here.

    Attributes:
        id: the id that its host uses.
        folder: the folder of its files.
        root: the root of its project, or "".
        host: the name of the host, or "".
        pid: the process that it belongs to, on the machine `machine`; 0 if unknown.
        started_at: seconds since the epoch.
        ended_at: likewise; None while it is open.
    """

    def __init__(self, folder: str, record: dict[str, Any]) -> None:
        self.folder = folder
        self.id = _text(record, "id") or os.path.basename(folder)
        self.root = _text(record, "root")
        self.host = _text(record, "host")
        self.title = _text(record, "title")
        self.machine = _text(record, "machine")
        self.process_started = _text(record, "process_started")
        pid = record.get("pid")
        self.pid = pid if type(pid) is int and pid > 0 else 0
        self.started_at = _number(record, "started_at") or 0.0
        self.ended_at = _number(record, "ended_at")
        self._shown: Shown | None = None

    @property
    def is_open(self) -> bool:
        """Whether the session has not ended."""
        return self.ended_at is None

    @property
    def is_paused(self) -> bool:
        """Whether hooks stay silent in it."""
        return os.path.exists(os.path.join(self.folder, PAUSED))

    def pause(self) -> None:
        """Let hooks stay silent in it.

        Raises:
            StateError: the folder cannot be written.
        """
        try:
            os.close(os.open(os.path.join(self.folder, PAUSED), os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError as error:
            raise StateError(f"cannot be written: {error.strerror}", path=self.folder) from error

    def resume(self) -> None:
        """Let hooks speak in it again."""
        try:
            os.unlink(os.path.join(self.folder, PAUSED))
        except FileNotFoundError:
            return

    def log(self, line: Line) -> None:
        """Append a line to the session's log.

        Raises:
            OSError: the log cannot be written.
        """
        file = os.path.join(self.folder, LOG)
        logged = as_logged(line, time.time())
        lines.append(file, logged, max_bytes=LOG_BYTES, keep=LOG_KEEP)

    def lines(self, containing: bytes = b"") -> list[dict[str, Any]]:
        """The log, oldest first; only lines with these bytes, see `json_lines.read`."""
        file = os.path.join(self.folder, LOG)
        return list(lines.read(file, keep=LOG_KEEP, containing=containing))

    def touched(self) -> list[str]:
        """Absolute paths of the files changed in this session, in the order of their last change."""
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
        """The session's scratch folder, created on first use with mode 0700.

        Raises:
            StateError: it cannot be created.
        """
        folder = os.path.join(self.folder, "scratch")
        try:
            paths.make_private_folder(folder)
        except OSError as error:
            raise unwritable(folder, error) from error
        return folder

    @property
    def shown(self) -> Shown:
        """The passages shown to this session."""
        if self._shown is None:
            from memcairn.sessions.shown_passages import Shown  # noqa: PLC0415 - most hook calls do not need it

            self._shown = Shown(os.path.join(self.folder, "shown"))
        return self._shown

    def shown_to(self, agent: str) -> Shown:
        """Which passages a sub-agent has been shown, since it does not see the conversation.

        Args:
            agent: its id; "" for the session itself.
        """
        name = "".join(c for c in agent if c.isascii() and c.isalnum())[:64]
        if not name:
            return self.shown
        from memcairn.sessions.shown_passages import Shown  # noqa: PLC0415 - as above

        return Shown(os.path.join(self.folder, f"shown-{name}"))

    def last_active_at(self) -> float:
        """The time of the last log line, or of the start; seconds since the epoch."""
        try:
            return max(self.started_at, os.stat(os.path.join(self.folder, LOG)).st_mtime)
        except OSError:
            return self.started_at

    def record(self) -> dict[str, Any]:
        """The content of session.json."""
        return {
            "id": self.id,
            "root": self.root,
            "host": self.host,
            "title": self.title,
            "machine": self.machine,
            "pid": self.pid,
            "process_started": self.process_started,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
        }


def read(folder: str) -> Session | None:
    """The session in a folder, or None. If its record is damaged, the folder's name and time are used."""
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


def unwritable(folder: str, error: OSError) -> StateError:
    """What to raise when a session's folder cannot be written."""
    return StateError(f"cannot be written: {error.strerror}", path=folder)


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
