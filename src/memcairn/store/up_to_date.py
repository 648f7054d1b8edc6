"""Is every MEMORY.md what it should be? One query, for those who only want to read them.

What decides is in memory_md/current.py, and takes more to load. This may say no where that finds nothing
to do, and never the other way round.
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


def is_up_to_date(db: Database) -> bool:
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
