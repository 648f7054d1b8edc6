"""history.db of one root: revisions, the files that they changed, and contents by their hash.

Every commit waits for the disk: what a tool is about to overwrite must be safe before it is gone.
A content is there once, compressed, as long as a change mentions it; triggers see to that, so a
process that dies leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from typing import TYPE_CHECKING, TypeVar

from memcairn.errors import StateDamaged
from memcairn.sqlite import Transaction, connect, is_damage, state_error

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)
T = TypeVar("T")

SCHEMA_VERSION = 1
BUSY_S = 30.0
SYNCHRONOUS = "FULL"
_SPARE_PAGES = 128
_FREED_PAGES_AT_ONCE = 2048

# change.before and change.after: 0 is "no such file", NULL "nobody knows".
SCHEMA = (
    """
CREATE TABLE revision (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_us INTEGER NOT NULL,
    tool TEXT NOT NULL,
    session TEXT
)""",
    """
CREATE TABLE change (
    revision INTEGER NOT NULL REFERENCES revision (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    before INTEGER,
    after INTEGER,
    PRIMARY KEY (revision, path)
) WITHOUT ROWID""",
    "CREATE INDEX change_by_path ON change (path, revision)",
    """
CREATE TABLE content (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0
)""",
    # Apart, so that counting the uses of a content does not write all of it anew.
    "CREATE TABLE data (id INTEGER PRIMARY KEY, deflated BLOB NOT NULL)",
    # Contents that a call has stored and then has not needed, or that it died over.
    "CREATE INDEX unused ON content (uses) WHERE uses < 1",
    # The last state of every path, also when the revision that it is from is not kept any more:
    # x'' is "no such file", NULL "nobody knows".
    "CREATE TABLE known (path TEXT PRIMARY KEY, sha256 BLOB) WITHOUT ROWID",
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE total (stored_bytes INTEGER NOT NULL)",
    "INSERT INTO total VALUES (0)",
    """
CREATE TRIGGER change_added AFTER INSERT ON change BEGIN
    UPDATE content SET uses = uses + 1 WHERE id = new.before;
    UPDATE content SET uses = uses + 1 WHERE id = new.after;
    INSERT OR REPLACE INTO known VALUES (
        new.path,
        CASE new.after WHEN 0 THEN x'' ELSE (SELECT sha256 FROM content WHERE id = new.after) END
    );
END""",
    """
CREATE TRIGGER change_gone AFTER DELETE ON change BEGIN
    UPDATE content SET uses = uses - 1 WHERE id = old.before;
    UPDATE content SET uses = uses - 1 WHERE id = old.after;
    DELETE FROM content WHERE id IN (old.before, old.after) AND uses < 1;
    DELETE FROM known WHERE path = old.path AND sha256 = x''
    AND NOT EXISTS (SELECT 1 FROM change WHERE path = old.path);
END""",
    """
CREATE TRIGGER content_added AFTER INSERT ON content BEGIN
    UPDATE total SET stored_bytes = stored_bytes + new.stored_bytes;
END""",
    """
CREATE TRIGGER content_gone AFTER DELETE ON content BEGIN
    DELETE FROM data WHERE id = old.id;
    UPDATE total SET stored_bytes = stored_bytes - old.stored_bytes;
END""",
)


class HistoryDatabase:
    """One connection, opened at the first use, shared by the threads of a process.

    Args:
        path: history.db; its folder is made if need be. A damaged one is set aside, and a new one
            begun: the files of the root are what counts, and they are safe.
        first_id: after which revision the ids of a new database begin.
    """

    def __init__(self, path: str, *, first_id: Callable[[], int] = lambda: 0) -> None:
        self.path = path
        self._first_id = first_id
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.RLock()

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one write transaction, which rolls back if it raises.

        Raises:
            SchemaTooNew: a later memcairn wrote it.
            StateError: the disk is full, the file cannot be used, or others hold it for too long.
        """
        return self._twice_if_damaged("BEGIN IMMEDIATE", work)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work`, which writes nothing, and sees one state of the database."""
        return self._twice_if_damaged("BEGIN", work)

    def shrink(self) -> None:
        """Give pages back to the disk, some at a time, if there are many that hold nothing.

        A few are left, for what is written next.
        """
        with self._lock, contextlib.suppress(sqlite3.Error):
            db = self._opened()
            (free,) = db.execute("PRAGMA freelist_count").fetchone()
            (pages,) = db.execute("PRAGMA page_count").fetchone()
            if free > max(_SPARE_PAGES, pages // 4):
                # `execute` would free a single page: it stops after the first step.
                db.executescript(f"PRAGMA incremental_vacuum({_FREED_PAGES_AT_ONCE})")

    def _twice_if_damaged(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                return self._once(begin, work)
            except StateDamaged as error:
                if not is_damage(error.__cause__):  # a damaged content, in a sound file
                    raise
                self._set_aside()
            return self._once(begin, work)

    def _once(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        db = self._opened()
        try:
            with Transaction(self.path, db, begin):
                return work(db)
        except sqlite3.Error as error:
            raise state_error(self.path, error) from error

    def close(self) -> None:
        """Close the connection; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(
                self.path,
                SCHEMA_VERSION,
                self._create,
                busy_s=BUSY_S,
                pragmas=(f"synchronous = {SYNCHRONOUS}", "foreign_keys = ON"),
                incremental_vacuum=True,
            )
        return self._connection

    def _create(self, db: sqlite3.Connection) -> None:
        for statement in SCHEMA:
            db.execute(statement)
        db.execute("INSERT INTO sqlite_sequence VALUES ('revision', ?)", (self._first_id(),))

    def _set_aside(self) -> None:
        from memcairn.sqlite.quarantine import set_aside  # noqa: PLC0415 - slow to import, and hardly ever needed

        self.close()
        aside = set_aside(self.path)
        if aside:
            log.warning("history.damaged: set aside as %s; a new one begins", aside)
