"""Contents in history.db: stored once each, by hash, compressed."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

from memcairn.errors import NoteUnreadable, StateDamaged

if TYPE_CHECKING:
    import sqlite3

# Half the time of the default level for a note of 20 KB, for 2 to 6 percent more bytes.
_COMPRESSION_LEVEL = 3


def digest(data: bytes) -> bytes:
    """The hash that identifies a content."""
    return hashlib.sha256(data).digest()


def store(db: sqlite3.Connection, data: bytes) -> int:
    """The id of a content, which is added unless it is there."""
    sha256 = digest(data)
    row = db.execute("SELECT id FROM content WHERE sha256 = ?", (sha256,)).fetchone()
    if row is not None:
        return int(row[0])
    deflated = zlib.compress(data, _COMPRESSION_LEVEL)
    added = db.execute(
        "INSERT INTO content (sha256, size, stored_bytes) VALUES (?, ?, ?)",
        (sha256, len(data), len(deflated)),
    ).lastrowid
    assert added is not None
    db.execute("INSERT INTO data VALUES (?, ?)", (added, deflated))
    return added


def load(db: sqlite3.Connection, content: int | None, path: str) -> bytes:
    """The bytes of a content; `path` is for messages.

    Raises:
        NoteUnreadable: there is no such content.
        StateDamaged: its bytes do not match its hash.
    """
    row = db.execute(
        "SELECT sha256, deflated FROM content JOIN data USING (id) WHERE id = ?", (content,)
    ).fetchone()
    if row is None:
        raise NoteUnreadable("was not kept: it could not be read, or is too large", path=path)
    try:
        data = zlib.decompress(row[1])
    except zlib.error:
        data = b""
    if digest(data) != row[0]:
        raise StateDamaged("is damaged in the history", path=path)
    return data
