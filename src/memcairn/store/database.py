"""The connection to index.db: its schema, statements and transactions.

Each thread has its own `Database`; any number of processes may use one file. Write transactions are short:
slow work is done before they begin.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time

from memcairn.sqlite import Transaction, connect, connect_read_only

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

SCHEMA_VERSION = 10
# Embeddings of an index of this schema or a later one are kept: each depends on nothing but a text.
FIRST_WITH_THESE_EMBEDDINGS = 8
BUSY_S = 60.0
_PRAGMAS = (
    "synchronous = NORMAL",
    "foreign_keys = ON",
    "recursive_triggers = OFF",
    "temp_store = MEMORY",
    "cache_size = -32000",
)


class Database:
    """A connection to index.db.

    Args:
        path: absolute path of index.db; the file and its folder are created if they are missing. A file
            that an earlier memcairn wrote is emptied, for it is a cache; embeddings stay, if they can.
        read_only: open it as it is, without writing to its folder.

    Raises:
        SchemaTooNew: a later memcairn wrote it; nothing was changed.
        StateDamaged: it is damaged: set it aside and open it again.
        StateError: it cannot be opened or created.

    Attributes:
        version: the schema that this memcairn reads and writes.
    """

    version = SCHEMA_VERSION

    def __init__(self, path: str, *, read_only: bool = False) -> None:
        self.path = path
        self._depth = 0
        if read_only:
            self.connection = connect_read_only(path, self.version, pragmas=_PRAGMAS)
        else:
            self.connection = connect(
                path, self.version, self.create, busy_s=BUSY_S, pragmas=_PRAGMAS
            )

    @staticmethod
    def create(db: sqlite3.Connection) -> None:
        """Create the schema in place of an earlier one."""
        create_schema(db)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    @contextlib.contextmanager
    def waiting_until(self, deadline: float | None) -> Iterator[None]:
        """Wait for the locks of other connections until then only, on the clock of `time.monotonic`."""
        if deadline is None:
            yield
            return
        wait_ms = int(1_000 * min(BUSY_S, max(0.0, deadline - time.monotonic())))
        self.connection.execute(f"PRAGMA busy_timeout = {wait_ms}")
        try:
            yield
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {int(1_000 * BUSY_S)}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write: commits at the end, rolls back on an exception, joins an outer transaction.

        Raises:
            StateError: the disk is full, the file cannot be written, or it is locked for too long.
        """
        if self._depth:
            yield
            return
        self._depth += 1
        try:
            with Transaction(self.path, self.connection):
                yield
        finally:
            self._depth -= 1

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read: every statement in the block sees the same state of the database."""
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
        """A value of the whole database, or None."""
        row = self.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Set a value for the whole database."""
        self.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def check(self) -> list[str]:
        """Messages of SQLite's integrity checks; empty if the database is sound."""
        found = [str(m) for (m,) in self.execute("PRAGMA integrity_check") if m != "ok"]
        try:
            self.execute("INSERT INTO fulltext (fulltext) VALUES ('integrity-check')")
        except sqlite3.DatabaseError as error:
            if (
                error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY
            ):  # this check needs to write
                found.append(f"full text: {error}")
        return found


def create_schema(db: sqlite3.Connection) -> None:
    """Create the schema in place of an earlier one. Foreign keys are not checked yet.

    The embeddings of a recent one are kept by content, like those of chunks that are gone.
    """
    (before,) = db.execute("PRAGMA user_version").fetchone()
    keeps = before >= FIRST_WITH_THESE_EMBEDDINGS
    if keeps:
        db.execute("DROP INDEX embedding_by_hash")
        db.execute("ALTER TABLE embedding RENAME TO kept_embedding")
        db.execute("ALTER TABLE vector_state RENAME TO kept_vector_state")
    # Virtual tables first: dropping one also drops its shadow tables.
    sql = """
        SELECT name FROM sqlite_schema
        WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE 'kept!_%' ESCAPE '!'
        ORDER BY sql LIKE 'CREATE VIRTUAL%' DESC
    """
    for (name,) in db.execute(sql).fetchall():
        db.execute(f'DROP TABLE IF EXISTS "{name}"')
    for name in ("schema.sql", "vectors.sql"):
        with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
            for statement in _statements(file.read()):
                db.execute(statement)
    if keeps:
        _take_embeddings(db)


def _take_embeddings(db: sqlite3.Connection) -> None:
    """Move the embeddings of an earlier schema to this one."""
    db.execute(
        """
        INSERT INTO embedding (space, chunk, hash, slot, vector, tokens, about)
        SELECT space, -row_number() OVER (PARTITION BY space), hash, NULL, vector, tokens, x''
        FROM kept_embedding
        """
    )
    db.execute(
        """
        INSERT OR REPLACE INTO vector_state
        SELECT space, model, dimension, token_bits, random(), 0, 0 FROM kept_vector_state
        """
    )
    db.execute("DROP TABLE kept_embedding")
    db.execute("DROP TABLE kept_vector_state")


def _statements(script: str) -> Iterator[str]:
    """The statements of an SQL script; `executescript` would end the transaction around it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
