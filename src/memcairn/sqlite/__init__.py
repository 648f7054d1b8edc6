"""Open a SQLite file: private to its user, with a write-ahead log, a schema version and write transactions.

    connect ──no schema, or an earlier one──► write-ahead log ──► create ──► connection
            ├─later schema──► SchemaTooNew
            └─damaged───────► StateDamaged: `quarantine.set_aside`, then connect again

This module is on the path of every hook call: standard library only.
"""

from __future__ import annotations

import os
import sqlite3
import time

from memcairn import paths
from memcairn.errors import SchemaTooNew, StateDamaged, StateError

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

SQLiteError = sqlite3.Error
SQLITE_VERSION = sqlite3.sqlite_version_info

_DAMAGE = frozenset({"SQLITE_CORRUPT", "SQLITE_CORRUPT_VTAB", "SQLITE_NOTADB"})
_HINTS = {
    "SQLITE_FULL": "make room on the disk",
    "SQLITE_READONLY": "make the file and its folder writable",
    "SQLITE_CANTOPEN": "make the file and its folder writable",
    "SQLITE_IOERR": "check the disk",
    "SQLITE_BUSY": "another process has locked it for too long; try again",
}
_MAY_BE_FULL = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN")
_LEAST_ROOM_BYTES = 65_536
_WAL_RETRY_DELAY_S = 0.01


def connect(
    path: str,
    version: int,
    create: Callable[[sqlite3.Connection], None],
    *,
    busy_s: float = 60.0,
    pragmas: Sequence[str] = (),
    incremental_vacuum: bool = False,
) -> sqlite3.Connection:
    """Open a SQLite file, and create the file, its folder and its schema if they are missing.

    Args:
        path: absolute path of the file. A new file has mode 0600, a new folder 0700.
        version: the schema version that this memcairn reads and writes.
        create: creates the schema, inside a write transaction; called for a file of an earlier version
            (a new file has version 0). It must not commit.
        busy_s: how long a statement waits for the locks of other connections, in seconds.
        pragmas: statements to run on the connection, without the word PRAGMA.
        incremental_vacuum: let a new file give free pages back to the disk on request.

    Raises:
        SchemaTooNew: a later memcairn wrote the file; nothing was changed.
        StateDamaged: the file is damaged.
        StateError: the file cannot be created, opened or written.
    """
    try:
        if not os.path.exists(path):
            _create_private(path)
        db = sqlite3.connect(
            path,
            timeout=busy_s,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            found = _version(db)
            if found > version:
                raise SchemaTooNew(
                    f"was written by a later memcairn (schema {found}; this one supports {version})",
                    path=path,
                    hint="update memcairn; nothing was changed",
                )
            if found < version:
                if incremental_vacuum:
                    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
                enable_wal(db, busy_s)
                _create_schema(path, db, version, create)
            for pragma in pragmas:
                db.execute(f"PRAGMA {pragma}")
        except BaseException:
            db.close()
            raise
    except OSError as error:
        raise StateError(
            f"cannot be created: {error.strerror}",
            path=path,
            hint="set MEMCAIRN_HOME to a folder that can be written to",
        ) from error
    except sqlite3.Error as error:
        if _name(error) == "SQLITE_ERROR":  # "table already exists": these statements never change
            raise StateDamaged(f"is damaged: {error}", path=path) from error
        raise state_error(path, error) from error
    return db


def connect_read_only(
    path: str, version: int, *, pragmas: Sequence[str] = ()
) -> sqlite3.Connection:
    """Open a SQLite file that cannot be written, such as one in a folder without write permission.

    If its write-ahead log is empty, the file is opened as immutable: SQLite needs no other files then.

    Raises:
        StateError: it cannot be opened, or has another schema version.
    """
    from urllib.parse import quote  # noqa: PLC0415 - seldom needed

    log = path + "-wal"
    is_immutable = not (os.path.exists(log) and os.path.getsize(log))
    uri = f"file:{quote(os.fsencode(path))}?mode=ro{'&immutable=1' if is_immutable else ''}"
    try:
        db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        try:
            found = _version(db)
            if found != version:
                raise StateError(f"has the schema {found}; {version} is needed", path=path)
            for pragma in pragmas:
                db.execute(f"PRAGMA {pragma}")
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise state_error(path, error) from error
    return db


def _create_private(path: str) -> None:
    paths.make_private_folder(os.path.dirname(path))
    # SQLite would give the file the mode that the umask leaves. Another process may be first.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _create_schema(
    path: str, db: sqlite3.Connection, version: int, create: Callable[[sqlite3.Connection], None]
) -> None:
    with Transaction(path, db):
        # Another process may have created it since.
        if _version(db) < version:
            create(db)
            db.execute(f"PRAGMA user_version = {version}")


def _version(db: sqlite3.Connection) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def enable_wal(db: sqlite3.Connection, timeout_s: float) -> None:
    """Switch a file to the write-ahead log, which stays on.

    SQLite's own timeout does not apply to this statement: it reports immediately that the database is
    locked (https://sqlite.org/wal.html, section 6).

    Raises:
        sqlite3.Error: other connections use the file for longer than `timeout_s` seconds, or it cannot
            be written.
    """
    end = time.monotonic() + timeout_s
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > end:
                raise
        else:
            return
        time.sleep(_WAL_RETRY_DELAY_S)


class Transaction:
    """Everything in the block is committed together, or nothing if an exception leaves it.

    A class, because importing contextlib costs a hook call a millisecond.

    Args:
        path: the file, for messages.
        db: its connection, outside a transaction.
        begin: the statement that begins it; "BEGIN" for a block that only reads, and sees one state.

    Raises:
        StateError: the disk is full, the file cannot be written, or it is locked for too long.
    """

    def __init__(self, path: str, db: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> None:
        self._path = path
        self._db = db
        self._begin = begin

    def __enter__(self) -> None:
        try:
            self._db.execute(self._begin)
        except sqlite3.Error as error:
            self._raise(error)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        except sqlite3.Error as failed:
            error = failed
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            self._raise(error)

    def _raise(self, error: sqlite3.Error) -> NoReturn:
        if _name(error).startswith(tuple(_HINTS)):
            raise state_error(self._path, error) from error
        raise error


def file_identity(path: str) -> tuple[int, int] | None:
    """The device and the inode of a file: another pair means that it was replaced; None: it is gone."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def is_damage(error: BaseException | None) -> bool:
    """Whether an error says that the file is damaged."""
    return isinstance(error, sqlite3.Error) and _name(error) in _DAMAGE


def state_error(path: str, error: sqlite3.Error) -> StateError:
    """The error to raise for an error of SQLite."""
    if is_damage(error):
        return StateDamaged(f"is damaged: {error}", path=path)
    if _name(error).startswith(_MAY_BE_FULL) and has_no_room(path):
        return StateError(
            "cannot be used: there is no room on the disk", path=path, hint=_HINTS["SQLITE_FULL"]
        )
    hint = next((hint for start, hint in _HINTS.items() if _name(error).startswith(start)), None)
    return StateError(f"cannot be used: {error}", path=path, hint=hint)


def has_no_room(path: str) -> bool:
    """Whether the disk is full. SQLite reports that as an I/O error where it needs room for its locks."""
    try:
        disk = os.statvfs(os.path.dirname(path))
    except (OSError, AttributeError):  # Windows has no statvfs
        return False
    return disk.f_bavail * disk.f_frsize < _LEAST_ROOM_BYTES


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", "")
