"""What index.db holds, counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn import paths

if TYPE_CHECKING:
    from memcairn.store.database import Database


@dataclass(frozen=True, slots=True)
class FoundProblem:
    """What is wrong with one file; `line` is 1-based. Unread: it could not be read at all."""

    path: str
    line: int
    message: str
    unread: bool


def notes_and_chunks(db: Database, root: int | None = None) -> tuple[int, int]:
    """How many notes and chunks there are, in all or in one root."""
    where, row = ("WHERE root = ?", (root,)) if root is not None else ("", ())
    sql = f"""
        SELECT COUNT(*), (SELECT COUNT(*) FROM chunk WHERE note IN (SELECT id FROM note {where}))
        FROM note {where}
    """
    notes, chunks = db.execute(sql, row + row).fetchone()
    return int(notes), int(chunks)


def problems(db: Database) -> list[FoundProblem]:
    """Everything that is wrong with files, by path and line."""
    sql = "SELECT path, line, message, unread FROM problem ORDER BY path, line"
    return [FoundProblem(paths.from_db(p), ln, m, bool(u)) for p, ln, m, u in db.execute(sql)]


def namespaces(db: Database) -> dict[str, int]:
    """Namespace -> how many notes have it."""
    sql = "SELECT namespace, COUNT(*) FROM note GROUP BY namespace ORDER BY namespace"
    return dict(db.execute(sql).fetchall())
