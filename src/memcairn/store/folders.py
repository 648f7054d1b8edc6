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


def replace(db: Database, root: int, folder: str, listed: dict[str, int]) -> None:
    """Record the folders of a root at and below `folder`, with their mtimes, in place of the old ones."""
    at_or_below = f"root = ? AND {AT_OR_BELOW}"
    row = (root, *bounds(folder))
    sql = f"SELECT path, mtime_ns FROM folder WHERE {at_or_below}"
    if {paths.from_db(p): m for p, m in db.execute(sql, row)} != listed:
        db.execute(f"DELETE FROM folder WHERE {at_or_below}", row)
        add(db, root, listed)


def add(db: Database, root: int, listed: dict[str, int]) -> None:
    """Record folders of a root that were listed, with their mtimes."""
    db.executemany(
        "INSERT OR REPLACE INTO folder (path, root, mtime_ns) VALUES (?, ?, ?)",
        [(paths.to_db(path), root, mtime) for path, mtime in listed.items()],
    )
