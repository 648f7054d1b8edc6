"""The folders that scans listed, with their mtimes: all SQL of the table folder."""

from __future__ import annotations

from memcairn import paths
from memcairn.store.path_range import AT_OR_BELOW, bounds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memcairn.store.database import Database


def listed(db: Database) -> dict[str, int]:
    """Path -> mtime_ns of every folder that was listed."""
    return {paths.from_db(p): m for p, m in db.execute("SELECT path, mtime_ns FROM folder")}


def of_root(db: Database, root: int) -> dict[str, int]:
    """Path -> mtime_ns of the folders of one root."""
    sql = "SELECT path, mtime_ns FROM folder WHERE root = ?"
    return {paths.from_db(p): m for p, m in db.execute(sql, (root,))}


def add(db: Database, root: int, listed: dict[str, int]) -> None:
    """Record listed folders of a root, with their mtimes."""
    db.executemany(
        "INSERT OR REPLACE INTO folder (path, root, mtime_ns) VALUES (?, ?, ?)",
        [(paths.to_db(path), root, mtime) for path, mtime in listed.items()],
    )


def forget(db: Database, root: int, folder: str) -> None:
    """Remove a folder of a root and all folders below it."""
    sql = f"DELETE FROM folder WHERE root = ? AND {AT_OR_BELOW}"
    db.execute(sql, (root, *bounds(folder)))
