"""Start, find and end the sessions of a home, and delete old ones.

start ──► open ──end──► ended ──90 days, or 200 later sessions──► deleted
            │
            └── its process is gone: ended at a later start, scratch folder kept

No call reads the records of all sessions, except the first one in a home without the file `order`. Each
start checks only the last sessions, the first ones, and a few others.
"""

from __future__ import annotations

import os
import time

from memcairn import paths
from memcairn.errors import StateError
from memcairn.formats import json_text
from memcairn.fs import json_lines
from memcairn.sessions import order, processes, session
from memcairn.sessions.session import Line, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from logging import Logger

    from memcairn.sessions.order import Order

# The environment variables in which hosts pass the session id to child processes.
VARIABLES = ("MEMCAIRN_SESSION", "CLAUDE_CODE_SESSION_ID", "GEMINI_SESSION_ID", "CODEX_THREAD_ID")

KEEP_SESSIONS = 200
KEEP_S = 90 * 86_400.0
# An open session of an unknown process ends after this time without a log line.
SILENT_S = 14 * 86_400.0

# How many of the last sessions, of the first ones, and of those between, each start checks.
CHECKED = 6
# How many old ones each start deletes; it adds one at most.
MAX_DELETED = 2

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

        Also ends some sessions whose process is gone, and deletes old ones.

        Args:
            id: the id that the host uses; None creates one.
            root: the root of its project.
            pid: the process that it belongs to; None finds it among the ancestors of this one.
            host: the name of the host.
            title: of its project: a folder and a branch.

        Raises:
            StateError: the home is not writable.
        """
        from memcairn.fs import lock  # noqa: PLC0415 - threading, which other hooks do not need

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
            with lock.folder(self.folder):
                known = self._order()
                self._tidy(known)
                paths.make_private_folder(folder)
                _write(started)
                known.append(os.path.basename(folder), pid)
            _ = started.scratch
        except (OSError, TimeoutError) as error:
            raise session.unwritable(folder, error) from error
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
        above = {str(found.pid): found for found in processes.ancestors()}
        machine = processes.host()
        names = self._order().of_processes(found.pid for found in above.values())
        read = (session.read(os.path.join(self.folder, name)) for name in names)
        mine = (
            found
            for found in read
            if found is not None
            and found.is_open
            and found.machine == machine
            and str(found.pid) in above
            and found.process_started in ("", above[str(found.pid)].started)
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
            raise session.unwritable(ended.folder, error) from error

    def count(self) -> int:
        """The number of sessions."""
        return len(self._order())

    def latest(self, limit: int = KEEP_SESSIONS, start: int = 0) -> list[Session]:
        """Some sessions, the one that was started last first.

        Args:
            limit: how many at most.
            start: how many of the last ones to skip.
        """
        names = self._order().last(limit, start)
        read = (session.read(os.path.join(self.folder, name)) for name in names)
        return [found for found in read if found is not None]

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
        except OSError as error:
            _log().warning("audit.failed: %s", error)

    def _order(self) -> Order:
        """The order of the starts; from the records, in a home that has no such file yet."""
        found = order.read(self.folder)
        if found is not None:
            return found
        found = order.Order(self.folder, None)
        try:
            names = os.listdir(self.folder)
        except (FileNotFoundError, NotADirectoryError):
            return found
        read = ((name, session.read(os.path.join(self.folder, name))) for name in names)
        known = [(name, one) for name, one in read if one is not None]
        known.sort(key=lambda pair: (pair[1].started_at, pair[1].id))
        found.fill((name, one.pid) for name, one in known)
        return found

    def _tidy(self, known: Order) -> None:
        """End some sessions whose process is gone, and delete old ones."""
        now = self._clock()
        machine = processes.host()
        surplus = set(known.first(min(max(len(known) - KEEP_SESSIONS, 0), CHECKED)))
        checked = (
            *known.last(CHECKED), *known.first(CHECKED), *known.between(int(now * 101), CHECKED)
        )  # fmt: skip
        deleted = 0
        for name in dict.fromkeys(checked):
            found = session.read(os.path.join(self.folder, name))
            if found is None:
                known.remove(name)
                continue
            try:
                if found.is_open and _is_stale(found, machine, now):
                    self.end(found, keep_scratch=True)
            except StateError:
                _log().info("session.stale", exc_info=True)
            is_old = name in surplus or now - (found.ended_at or 0.0) > KEEP_S
            if not found.is_open and is_old and deleted < MAX_DELETED:
                _remove(found.folder)
                known.remove(name)
                deleted += 1


def session_line(line: Line, now: float, of: Session | None) -> dict[str, object]:
    """A line of an audit log."""
    return session.as_logged(line, now, session=of.id if of else "")


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
