"""What tests of the index do to files, and what they see of index.db."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from memcairn import Query

if TYPE_CHECKING:
    from pathlib import Path

    from memcairn import Memory

# Long enough ago that no time stamp is too young to be trusted.
LONG_AGO_S = 1_700_000_000


def write(path: Path, text: str | bytes, *, age_s: int | None = 0) -> Path:
    """Write a file that looks older than it is; `age_s` None: as young as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    if age_s is not None:
        settle(path, age_s=age_s)
    return path


def settle(*paths: Path, age_s: int = 0) -> None:
    """Give files and folders old time stamps, as if nothing had happened lately."""
    for path in paths:
        os.utime(path, (LONG_AGO_S - age_s, LONG_AGO_S - age_s))


def found(memory: Memory, query: str, **more: object) -> set[str]:
    """The names of the notes that a search finds."""
    return {os.path.basename(p.path) for p in memory.search(Query(query, **more))}  # type: ignore[arg-type]


def rows(memory: Memory, sql: str, *values: object) -> list[tuple]:
    """What index.db holds, read by another connection."""
    with closing(sqlite3.connect(memory.engine.databases.index_path)) as db:
        return db.execute(sql, values).fetchall()


def chunk_ids(memory: Memory, path: Path) -> dict[str, int]:
    """text -> row of each chunk of a note."""
    sql = "SELECT text, chunk.id FROM chunk JOIN note ON note.id = chunk.note WHERE path = ?"
    return dict(rows(memory, sql, str(path)))


def content(memory: Memory) -> dict[str, list[tuple]]:
    """All that index.db says of notes, without row numbers and time stamps."""
    return {
        "notes": sorted(
            rows(
                memory,
                """SELECT note.path, root.path, namespace, own_namespace, size_bytes, hash, title,
                description, type, tags, pinned, date, created, modified, valid_until, superseded_by
                FROM note JOIN root ON root.id = note.root""",
            ),
            key=repr,
        ),
        "chunks": sorted(
            rows(
                memory,
                """SELECT path, position, section, start_line, end_line, chunk.heading_path,
                chunk.text, chunk.hash, fulltext.title, fulltext.heading_path, fulltext.tags,
                fulltext.date, fulltext.text
                FROM chunk JOIN note ON note.id = chunk.note
                LEFT JOIN fulltext ON fulltext.rowid = chunk.id""",
            ),
            key=repr,
        ),
        "full text": rows(memory, "SELECT COUNT(*) FROM fulltext"),
        "problems": sorted(rows(memory, "SELECT path, line, message, unread FROM problem")),
        "checks": rows(memory, "PRAGMA integrity_check"),
    }
