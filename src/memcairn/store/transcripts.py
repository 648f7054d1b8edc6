"""transcripts.db: what was said in the sessions of hosts, apart from the notes. All SQL about it.

It is the copy that stays when a host deletes a transcript, so nothing in it is rebuilt: a later schema has
to migrate it. Texts are compressed; the full text holds their words only.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths
from memcairn.notes.words import indexed_text
from memcairn.store.database import Database

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

FILE_NAME = "transcripts.db"

# More takes twice as long and saves little of such short texts.
_LEVEL = 3

_SCHEMA = (
    """
CREATE TABLE file (
    id         INTEGER PRIMARY KEY,
    path       NOT NULL UNIQUE,
    host       TEXT NOT NULL,
    session    TEXT NOT NULL,
    cwd        TEXT NOT NULL,
    branch     TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,        -- size, mtime and inode when it was read last
    mtime_ns   INTEGER NOT NULL,
    inode      INTEGER NOT NULL,
    offset     INTEGER NOT NULL,        -- the bytes that were read
    line       INTEGER NOT NULL,        -- and the lines
    turn       INTEGER NOT NULL,
    head       BLOB NOT NULL            -- a hash of its first bytes: another one if it was replaced
)""",
    "CREATE INDEX file_by_session ON file (session)",
    """
CREATE TABLE passage (
    id   INTEGER PRIMARY KEY,           -- also its rowid in fulltext
    file INTEGER NOT NULL REFERENCES file (id),
    turn INTEGER NOT NULL,              -- 1, 2, 3 …: the prompts of the file
    line INTEGER NOT NULL,              -- of the file, 1-based, where it begins
    at_ms INTEGER NOT NULL,             -- milliseconds since 1970; 0 if the host wrote no time
    text BLOB NOT NULL                  -- UTF-8, deflated
)""",
    "CREATE INDEX passage_by_file ON passage (file, turn)",
    # What words.words() makes of each passage; see index.db.
    """
