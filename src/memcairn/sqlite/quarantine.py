"""Set a damaged database aside, once, even if several processes find the damage at the same time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable

from memcairn.errors import StateError
from memcairn.fs import lock
from memcairn.sqlite import is_damage

Create = Callable[[sqlite3.Connection], None]


def is_damaged(path: str, create: Create) -> bool:
    """Whether SQLite refuses the file at `path`, read from the start, or its schema is not whole.

    Args:
        path: the file.
        create: creates the schema, as in `memcairn.sqlite.connect`.
    """
    if not os.path.exists(path):
        return False
    db = sqlite3.connect(path, timeout=5)
    try:
        db.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
        if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            return True
        return not _has_schema(db, create)
    except sqlite3.DatabaseError as error:
        return is_damage(error)
    finally:
        db.close()


def lacks_schema(error: sqlite3.Error, path: str, create: Create) -> bool:
    """Whether a statement failed because the schema of the database is damaged."""
    is_generic = getattr(error, "sqlite_errorname", "") == "SQLITE_ERROR"
    return is_generic and is_damaged(path, create)


def _has_schema(db: sqlite3.Connection, create: Create) -> bool:
    """Whether all parts of the schema are there; in a file without a version, there must be none."""
    names = _names(db)
    if db.execute("PRAGMA user_version").fetchone() == (0,):
        return not names
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as new:
        create(new)
        return names >= _names(new)


def _names(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}


def set_aside(path: str, create: Create) -> str | None:
    """Move a damaged database and its journals away; `create` as in `is_damaged`.

    Returns:
        Where it is now, or None if another process was faster and `path` is sound again.

    Raises:
        StateError: another process holds the lock for too long.
        OSError: the files cannot be moved.
    """
    lock_file = f"{path}.lock"
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with lock.exclusive(lock_file, descriptor):
            return _move_aside(path) if is_damaged(path, create) else None
    except TimeoutError as error:
        raise StateError(
            "is damaged, and another process has been setting it aside for too long",
            path=path,
            hint="try again",
        ) from error
    finally:
        os.close(descriptor)


def _move_aside(path: str) -> str:
    aside = f"{path}.damaged-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}"
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(path + suffix, aside + suffix)
    return aside
