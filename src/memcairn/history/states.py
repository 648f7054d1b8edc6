"""The state of a file on disk: its content, absent, or something that the history cannot store."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.errors import NoteError, NoteUnreadable, OutsideRoot
from memcairn.fs import walk
from memcairn.fs.names import folder_parts, parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.fs.sandbox import Folder

# The limit of the file tools for writing.
MAX_FILE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class OnDisk:
    """The current state of a file. Neither data nor absent: it is unreadable or too large."""

    data: bytes | None
    absent: bool = False


def read(root: Folder, path: str) -> OnDisk:
    """Read one file.

    Raises:
        NoteError: the system cannot read it, so nobody knows what it is.
    """
    names = parts(path)
    try:
        folder = root.folder(names[:-1])
    except NoteUnreadable:
        # The folder is missing, or is a file: then the file does not exist.
        return OnDisk(None, absent=True)
    except OutsideRoot:
        return OnDisk(None)
    with folder:
        try:
            status = folder.status(names[-1])
            if status is None or stat.S_ISDIR(status.st_mode):
                return OnDisk(None, absent=True)
            return OnDisk(folder.read(names[-1], MAX_FILE_BYTES).data)
        except (NoteUnreadable, OutsideRoot):
            return OnDisk(None)


def read_if_possible(root: Folder, path: str) -> OnDisk:
    """Read one file; one that the system cannot read has an unknown content."""
    try:
        return read(root, path)
    except NoteError:
        return OnDisk(None)


def files(root: Folder, paths: Iterable[str], *, unread: dict[str, str] | None = None) -> list[str]:
    """The paths of files, without duplicates, in order; a folder stands for all files below it.

    Args:
        root: the open root.
        paths: files and folders.
        unread: receives the path of each folder that could not be listed, and why.

    Raises:
        OutsideRoot, UsageError: as for memcairn.fs.names.parts.
    """
    found: dict[str, None] = {}
    for path in paths:
        names = folder_parts(path)
        try:
            if names:
                with root.folder(names[:-1]) as above:
                    status = above.status(names[-1])
                if status is None or not stat.S_ISDIR(status.st_mode):
                    found["/".join(names)] = None
                    continue
            with root.folder(names) as folder:
                for place, item in walk.files(folder, unread=unread):
                    found[place.shown(item.name)] = None
        except NoteError:
            # The tool fails in the same way, and reports it.
            found["/".join(names)] = None
    return list(found)
