"""Set a damaged database aside, once, even if several processes find the damage at the same time.

Not on the path of a hook call that finds a sound queue: `filelock` takes 15 ms to import.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time

from filelock import FileLock

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
    """
    with FileLock(f"{path}.lock", timeout=60, mode=0o600):
        if not is_damaged(path):
            return None
        aside = f"{path}.damaged-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}"
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.replace(path + suffix, aside + suffix)
        return aside
