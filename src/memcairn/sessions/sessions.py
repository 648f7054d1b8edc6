"""Start, find and end the sessions of a home, and delete old ones.

start ──► open ──end──► ended ──90 days, or 200 later sessions──► deleted
            │
            └── its process is gone: ended at the next start, scratch folder kept
"""

from __future__ import annotations

import os
import time

from memcairn import paths
from memcairn.errors import StateError
from memcairn.formats import json_text
from memcairn.fs import json_lines
from memcairn.sessions import processes, session
from memcairn.sessions.session import Line, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from logging import Logger

# The environment variables in which hosts pass the session id to child processes.
VARIABLES = ("MEMCAIRN_SESSION", "CLAUDE_CODE_SESSION_ID", "GEMINI_SESSION_ID", "CODEX_THREAD_ID")

KEEP_SESSIONS = 200
KEEP_S = 90 * 86_400.0
# An open session of an unknown process ends after this time without a log line.
SILENT_S = 14 * 86_400.0

AUDIT_BYTES = 2 << 20
AUDIT_KEEP = 4

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_MAX_CHARS = 64
_READABLE_CHARS = 40
# Device names of Windows, which apply to the part before the first dot.
_DEVICES = frozenset({"con", "prn", "aux", "nul"}) | {
    f"{name}{number}" for name in ("com", "lpt") for number in range(10)
}


