"""Open index.db: pragmas, transactions, schema version; a damaged one is set aside.

One `Database` per thread; any number of processes. Write transactions are short: what takes long is
prepared before they begin.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3

from memcairn import paths
from memcairn.errors import SchemaTooNew, StateDamaged, StateError
from memcairn.sqlite.errors import is_damage, is_environment_error, state_error

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

SCHEMA_VERSION = 3
BUSY_S = 60.0


class Database:
    """A connection to index.db.

    Args:
        path: index.db; it and its folder are made if they are missing. One that an earlier memcairn wrote
            is emptied: it is a cache.

    Raises:
        SchemaTooNew: a later memcairn wrote it; nothing was changed.
        StateDamaged: it is not a database: set it aside and open again.
        StateError: it cannot be opened or made.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._depth = 0
        try:
            self._open()
        except sqlite3.Error as error:
            if is_damage(error):
                raise StateDamaged("is damaged", path=path) from error
            raise state_error(path, error) from error
        except OSError as error:
            raise StateError(
                f"cannot be made: {error.strerror}",
                path=path,
                hint="MEMCAIRN_HOME names a folder that can be written to",
            ) from error

    def _open(self) -> None:
        if not os.path.exists(self.path):
            paths.make_private_folder(os.path.dirname(self.path))
            with contextlib.suppress(FileExistsError):
                # Made here so that nobody else can read it; sqlite3 would follow the umask.
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        self.connection = sqlite3.connect(
            self.path,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            if self._version() < SCHEMA_VERSION:
                self._create()
            self._refuse_newer()
            for pragma in (
                "synchronous = NORMAL",
                "foreign_keys = ON",
                "recursive_triggers = OFF",
                "temp_store = MEMORY",
                "cache_size = -32000",
            ):
                self.connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            self.connection.close()
            raise

    def _refuse_newer(self) -> None:
        version = self._version()
        if version > SCHEMA_VERSION:
            raise SchemaTooNew(
                f"was written by a later memcairn (schema {version}, this one knows "
                f"{SCHEMA_VERSION})",
                path=self.path,
                hint="update memcairn; nothing was changed",
            )

    def _version(self) -> int:
        (version,) = self.connection.execute("PRAGMA user_version").fetchone()
        return int(version)

    def _create(self) -> None:
        from memcairn.sqlite import wal  # noqa: PLC0415 - once in the life of a home

        wal.enable_wal(self.connection, BUSY_S)
        schema = ""
        for name in ("schema.sql", "vectors.sql"):
            with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
                schema += file.read()
        with self.transaction():
            if self._version() >= SCHEMA_VERSION:
                return
            self._empty()
            for statement in _statements(schema):
                self.connection.execute(statement)
            self.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _empty(self) -> None:
        """Drop what an earlier schema had. Foreign keys are not checked yet."""
        # Virtual tables first: they take tables of their own along.
        sql = """
            SELECT name FROM sqlite_schema
            WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
            ORDER BY sql LIKE 'CREATE VIRTUAL%' DESC
        """
        for (name,) in self.connection.execute(sql).fetchall():
            self.connection.execute(f'DROP TABLE IF EXISTS "{name}"')

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write: commits at the end, rolls back if an exception leaves; joins an outer transaction.

        Raises:
            StateError: the disk is full, the file cannot be written, or others hold it for too long.
        """
        if self._depth:
            yield
            return
        self._depth += 1
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield
            self.connection.execute("COMMIT")
        except BaseException as error:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and is_environment_error(error):
                raise state_error(self.path, error) from error
            raise
        finally:
            self._depth -= 1

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read: everything inside sees one state of the database."""
        if self.connection.in_transaction:
            yield
            return
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            if self.connection.in_transaction:
                self.connection.execute("COMMIT")

    def execute(self, sql: str, row: Any = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self.connection.execute(sql, row)

    def executemany(self, sql: str, rows: Iterable[Any]) -> None:
        """Run one statement for many rows."""
        self.connection.executemany(sql, rows)

    def get_meta(self, key: str) -> str | None:
        """A value that was set for the whole database."""
        row = self.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Set a value for the whole database."""
        self.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def check(self) -> list[str]:
        """What SQLite's own checks find; an empty list is good."""
        found = [str(m) for (m,) in self.execute("PRAGMA integrity_check") if m != "ok"]
        try:
            self.execute("INSERT INTO fulltext (fulltext) VALUES ('integrity-check')")
        except sqlite3.DatabaseError as error:
            found.append(f"full text: {error}")
        return found


def _statements(script: str) -> Iterator[str]:
    """The statements of an SQL script; `executescript` would end the transaction around it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
