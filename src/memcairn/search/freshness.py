"""What a search returns is what the files say: looked at before and after, for a stat each.

Before: the folders of the roots; one whose mtime moved has files that came or went. After: the notes
that the answer is from. What changed is indexed, and the search is done again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memcairn import scan
from memcairn.report import IndexReport
from memcairn.store import notes as store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memcairn.indexer import Indexer
    from memcairn.store.database import Database
    from memcairn.store.notes import Signature

# One stat of a folder takes 1-2 µs; beyond this many it is left to scans and the watcher.
MOST_FOLDERS = 2_000


def look_at_folders(db: Database, indexer: Indexer) -> IndexReport:
    """Index what came to or went from a folder since it was listed last."""
    report = IndexReport()
    folders = store.folders(db)
    if len(folders) <= MOST_FOLDERS:
        for folder in scan.changed_folders(folders):
            report.add(indexer.relist(folder, folders))
    return report


def look_at_notes(indexer: Indexer, signatures: Mapping[str, Signature]) -> IndexReport:
    """Index those of these notes that changed since they were indexed."""
    changed = [path for path, signature in signatures.items() if not _holds(path, signature)]
    return indexer.index_files(changed) if changed else IndexReport()


def _holds(path: str, signature: Signature) -> bool:
    try:
        return scan.signature(os.stat(path, follow_symlinks=False)) == tuple(signature)
    except OSError:
        return False
