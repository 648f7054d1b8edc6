"""history.db of one root: revisions, snapshots, and the contents of the files by their hash.

Every commit waits for the disk: a content must be safe before a tool overwrites the file.
A content is stored once, compressed, while a change or a snapshot refers to it. Triggers count the
references, so a process that dies leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from typing import TYPE_CHECKING, TypeVar

from memcairn.errors import SchemaTooNew, StateDamaged, StateError
from memcairn.sqlite import Transaction, connect, connect_read_only, file_identity, state_error

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)
T = TypeVar("T")

BUSY_S = 30.0
SYNCHRONOUS = "FULL"
_SPARE_PAGES = 128
_FREED_PAGES_AT_ONCE = 2048

# change.before and change.after: 0 is "no such file", NULL is "unknown".
_REVISIONS = (
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
    # A separate table, so that counting the uses of a content does not rewrite its bytes.
    "CREATE TABLE data (id INTEGER PRIMARY KEY, deflated BLOB NOT NULL)",
    # Contents that a call stored and then did not need.
    "CREATE INDEX unused ON content (uses) WHERE uses < 1",
    # The last state of every path, even if the revision that recorded it was dropped:
    # x'' is "no such file", NULL is "unknown".
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

_SNAPSHOTS = (
    """
CREATE TABLE snapshot (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT,
    at_us INTEGER NOT NULL,
    before_restoring TEXT,
    files INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    left_out TEXT NOT NULL
)""",
    """
CREATE TABLE snapshot_file (
    snapshot INTEGER NOT NULL REFERENCES snapshot (number) ON DELETE CASCADE,
    path TEXT NOT NULL,
    content INTEGER NOT NULL,
    PRIMARY KEY (snapshot, path)
) WITHOUT ROWID""",
    # A restoration that has begun and has not ended; `paths` is a list in JSON, or NULL for all.
    "CREATE TABLE restoring (snapshot TEXT NOT NULL, before TEXT NOT NULL, paths TEXT)",
    # Bytes of contents that snapshots hold: dropping revisions does not free them.
    "ALTER TABLE total ADD COLUMN pinned_bytes INTEGER NOT NULL DEFAULT 0",
    """
CREATE TRIGGER snapshot_file_added AFTER INSERT ON snapshot_file BEGIN
    UPDATE content SET uses = uses + 1 WHERE id = new.content;
END""",
    """
CREATE TRIGGER snapshot_file_gone AFTER DELETE ON snapshot_file BEGIN
    UPDATE content SET uses = uses - 1 WHERE id = old.content;
    DELETE FROM content WHERE id = old.content AND uses < 1;
END""",
)
# The statements that lead from each version of the schema to the next one.
MIGRATIONS = (_REVISIONS, _SNAPSHOTS)
SCHEMA_VERSION = len(MIGRATIONS)


class HistoryDatabase:
    """One connection, opened at its first use and shared by the threads of a process.

    Args:
        path: history.db; its folder is created if necessary. A damaged database is set aside, and a
            new one begins: the files of the root are not affected.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._lock = threading.RLock()

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one write transaction, which rolls back if it raises.

        Raises:
            SchemaTooNew: a later memcairn wrote it.
            StateError: the disk is full, the file cannot be used, or another process holds it too long.
        """
        return self._retry_if_damaged("BEGIN IMMEDIATE", work)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work`, which only reads, in one transaction; also where nothing can be written."""
        try:
            return self._retry_if_damaged("BEGIN", work)
        except (SchemaTooNew, StateDamaged):
            raise
        except StateError as error:
            try:
                db = connect_read_only(self.path, SCHEMA_VERSION)
            except StateError:
                raise error from None
            with contextlib.closing(db):
                return work(db)

    def shrink(self) -> None:
        """Return some free pages to the disk, if there are many; a few are kept for the next writes."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            db = self._open()
            (free,) = db.execute("PRAGMA freelist_count").fetchone()
            (pages,) = db.execute("PRAGMA page_count").fetchone()
            if free > max(_SPARE_PAGES, pages // 4):
                # `execute` would free a single page: it stops after the first step.
                db.executescript(f"PRAGMA incremental_vacuum({_FREED_PAGES_AT_ONCE})")

    def _retry_if_damaged(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                return self._once(begin, work)
            except StateDamaged as error:
                if not isinstance(
                    error.__cause__, sqlite3.Error
                ):  # a damaged content, in a sound file
                    raise
                self._set_aside()
            return self._once(begin, work)

    def _once(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        db = self._open()
        try:
            with Transaction(self.path, db, begin):
                return work(db)
        except sqlite3.Error as error:
            from memcairn.sqlite.quarantine import lacks_schema  # noqa: PLC0415 - hardly ever needed

            if lacks_schema(error, self.path, self._create):
                raise StateDamaged(f"is damaged: {error}", path=self.path) from error
            raise state_error(self.path, error) from error

    def close(self) -> None:
        """Close the connection; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._file != file_identity(self.path):
            self._connection.close()  # the file was deleted or replaced
            self._connection = None
        if self._connection is None:
            self._connection = connect(
                self.path,
                SCHEMA_VERSION,
                self._create,
                busy_s=BUSY_S,
                pragmas=(f"synchronous = {SYNCHRONOUS}", "foreign_keys = ON"),
                incremental_vacuum=True,
            )
            self._file = file_identity(self.path)
        return self._connection

    @staticmethod
    def _create(db: sqlite3.Connection) -> None:
        """Create the tables, or bring those of an earlier version up to date."""
        (version,) = db.execute("PRAGMA user_version").fetchone()
        for migration in MIGRATIONS[version:]:
            for statement in migration:
                db.execute(statement)

    def _set_aside(self) -> None:
        from memcairn.sqlite.quarantine import set_aside  # noqa: PLC0415 - hardly ever needed

        self.close()
        aside = set_aside(self.path, self._create)
        if aside:
            log.warning("history.damaged: set aside as %s; a new one begins", aside)