class Sessions:
    """The sessions of one home; threads and processes may use it concurrently.

    Args:
        home: the folder of caches and state.
        clock: seconds since the epoch; tests pass their own.
    """

    def __init__(self, home: str, *, clock: Callable[[], float] = time.time) -> None:
        self.folder = os.path.join(home, "sessions")
        self.logs = os.path.join(home, "logs")
        self._clock = clock

    def start(
        self,
        id: str | None = None,  # noqa: A002 - the hosts' term
        *,
        root: str = "",
        pid: int | None = None,
        host: str = "",
        title: str = "",
    ) -> Session:
        """Start a session, or continue an existing one, ended or not.

        Also ends the sessions whose process is gone, and deletes old ones.

        Args:
            id: the id that the host uses; None creates one.
            root: the root of its project.
            pid: the process that it belongs to; None finds it among the ancestors of this one.
            host: the name of the host.
            title: of its project, a folder and a branch.
            title: of its project: a folder and a branch.

        Raises:
            StateError: the home is not writable.
        """
        self._tidy()
        now = self._clock()
        id = id or time.strftime("%Y%m%d-%H%M%S-", time.gmtime(now)) + os.urandom(3).hex()  # noqa: A001
        folder = os.path.join(self.folder, folder_name(id))
        before = session.read(folder)
        pid = processes.owner() if pid is None else pid
        process = processes.process(pid)
        record = {
            "id": id,
            "root": root or (before.root if before else ""),
            "host": host or (before.host if before else ""),
            "title": title or (before.title if before else ""),
            "machine": processes.host(),
            "pid": pid,
            "process_started": process.started if process else "",
            "started_at": before.started_at if before else now,
            "ended_at": None,
        }
        started = Session(folder, record)
        try:
            paths.make_private_folder(self.folder)
            paths.make_private_folder(folder)
            _write(started)
            _ = started.scratch
        except OSError as error:
            raise _unwritable(folder, error) from error
        return started

    def open(self, id: str) -> Session | None:  # noqa: A002 - as above
        """The open session with this id, or None."""
        found = self.get(id)
        return found if found and found.is_open else None

    def get(self, id: str) -> Session | None:  # noqa: A002 - as above
        """The session with this id, open or ended, or None."""
        return session.read(os.path.join(self.folder, folder_name(id))) if id else None

    def current(self, environ: Mapping[str, str]) -> Session | None:
        """The open session that this process belongs to.

        The environment names it; otherwise it is the latest session of an ancestor process.
        """
        for variable in VARIABLES:
            if environ.get(variable):
                return self.open(environ[variable])
        above = {found.pid: found.started for found in processes.ancestors()}
        machine = processes.host()
        mine = (
            found
            for found in self.all()
            if found.is_open
            and found.machine == machine
            and found.pid in above
            and found.process_started in ("", above[found.pid])
        )
        return next(mine, None)

    def end(self, ended: Session, *, keep_scratch: bool = False) -> None:
        """End a session. Its log stays until it is old; its scratch folder is deleted by default.

        Raises:
            StateError: the home is not writable.
        """
        if not keep_scratch:
            _remove(os.path.join(ended.folder, "scratch"))
        ended.ended_at = self._clock()
        try:
            _write(ended)
        except OSError as error:
            raise _unwritable(ended.folder, error) from error

    def all(self) -> list[Session]:
        """All sessions, the latest first."""
        try:
            names = os.listdir(self.folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        found = (session.read(os.path.join(self.folder, name)) for name in names)
        return sorted(
            (one for one in found if one is not None),
            key=lambda one: (one.started_at, one.id),
            reverse=True,
        )

    def audit(self, key: str, line: Line, session: Session | None = None) -> None:
        """Append a line to the audit log of a root, and to the session's log.

        It never raises: the logged operation has succeeded, even if the disk is full.

        Args:
            key: the key of the root, see `project.key`.
            line: the line.
            session: the session of the call.
        """
        logged = session_line(line, self._clock(), session)
        try:
            if session is not None:
                session.log(line)
            paths.make_private_folder(self.logs)
            file = os.path.join(self.logs, key + ".jsonl")
            json_lines.append(file, logged, max_bytes=AUDIT_BYTES, keep=AUDIT_KEEP)
        except OSError:
            _log().warning("audit.failed", exc_info=True)

    def _tidy(self) -> None:
        """End the sessions whose processes are gone; delete old ones."""
        now = self._clock()
        machine = processes.host()
        ended = []
        for found in self.all():
            try:
                if found.is_open and _is_stale(found, machine, now):
                    self.end(found, keep_scratch=True)
                if not found.is_open:
                    ended.append(found)
            except StateError:
                _log().info("session.stale", exc_info=True)
        ended.sort(key=lambda one: one.ended_at or 0.0, reverse=True)
        for number, found in enumerate(ended):
            if number >= KEEP_SESSIONS or now - (found.ended_at or 0.0) > KEEP_S:
                _remove(found.folder)


def session_line(line: Line, now: float, of: Session | None) -> dict[str, object]:
    """A line of an audit log."""
    return session.as_logged(line, now, session=of.id if of else "")


def _unwritable(folder: str, error: OSError) -> StateError:
    return StateError(f"cannot be written: {error.strerror}", path=folder)


def _is_stale(found: Session, machine: str, now: float) -> bool:
    if found.pid and found.machine == machine:
        return processes.is_gone(found.pid, found.process_started)
    return now - found.last_active_at() > SILENT_S


def _write(changed: Session) -> None:
    from memcairn.fs import atomic  # noqa: PLC0415 - hook calls that only log do not need it

    content = json_text.dumps(changed.record()).encode("ascii") + b"\n"
    atomic.replace(os.path.join(changed.folder, session.RECORD), content)


def _log() -> Logger:
    import logging  # noqa: PLC0415 - only failures are logged

    return logging.getLogger(__name__)


def _remove(folder: str) -> None:
    try:
        os.rmdir(folder)  # nearly always empty
    except OSError:
        import shutil  # noqa: PLC0415 - as above

        shutil.rmtree(folder, ignore_errors=True)


def folder_name(id: str) -> str:  # noqa: A002 - the hosts' term
    """The name of a session's folder.

    A plain id is its own name. Other ids keep their plain characters, followed by `~` and a digest.
    Different ids have different folders, also on file systems that ignore case.
    """
    if (
        0 < len(id) <= _MAX_CHARS
        and _PLAIN.issuperset(id)
        and id[0] not in "-."
        and id[-1] != "."
        and id.partition(".")[0] not in _DEVICES
    ):
        return id
    from hashlib import sha256  # noqa: PLC0415 - all hosts use plain ids

    readable = "".join(c for c in id[:_READABLE_CHARS].lower() if c in _PLAIN).strip("-.")
    return f"{readable}~{sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
