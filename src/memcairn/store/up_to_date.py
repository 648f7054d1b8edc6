"""Is there anything to do? Quick answers, for those who hope for a no.

What decides is in memory_md/current.py and in scan.py, and takes more to load. These may find something to do
where those find nothing, and never the other way round.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from memcairn import paths

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from memcairn.store.database import Database

_STANDING = """
SELECT root.path, m.root IS NOT NULL AND m.day = ? AND NOT EXISTS (
           SELECT 1 FROM memory_md_changed c WHERE c.root = m.root
       ), m.size_bytes, m.mtime_ns, m.inode
FROM root LEFT JOIN memory_md m ON m.root = root.id
WHERE root.memory_md IS NOT 0
"""


def is_changed(db: Database, root: str) -> bool:
    """Whether a root's files are not what the index knows of them; for small roots."""
    sql = """
        SELECT path, size_bytes, mtime_ns, inode FROM note
        WHERE root = (SELECT id FROM root WHERE path = ?)
    """
    known = {paths.from_db(path): seen for path, *seen in db.execute(sql, (paths.to_db(root),))}
    for folder, folders, names in os.walk(root):
        folders[:] = [
            name for name in folders if name[0] != "." and name not in paths.EXCLUDED_FOLDERS
        ]
        for name in names:
            is_note = os.path.splitext(name)[1].lower() in paths.NOTE_SUFFIXES
            if not is_note or name[0] == "." or name == paths.MEMORY_MD:
                continue
            path = os.path.join(folder, name)
            try:
                now = os.lstat(path)
            except OSError:
                return True
            if known.pop(path, None) != [now.st_size, now.st_mtime_ns, now.st_ino]:
                return True
    return bool(known)


def has_unembedded(db: Database) -> bool:
    """Whether a chunk has no embedding; none has, where there is no model."""
    return bool(db.execute("SELECT EXISTS (SELECT 1 FROM unembedded)").fetchone()[0])


def are_current(db: Database) -> bool:
    """Whether no MEMORY.md has to be written."""
    today = datetime.now(UTC).date().toordinal()
    for path, is_current, *known in db.execute(_STANDING, (today,)):
        root = paths.from_db(path)
        try:
            now = os.lstat(os.path.join(root, paths.MEMORY_MD))
        except OSError:
            if os.path.isdir(root) and (is_current or ".claude" in root.split(os.sep)):
                return False
        else:
            if not is_current or [now.st_size, now.st_mtime_ns, now.st_ino] != known:
                return False
    return True
