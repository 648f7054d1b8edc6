"""Roots that are away: their disk is not mounted, or their folder was deleted, replaced or emptied.

A scan of such a folder would remove all its notes from the index, and with them their embeddings and use
counts. While a root is away, its part of the index stays as it is and nothing is written to its folder. The
user confirms the loss with `memcairn index --force ROOT`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.fs.signature import LARGEST_INTEGER
from memcairn.store import roots

if TYPE_CHECKING:
    from memcairn.store.database import Database
    from memcairn.store.roots import Root


LOST_ALL = "all notes vanished from the notes folder at the same time"


def identity(folder: str) -> tuple[int, int] | None:
    """The device and the inode of a folder, as index.db can hold them; None if there is no folder."""
    try:
        status = os.stat(os.path.join(folder, ""))
    except OSError:
        return None
    return status.st_dev & LARGEST_INTEGER, status.st_ino & LARGEST_INTEGER


def missing(db: Database, root: Root) -> str | None:
    """Why a root cannot be the folder that was scanned: it does not exist, or is another folder.

    A folder with another device or inode is accepted if it holds a known note: a disk may get another
    device number each time it is mounted.
    """
    if root.is_loose:
        return None
    now = identity(root.path)
    if now is None:
        return "the notes folder does not exist"
    is_other = root.inode is not None and now != (root.device, root.inode)
    if is_other and _count_if_all_gone(db, root):
        return "another folder is in place of the notes folder, without any of its notes"
    return None


def reason(db: Database, root: Root) -> str | None:
    """Why a root is away, by the known notes only; None if it is there.

    A root whose notes were all renamed since they were indexed counts as away, too.
    """
    return missing(db, root) or (LOST_ALL if has_lost_all(db, root) else None)


def has_lost_all(db: Database, root: Root) -> bool:
    """Whether several notes are known, and all their files are gone: they vanished at the same time.

    The last note of a root may be deleted like any other.
    """
    return _count_if_all_gone(db, root) > 1


def roots_away(db: Database) -> dict[Root, str]:
    """The roots that are away, with the reason and what the user can do."""
    found = ((root, reason(db, root)) for root in roots.roots(db))
    return {root: f"{why}; {hint(root)}" for root, why in found if why is not None}


def hint(root: Root) -> str:
    """What the user can do."""
    from shlex import quote  # noqa: PLC0415 - few calls find a root away

    return (
        "mount the disk or restore the folder; if the notes are gone for good, run "
        f"memcairn index --force {quote(root.path)}"
    )


def _count_if_all_gone(db: Database, root: Root) -> int:
    """The number of a root's notes if none of their files exists, otherwise 0."""
    count = 0
    for (path,) in db.execute("SELECT path FROM note WHERE root = ?", (root.id,)):
        if os.path.lexists(paths.from_db(path)):
            return 0
        count += 1
    return count
