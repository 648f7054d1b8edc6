"""Tell quickly that a root holds what the index holds: to index it again is then done.

That is what nearly every scan finds. The index's rows are compared as they are with what the folders
say, without an object for each file; what differs in any way is left to the indexer.
"""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.fs.signature import signature_of
from memcairn.indexing.selection import Selection
from memcairn.store import folders, roots, signatures

if TYPE_CHECKING:
    from typing import Any

    from memcairn.settings.config import Config
    from memcairn.store.database import Database


def notes_of(db: Database, settings: Config, path: str) -> int | None:
    """How many notes a root has, if the index is current; None if it may not be.

    Args:
        db: index.db; the time of the scan is written to it.
        settings: of the user; the root's own are read on top.
        path: real path of a folder.
    """
    started_at = time.time()
    all_roots = roots.roots(db)
    root = next((root for root in all_roots if root.path == path), None)
    if root is None or any(r is not root and paths.is_inside(r.path, path) for r in all_roots):
        return None
    settings = settings.for_root(path)
    if root.rules != roots.labelled_by(settings["namespaces"], roots.labels(db)):
        return None
    no_notes = signatures.of_no_notes(db, root.id, settings["index.max_file_bytes"])
    if any(no_note.why is not None for no_note in no_notes.values()):
        return None  # it is to be told again
    known = signatures.of_notes(db, root.id)
    known.update((path, *no_note.signature) for path, no_note in no_notes.items())
    selection = Selection(path, settings, [other.path for other in all_roots])
    listed = _listed(selection, known)
    if listed is None or listed != folders.of_root(db, root.id):
        return None
    roots.update(db, root.id, scanned_at=started_at)
    return len(known) - len(no_notes)


def _listed(selection: Selection, known: set[tuple[Any, ...]]) -> dict[str, int] | None:
    """The mtimes of all folders, if the files in them are exactly those that are known."""
    listed = {}
    seen = 0
    waiting = [selection.root]
    try:
        while waiting:
            folder = waiting.pop()
            listed[folder] = os.stat(folder).st_mtime_ns
            with os.scandir(folder) as listing:
                entries = list(listing)
            rules = selection.rules(folder, {entry.name for entry in entries})
            for entry in entries:
                name, path = entry.name, entry.path
                if entry.is_dir(follow_symlinks=False):
                    if selection.takes_folder(path, name, rules):
                        waiting.append(path)
                elif selection.takes_file(path, name, rules):
                    now = entry.stat(follow_symlinks=False)
                    if (path, *signature_of(now)) in known:
                        seen += 1
                    elif stat.S_ISREG(now.st_mode):
                        return None
    except OSError:
        return None
    return listed if seen == len(known) else None