CREATE VIRTUAL TABLE fulltext USING fts5 (
    text, content = '',
    tokenize = "ascii tokenchars '!""#$%&''()*+,-./:;<=>?@[\\]^_`{|}~'"
)""",
    "INSERT INTO fulltext (fulltext, rank) VALUES ('hashsize', 8388608)",
    # Hashes of the messages: a forked session repeats those of its parent.
    "CREATE TABLE message (hash INTEGER PRIMARY KEY)",
)


class TranscriptDatabase(Database):
    """A connection to transcripts.db."""

    version = 1

    @staticmethod
    def create(db: sqlite3.Connection) -> None:
        """Create the schema."""
        for statement in _SCHEMA:
            db.execute(statement)


class TranscriptFile(NamedTuple):
    """A transcript, and how far it was read; see the table `file`."""

    path: str
    host: str
    session: str = ""
    cwd: str = ""
    branch: str = ""
    size_bytes: int = 0
    mtime_ns: int = 0
    inode: int = 0
    offset: int = 0
    line: int = 0
    turn: int = 0
    head: bytes = b""


class StoredPassage(NamedTuple):
    """A piece of one turn; see the table `passage`."""

    turn: int
    line: int
    at_ms: int
    text: str


_FILE = ", ".join(TranscriptFile._fields)


def files(db: Database) -> dict[str, TranscriptFile]:
    """All transcripts that were read, by path."""
    rows = map(_file, db.execute(f"SELECT {_FILE} FROM file"))
    return {file.path: file for file in rows}


def save_file(db: Database, file: TranscriptFile) -> int:
    """Record how far a transcript was read; returns its id."""
    sql = f"""
        INSERT INTO file ({_FILE}) VALUES ({", ".join("?" * len(file))})
        ON CONFLICT (path) DO UPDATE SET
            session = excluded.session, cwd = excluded.cwd, branch = excluded.branch,
            size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns, inode = excluded.inode,
            offset = excluded.offset, line = excluded.line, turn = excluded.turn, head = excluded.head
        RETURNING id
    """
    row = file._replace(path=paths.to_db(file.path))  # type: ignore[arg-type]
    return int(db.execute(sql, row).fetchone()[0])


def add_passages(db: Database, file: int, passages: Iterable[StoredPassage]) -> None:
    """Add passages of a transcript, and index their words."""
    for turn, line, at_ms, text in passages:
        row = (file, turn, line, at_ms, zlib.compress(text.encode(), _LEVEL))
        cursor = db.execute(
            "INSERT INTO passage (file, turn, line, at_ms, text) VALUES (?, ?, ?, ?, ?)", row
        )
        words = (cursor.lastrowid, indexed_text(text))
        db.execute("INSERT INTO fulltext (rowid, text) VALUES (?, ?)", words)


def is_new_message(db: Database, hash_: int) -> bool:
    """Record a message; False if it is known."""
    return db.execute("INSERT OR IGNORE INTO message VALUES (?)", (hash_,)).rowcount == 1


def best_passages(
    db: Database, expression: str, condition: str, row: Sequence[object], *, limit: int
) -> list[tuple[float, TranscriptFile, StoredPassage]]:
    """The passages that match an expression of FTS5 and a condition, with their BM25, best first."""
    columns = ", ".join(f"file.{name}" for name in TranscriptFile._fields)
    # The texts are read of the best rows only.
    sql = f"""
        SELECT best.score, passage.turn, passage.line, passage.at_ms, passage.text, {columns}
        FROM (
            SELECT fulltext.rowid AS id, -bm25(fulltext) AS score
            FROM fulltext
            CROSS JOIN passage ON passage.id = fulltext.rowid
            CROSS JOIN file ON file.id = passage.file
            WHERE fulltext MATCH ? {condition} ORDER BY score DESC, fulltext.rowid DESC LIMIT ?
        ) AS best
        JOIN passage ON passage.id = best.id JOIN file ON file.id = passage.file
        ORDER BY best.score DESC, best.id DESC
    """
    return [
        (score, _file(file), StoredPassage(turn, line, at_ms, _inflated(text)))
        for score, turn, line, at_ms, text, *file in db.execute(sql, (expression, *row, limit))
    ]


def sessions_beginning(db: Database, beginning: str, *, limit: int) -> list[str]:
    """The ids of some sessions with passages, whose id is this or begins so."""
    sql = """
        SELECT DISTINCT session FROM file
        WHERE (session = :id OR substr(session, 1, length(:id)) = :id AND NOT EXISTS (
            SELECT 1 FROM file WHERE session = :id
        )) AND EXISTS (SELECT 1 FROM passage WHERE passage.file = file.id)
        ORDER BY session LIMIT :limit
    """
    return [session for (session,) in db.execute(sql, {"id": beginning, "limit": limit})]


def passages_of(
    db: Database, session: str, turn: int | None
) -> Iterator[tuple[TranscriptFile, StoredPassage]]:
    """Everything that was said in a session, or in one turn, in its order."""
    columns = ", ".join(f"file.{name}" for name in TranscriptFile._fields)
    sql = f"""
        SELECT passage.turn, passage.line, passage.at_ms, passage.text, {columns}
        FROM file JOIN passage ON passage.file = file.id
        WHERE file.session = :session AND (:turn IS NULL OR passage.turn = :turn)
        ORDER BY length(file.path), file.path, passage.id
    """
    for at, line, at_ms, text, *file in db.execute(sql, {"session": session, "turn": turn}):
        yield _file(file), StoredPassage(at, line, at_ms, _inflated(text))


def count_passages(db: Database) -> int:
    """The number of passages."""
    return int(db.execute("SELECT COUNT(*) FROM passage").fetchone()[0])


def _file(row: Iterable[Any]) -> TranscriptFile:
    path, *others = row
    return TranscriptFile(paths.from_db(path), *others)


def _inflated(text: bytes) -> str:
    return zlib.decompress(text).decode()
