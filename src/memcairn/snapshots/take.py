"""Read all the files of a root that belong into a snapshot, and write them to an archive."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memcairn.fs import tar, walk
from memcairn.snapshots.values import FileRecord

if TYPE_CHECKING:
    import os
    from typing import IO

    from memcairn.fs.sandbox import Folder

LIMITS = tar.ArchiveLimits()


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
    with tar.Writer(stream) as writer:
        return _state(root, writer)


def _state(root: Folder, writer: tar.Writer | None) -> State:
    found = State()
    for path, content in walk.contents(
        root,
        left_out=found.left_out,
        max_files=LIMITS.max_files,
        max_file_bytes=LIMITS.max_file_bytes,
        max_total_bytes=LIMITS.max_total_bytes,
    ):
        digest = hashlib.sha256(content.data).hexdigest()
        found.files[path] = FileRecord(path, len(content.data), digest)
        found.statuses[path] = content.status
        if writer is not None:
            writer.add(path, content.data, int(content.status.st_mtime))
    return found
