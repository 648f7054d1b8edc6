"""Keep search results in agreement with the files, with one stat for each folder and note checked.

Before a search, folders are checked: a new modification time means that files were added or removed. Notes
are checked too, since only a note itself shows that it was edited in place: all of them up to `MAX_NOTES`,
and above that some at each search, in turn. After a search, the notes of the answer are checked; if one has
changed, it is indexed and the search is repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from memcairn.fs.signature import MAX_NOTES, changed_files, changed_folders, may_have, signature_at
from memcairn.indexing.away_roots import missing
from memcairn.paths import is_inside
from memcairn.store import folders, roots, signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from memcairn.fs.signature import Signature
    from memcairn.indexing.indexer import Indexer
    from memcairn.search.passages import Source
    from memcairn.store.database import Database

    SignatureAt = Callable[[str], Signature | None]

# One stat of a folder takes 1-2 µs; beyond this many, scans and the watcher notice changes.
MAX_FOLDERS = 2_000
# Above MAX_NOTES, each search checks this many.
SAMPLE_SIZE = 250


class Index(Protocol):
    """index.db, and the indexer over it, which is imported on first use."""

    @property
    def db(self) -> Database: ...  # noqa: D102

    @property
    def indexer(self) -> Indexer: ...  # noqa: D102


def check_folders(index: Index) -> None:
    """Index files that were added to a folder, or removed from it, since it was last listed."""
    listed = folders.listed(index.db)
    if len(listed) <= MAX_FOLDERS:
        for folder in _not_away(index.db, changed_folders(listed)):
            index.indexer.relist(folder, listed)


def check_notes(index: Index, after: int) -> int:
    """Index notes that were edited in place: of all notes, or of the next sample of many.

    Args:
        index: what is checked.
        after: where the last check ended; 0 at first.

    Returns:
        Where this check ended.
    """
    few = signatures.are_at_most(index.db, MAX_NOTES)
    notes, last = signatures.of_some(
        index.db, 0 if few else after, MAX_NOTES if few else SAMPLE_SIZE
    )
    changed = _not_away(index.db, changed_files(notes))
    if changed:
        index.indexer.index_files(changed)
    return last or 0


def _not_away(db: Database, changed: list[str]) -> list[str]:
    """The paths without those in roots that are away: there is nothing to index."""
    away = [root for root in roots.roots(db) if missing(db, root)] if changed else []
    return [path for path in changed if not any(is_inside(path, root.path) for root in away)]


def check_sources(
    index: Index, sources: Mapping[str, Source], signature_at: SignatureAt = signature_at
) -> set[str]:
    """Index the notes of an answer that changed since they were indexed; returns their paths.

    Args:
        index: what the answer was read from.
        sources: what the answer was read from, by path. A file that another process indexed since
            then counts as changed.
        signature_at: the signature of the file at a path; None for a file that must not be shown.
    """
    changed = [path for path, source in sources.items() if signature_at(path) != source.signature]
    if not changed:
        return set()
    report = index.indexer.index_files(changed)
    outdated = {*report.indexed, *report.removed, *report.failed}
    for path in changed:
        now = index.indexer.known(path)
        if (
            now is None
            or now.hash != sources[path].hash
            or not may_have(now.signature, signature_at(path))
        ):
            outdated.add(path)
    return outdated
