"""Read all the files of a root that belong into a snapshot, and write them to an archive."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memcairn import tarball, walk
from memcairn.errors import ArchiveRefused, NoteError, UsageError
from memcairn.names import fold
from memcairn.paths import PAGE_MARKER, PAGES_FOLDER
from memcairn.snapshots.values import FileRecord

if TYPE_CHECKING:
    import os
    from typing import IO

    from memcairn.sandbox import Folder

LIMITS = tarball.Limits()
# Level 3 takes a third of the time of gzip's default and a tenth more bytes.
_LEVEL = 3


@dataclass(slots=True)
class State:
    """The files of a root as they are.

    Attributes:
        files: by path.
        statuses: what each was when it was read.
        left_out: path -> why it is not among the files.
    """

    files: dict[str, FileRecord] = field(default_factory=dict)
    statuses: dict[str, os.stat_result] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """The size of all files."""
        return sum(file.size_bytes for file in self.files.values())


def state(root: Folder, stream: IO[bytes] | None = None) -> State:
    """The files of a root: all that tools may touch, but no hidden folder and no index page.

    Args:
        root: the root.
        stream: gets an archive of them.

    Raises:
        UsageError: the root is too large.
    """
    if stream is None:
        return _state(root, None)
    with tarball.Writer(stream, level=_LEVEL) as writer:
        return _state(root, writer)


def _state(root: Folder, writer: tarball.Writer | None) -> State:
    found = State()
    names = tarball.Names(LIMITS)
    size = 0
    for folder, item in walk.files(root, enter=walk.may_hold_notes, unread=found.left_out):
        path = folder.shown(item.name)
        try:
            content = folder.read(item.name, LIMITS.max_file_bytes)
            if _is_page(path, content.data):
                continue
            names.add(path)
        except (NoteError, UsageError, ArchiveRefused) as error:
            if len(found.files) >= LIMITS.max_files:
                raise UsageError(f"the root has more than {LIMITS.max_files:,} files") from error
            found.left_out[path] = error.message
            continue
        size += len(content.data)
        if size > LIMITS.max_total_bytes:
            raise UsageError(f"the root has more than {LIMITS.max_total_bytes:,} bytes in files")
        digest = hashlib.sha256(content.data).hexdigest()
        found.files[path] = FileRecord(path, len(content.data), digest)
        found.statuses[path] = content.status
        if writer is not None:
            writer.add(path, content.data, int(content.status.st_mtime))
    return found


def _is_page(path: str, data: bytes) -> bool:
    """Whether a file is an index page, which is made anew from the notes."""
    return fold(path.split("/", 1)[0]) == PAGES_FOLDER and data.startswith(PAGE_MARKER.encode())
