"""What is wrong with files, and which files are no notes although they could be: all SQL that writes it."""

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
    """What is wrong with a file now, in place of what was."""
    forget(db, [path])
    db.executemany(
        "INSERT INTO problem (path, root, line, message, unread) VALUES (?, ?, ?, ?, ?)",
        [(paths.to_db(path), root, problem.line, problem.message, unread) for problem in problems],
    )


def set_no_note(db: Database, root: int, path: str, signature: Signature, max_bytes: int) -> None:
    """A file that was looked into and holds no note that can be read; `set_problems` says why.

    As long as it looks like this, and as large a file may be a note as now, a scan passes it over.
    """
    sql = "INSERT OR REPLACE INTO no_note VALUES (?, ?, ?, ?, ?, ?)"
    db.execute(sql, (paths.to_db(path), root, *signature, max_bytes))


def forget(db: Database, files: Iterable[str]) -> None:
    """Nothing is wrong with these files any more: they are mended, or gone."""
    rows = [(paths.to_db(path),) for path in files]
    db.executemany("DELETE FROM problem WHERE path = ?", rows)
    db.executemany("DELETE FROM no_note WHERE path = ?", rows)
