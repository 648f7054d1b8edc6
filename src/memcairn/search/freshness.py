"""Keep search results in agreement with the files, with one stat for each folder and note checked.

Before a search, folders are checked: a new modification time means that files were added or removed. Notes
are checked too, since only a note itself shows that it was edited in place: all of them up to `MAX_NOTES`,
and above that some at each search, in turn. After a search, the notes of the answer are checked; if one has
changed, it is indexed and the search is repeated.
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

# One stat of a folder takes 1-2 µs; above this number, only scans and the watcher find changes.
MAX_FOLDERS = 2_000
# Above `MAX_NOTES`, each search checks this many notes.
SAMPLE_SIZE = 250


def look_at_folders(db: Database, indexer: Indexer) -> IndexReport:
    """Index the files that were added to or removed from a folder since it was last listed."""
    report = IndexReport()
    listed = folders.listed(db)
    if len(listed) <= MAX_FOLDERS:
        for folder in changed_folders(listed):
            report.add(indexer.relist(folder, listed))
    return report


def look_at_some(db: Database, indexer: Indexer, after: int) -> tuple[IndexReport, int]:
    """Index the notes that were edited in place: among all notes, or among the next `SAMPLE_SIZE`.

    Args:
        db: index.db.
        indexer: the indexer of that database.
        after: the note id at which the last call ended; 0 at first.

    Returns:
        The report, and the note id at which this call ended.
    """
    few = signatures.are_at_most(db, MAX_NOTES)
    notes, last = signatures.of_some(db, 0 if few else after, MAX_NOTES if few else SAMPLE_SIZE)
    changed = changed_files(notes)
    return indexer.index_files(changed) if changed else IndexReport(), last or 0


def look_at_notes(indexer: Indexer, sources: Mapping[str, Source]) -> IndexReport:
    """Index the notes of an answer that have changed since they were indexed.

    Args:
        indexer: the indexer of the database.
        sources: the files that the answer was read from, by path. If another process has indexed one since,
            the answer is out of date, and the report lists the note as indexed.
    """
    changed = [path for path, source in sources.items() if not is_unchanged(path, source.signature)]
    if not changed:
        return IndexReport()
    report = indexer.index_files(changed)
    reported = {*report.indexed, *report.removed, *report.failed}
    for path in changed:
        if path not in reported:
            now = indexer.known(path)
            if now is None or now.hash != sources[path].hash:
                report.indexed.append(path)
    return report
