"""Which notes of an answer may be shown: those whose text is that of a plain file of the root.

The index holds what a path led to when it was read. Another process may have put a hard link there,
or a symlink on the way to it, for that moment: then the file that is there now is another one. One
look at its status tells: nothing is read from it.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import NoteError
from memcairn.fs.safe_open import has_other_names
from memcairn.fs.sandbox import open_root
from memcairn.fs.signature import signature_of
from memcairn.store import notes as store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.engine import Opened
    from memcairn.fs.sandbox import Folder
    from memcairn.root.open_root import OpenRoot
    from memcairn.store.notes import KnownNote


def verify(root: OpenRoot, notes: Iterable[str]) -> set[str]:
    """Those of these notes, by absolute path, whose indexed text is that of a file of the root."""

    def work(opened: Opened) -> list[KnownNote]:
        found = (store.known(opened.db, path) for path in dict.fromkeys(notes))
        return [note for note in found if note is not None]

    known = root.engine.databases.run(work)
    with open_root(Path(root.root)) as folder:
        return {note.path for note in known if _holds(folder, root.root, note)}


def _holds(root: Folder, root_path: str, note: KnownNote) -> bool:
    *names, name = paths.path_in_root(note.path, root_path).split("/")
    try:
        with root.folder(tuple(names)) as folder:
            status = folder.require_kind(name, stat.S_IFREG)
    except NoteError:
        return False
    seen = signature_of(status)
    # A file that was too young when it was read has no time in the index.
    return not has_other_names(status) and note.signature in (seen, seen._replace(mtime_ns=0))
