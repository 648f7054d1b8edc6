"""Which MEMORY.md files are out of date.

Every session start asks this: standard library only, and little of it.
"""

from __future__ import annotations

import os
import re

from memcairn import paths
from memcairn.fs.signature import Signature, signature_of

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from memcairn.store.database import Database

_CLAUDE_MEMORY = re.compile(r".*/\.claude/(?:projects/[^/]+/memory|agent-memory/[^/]+)", re.DOTALL)
_ROOTS = """
SELECT root.id, root.path, root.memory_md, m.root IS NOT NULL, m.day,
    EXISTS (SELECT 1 FROM memory_md_changed c WHERE c.root = m.root),
    EXISTS (SELECT 1 FROM note WHERE note.root = root.id AND note.path NOT GLOB '*/MEMORY.md'),
    m.size_bytes, m.mtime_ns, m.inode
FROM root LEFT JOIN memory_md m ON m.root = root.id
"""


def is_managed(root: str, *, choice: bool | None, has_state: bool) -> bool:
    """Whether memcairn writes the MEMORY.md of a root.

    The user's choice decides. Without one: it was written before, the file exists, or Claude Code loads
    the MEMORY.md of this folder.

    Args:
        root: path of the root.
        choice: True or False as the user said, None for no choice.
        has_state: whether index.db has a state of its MEMORY.md.
    """
    if (choice is not None and not choice) or not os.path.isdir(root):
        return False
    return (
        bool(choice)
        or has_state
        or _CLAUDE_MEMORY.fullmatch(root.replace(os.sep, "/")) is not None
        or os.path.isfile(os.path.join(root, paths.MEMORY_MD))
    )


def outdated_roots(db: Database, today: int) -> set[int]:
    """The ids of the roots whose MEMORY.md must be refreshed.

    Notes changed since it was written, it was edited or removed, or a new day began. A root without
    notes gets no MEMORY.md.

    Args:
        db: index.db.
        today: ordinal of the day, by UTC.
    """
    outdated = set()
    for id_, path, choice, has_state, day, is_changed, has_notes, *seen in db.execute(_ROOTS):
        root = paths.from_db(path)
        if not is_managed(root, choice=choice, has_state=has_state):
            continue
        present = _signature(os.path.join(root, paths.MEMORY_MD))
        if present is None and not has_notes:
            continue
        written = None if seen[0] is None else Signature(*seen)
        if not has_state or is_changed or day != today or written != present:
            outdated.add(id_)
    return outdated


def _signature(file: str) -> Signature | None:
    try:
        return signature_of(os.lstat(file))
    except OSError:
        return None
