"""Begin to use SQLite's write-ahead log, also where another process does so at the same moment.

SQLite waits for other connections nearly everywhere, but not for this switch: it says at once that the
database is locked (https://sqlite.org/wal.html, section 6).
"""

from __future__ import annotations

import sqlite3
import time

_POLL_S = 0.01


def enable_wal(db: sqlite3.Connection, wait_s: float) -> None:
    """Switch to the write-ahead log; it stays on for the file.

    Raises:
        sqlite3.Error: others hold the database for longer than `wait_s` seconds, or it cannot be written.
    """
    until = time.monotonic() + wait_s
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > until:
                raise
        else:
            return
        time.sleep(_POLL_S)
