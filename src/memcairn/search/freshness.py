"""What a search returns is what the files say: looked at before and after, for a stat each.

Before: the folders of the roots; one whose mtime moved has files that came or went. And the notes, for one
that was edited in place shows it nowhere else: all of them while they are few, else some at each search,
in turn. After: the notes that the answer is from. What changed is indexed, and the search is done again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.fs.signature import MAX_NOTES, changed_files, changed_folders, is_unchanged
from memcairn.indexing.report import IndexReport
from memcairn.store import folders, signatures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memcairn.indexing import Indexer
    from memcairn.search.passages import Source
    from memcairn.store.database import Database

# One stat of a folder takes 1-2 µs; beyond this many it is left to scans and the watcher.
MAX_FOLDERS = 2_000
# Of more notes than `MOST_NOTES`, a search looks at so many.
SAMPLE_SIZE = 250


def look_at_folders(db: Database, indexer: Indexer) -> IndexReport:
    """Index what came to or went from a folder since it was listed last."""
    report = IndexReport()
    listed = folders.listed(db)
    if len(listed) <= MAX_FOLDERS:
        for folder in changed_folders(listed):
            report.add(indexer.relist(folder, listed))
    return report


def look_at_some(db: Database, indexer: Indexer, after: int) -> tuple[IndexReport, int]:
    """Index what was edited in place: of all notes, or of the next share of many.

    Args:
        db: index.db.
        indexer: what indexes them.
        after: where the last look ended; 0 at first.

    Returns:
        The report, and where this look ended.
    """
    few = signatures.are_at_most(db, MAX_NOTES)
    notes, last = signatures.of_some(db, 0 if few else after, MAX_NOTES if few else SAMPLE_SIZE)
    changed = changed_files(notes)
    return indexer.index_files(changed) if changed else IndexReport(), last or 0


def look_at_notes(indexer: Indexer, sources: Mapping[str, Source]) -> IndexReport:
    """Index those of these notes that changed since they were indexed.

    Args:
        indexer: what indexes them.
        sources: what the answer was read from, by path. Another process may have indexed a file since:
            then the answer is old, and the note is reported as indexed.
    """
    changed = [path for path, source in sources.items() if not is_unchanged(path, source.signature)]
    if not changed:
        return IndexReport()
    report = indexer.index_files(changed)
    told = {*report.indexed, *report.removed, *report.failed}
    for path in changed:
        if path not in told:
            now = indexer.known(path)
            if now is None or now.hash != sources[path].hash:
                report.indexed.append(path)
    return report
