"""Counts and problems for `memcairn status` and `doctor`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import ConfigError
from memcairn.store import roots

if TYPE_CHECKING:
    from memcairn.settings.config import Config
    from memcairn.store.database import Database


@dataclass(frozen=True, slots=True)
class FoundProblem:
    """A problem of one file; `line` is 1-based. `unread`: the file could not be read."""

    path: str
    line: int
    message: str
    unread: bool


def notes_and_chunks(db: Database, root: int | None = None) -> tuple[int, int]:
    """Number of notes and chunks, in all roots or in one."""
    where, row = ("WHERE root = ?", (root,)) if root is not None else ("", ())
    sql = f"""
        SELECT COUNT(*), (SELECT COUNT(*) FROM chunk WHERE note IN (SELECT id FROM note {where}))
        FROM note {where}
    """
    notes, chunks = db.execute(sql, row + row).fetchone()
    return int(notes), int(chunks)


def problems(db: Database, settings: Config) -> list[FoundProblem]:
    """All problems of files, by path and line.

    Args:
        db: index.db.
        settings: the user's settings; each root's own settings, which may be invalid, are read as well.
    """
    sql = "SELECT path, line, message, unread FROM problem"
    found = [FoundProblem(paths.from_db(p), ln, m, bool(u)) for p, ln, m, u in db.execute(sql)]
    for root in roots.roots(db):
        try:
            settings.for_root(root.path)
        except ConfigError as error:
            message = f"{error.message}; nothing is indexed here until it is fixed"
            found.append(FoundProblem(os.fspath(error.path or root.path), 1, message, unread=True))
    return sorted(found, key=lambda problem: (problem.path, problem.line))


def namespaces(db: Database) -> dict[str, int]:
    """Namespace -> number of notes in it."""
    sql = "SELECT namespace, COUNT(*) FROM note GROUP BY namespace ORDER BY namespace"
    return dict(db.execute(sql).fetchall())
