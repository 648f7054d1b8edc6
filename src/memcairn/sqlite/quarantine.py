"""Set a damaged database aside, once, even if several processes find the damage at the same time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time

from memcairn.errors import StateError
from memcairn.fs import lock
from memcairn.sqlite import is_damage


def is_damaged(path: str) -> bool:
    """Whether SQLite refuses the file at `path`, read from the start."""
    if not os.path.exists(path):
        return False
    db = sqlite3.connect(path, timeout=5)
    try:
        db.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
        return bool(db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
    except sqlite3.DatabaseError as error:
        return is_damage(error)
    finally:
        db.close()


def set_aside(path: str) -> str | None:
    """Move a damaged database and its journals away.

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
            return _move_aside(path) if is_damaged(path) else None
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
