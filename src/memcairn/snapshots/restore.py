"""Bring files of a root back to what they are in a snapshot.

    plan(before, target)    what would change
    apply(...)              first removes, then writes: each file in one step, and only if it is
                            still what the snapshot of the state before has of it

So nothing is lost that is not in that snapshot. A restoration that died is done again from where it
was: what was changed since is left alone.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.errors import ArchiveRefused, NoteChanged, NoteError
from memcairn.fs import tar
from memcairn.fs.names import parts
from memcairn.fs.sandbox import reported

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from typing import IO

    from memcairn.fs.sandbox import Folder
    from memcairn.snapshots.take import State
    from memcairn.snapshots.values import FileRecord


@dataclass(frozen=True, slots=True)
class Plan:
    """The files that come back, get another content, or go."""

    added: tuple[str, ...]
    replaced: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.added or self.replaced or self.removed)


def plan(
    before: Mapping[str, FileRecord],
    target: Mapping[str, FileRecord],
    left_out: Mapping[str, str],
    paths: list[str] | None,
) -> Plan:
    """What has to change so that the files become the target.

    Args:
        before: the files as they are.
        target: the files of the snapshot.
        left_out: files that could not be read, or folders; they are left alone.
        paths: files, and folders with all that is below them; None is everything.
    """
    wanted = [path for path in sorted({*before, *target}) if is_selected(path, paths)]
    added = [path for path in wanted if path not in before and not _is_below(path, left_out)]
    return Plan(
        tuple(added),
        tuple(
            path
            for path in wanted
            if path in before and path in target and before[path].sha256 != target[path].sha256
        ),
        tuple(path for path in wanted if path not in target),
    )


def is_selected(path: str, paths: list[str] | None) -> bool:
    """Whether a path is one of the paths or below one; None is everything."""
    return paths is None or _is_below(path, paths)


def _is_below(path: str, folders: Mapping[str, str] | list[str]) -> bool:
    names = path.split("/")
    return any("/".join(names[:depth]) in folders for depth in range(1, len(names) + 1))


def contents(
    stream: IO[bytes], size: int, target: Mapping[str, FileRecord]
) -> Iterator[tuple[str, bytes]]:
    """The files of a snapshot's archive, each with the content that its manifest says.

    Raises:
        ArchiveRefused: they are not exactly those of the manifest. It may be raised at the end.
    """
    seen = 0
    for member in tar.members(stream, size):
        record = target.get(member.path)
        digest = hashlib.sha256(member.data).hexdigest()
        if record is None or record.sha256 != digest or record.size_bytes != len(member.data):
            raise ArchiveRefused("is not what its manifest says", path=member.path)
        seen += 1
        yield member.path, member.data
    if seen != len(target):
        raise ArchiveRefused("does not have all the files of its manifest")


def apply(
    root: Folder,
    todo: Plan,
    now: State,
    archive: Iterator[tuple[str, bytes]],
) -> tuple[set[str], dict[str, str]]:
    """Do it, and return what was done, and what was not and why.

    The caller holds the lock of the root.
    """
    done: set[str] = set()
    failed: dict[str, str] = {}
    for path in todo.removed:
        try:
            _remove(root, path, now.statuses[path])
            done.add(path)
        except NoteError as error:
            failed[path] = error.message
    wanted = {*todo.added, *todo.replaced}
    for path, data in archive:
        if path in wanted:
            try:
                _write(root, path, data, now.statuses.get(path))
                done.add(path)
            except NoteError as error:
                if _is_of_the_disk(error):
                    raise
                failed[path] = error.message
    return done, failed


_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})


def _is_of_the_disk(error: NoteError) -> bool:
    """Whether every other file would fail, too, and the restoration has to wait."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _DISK


def _remove(root: Folder, path: str, expected: os.stat_result) -> None:
    names = parts(path)
    with root.folder(names[:-1]) as folder, reported(path):
        status = folder.status(names[-1])
        if status is None:
            return
        if _identity(status) != _identity(expected):
            raise NoteChanged("was changed at the same moment", path=path)
        folder.check()
        folder.unlink(names[-1])
        folder.sync()
    for depth in range(len(names) - 1, 0, -1):
        # A folder that has something else in it stays.
        with contextlib.suppress(NoteError), root.folder(names[: depth - 1]) as above:
            above.rmdir(names[depth - 1])
            continue
        break


def _write(root: Folder, path: str, data: bytes, expected: os.stat_result | None) -> None:
    names = parts(path)
    with root.folder(names[:-1], create=expected is None) as folder, reported(path):
        if expected is None:
            status = folder.status(names[-1])
            if status is not None and stat.S_ISDIR(status.st_mode):
                # Empty since what was in it went; if not, it stays, and the file has no place.
                folder.rmdir(names[-1])
            folder.write_new(names[-1], data)
        else:
            folder.write(names[-1], data, expected=expected)


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
