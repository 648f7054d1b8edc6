"""Earlier states of a root's files: a journal of changes, snapshots, and the way back to either.

    with journal.recording("edit", ["notes/plan.md"], session=id):
        vault.edit("notes/plan.md", old, new)
    journal.log(path="notes/plan.md") ──► revisions ──content──► the bytes to write back
    snapshots.create("before") ──► all files at one moment ──restore──► each file replaced in one step

Both are in history.db, one database for each root. It stores the contents that were on the disk, each once.
docs/decisions/history.md and docs/decisions/snapshots.md say what this costs.
"""

from memcairn.history.journal import Journal
from memcairn.history.snapshots import Snapshots
from memcairn.history.values import (
    FOUND,
    Bounds,
    FileChange,
    Recording,
    Restoration,
    Revision,
    Snapshot,
)

__all__ = [
    "FOUND",
    "Bounds",
    "FileChange",
    "Journal",
    "Recording",
    "Restoration",
    "Revision",
    "Snapshot",
    "Snapshots",
]
