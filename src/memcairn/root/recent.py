"""Which notes of a root changed last."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memcairn.root.verify import verify
from memcairn.store import catalogue

if TYPE_CHECKING:
    from memcairn.root.open_root import OpenRoot
    from memcairn.store.catalogue import CataloguedNote


def recent(root: OpenRoot, limit: int) -> list[CataloguedNote]:
    """The notes that changed last, the latest first; files that came or went are noticed before."""
    notes = root.read_index(lambda db: catalogue.recent(db, root.root, limit))
    ours = verify(root, [note.path for note in notes])
    return sorted((n for n in notes if n.path in ours), key=changed_at, reverse=True)


def changed_at(note: CataloguedNote) -> int:
    """When its file was written last, in nanoseconds since 1970; 0 if it is gone.

    The index has no time for a note that was too young when it was read.
    """
    try:
        return os.stat(note.path, follow_symlinks=False).st_mtime_ns
    except OSError:
        return 0
