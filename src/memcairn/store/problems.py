"""Problems of files, and files that look like notes but are not: all SQL that writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn import paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from memcairn.fs.signature import Signature
    from memcairn.notes.problem import Problem
    from memcairn.store.database import Database


def set_problems(
    db: Database, root: int, path: str, problems: Sequence[Problem], *, unread: bool = False
) -> None:
    """Replace the recorded problems of a file."""
    forget(db, [path])
    db.executemany(
        "INSERT INTO problem (path, root, line, message, unread) VALUES (?, ?, ?, ?, ?)",
        [(paths.to_db(path), root, problem.line, problem.message, unread) for problem in problems],
    )


def set_no_note(db: Database, root: int, path: str, signature: Signature, max_bytes: int) -> None:
    """Record that a file contains no readable note; `set_problems` records the reason.

    Scans skip the file while its signature and the setting index.max_file_bytes stay the same.
    """
    sql = "INSERT OR REPLACE INTO no_note VALUES (?, ?, ?, ?, ?, ?)"
    db.execute(sql, (paths.to_db(path), root, *signature, max_bytes))


def forget(db: Database, files: Iterable[str]) -> None:
    """Remove the problems of files that were fixed or removed."""
    rows = [(paths.to_db(path),) for path in files]
    db.executemany("DELETE FROM problem WHERE path = ?", rows)
    db.executemany("DELETE FROM no_note WHERE path = ?", rows)
