"""Bring files of a root back to the state that they have in a snapshot.

read_root(root)           the files as they are: a hash and a status for each
plan(before, target)      which files to add, replace and remove
apply(root, plan, ...)    removes, then writes: each file in one step, and only if it still is the file
                          whose status was read
"""

from __future__ import annotations

import contextlib
import errno
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memcairn.errors import NoteChanged, NoteError
from memcairn.fs import walk
from memcairn.fs.names import parts
from memcairn.fs.sandbox import identity, reported
from memcairn.history import contents, states

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping

    from memcairn.fs.sandbox import Folder

MAX_FILES = 250_000
MAX_TOTAL_BYTES = 1 << 30

_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})


@dataclass(slots=True)
class RootState:
    """The files of a root as they are now.

    Attributes:
        digests: path -> SHA-256 of the content.
        statuses: path -> status when it was read.
        left_out: path -> why it could not be read.
        size_bytes: size of all files that were read.
    """

    digests: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, os.stat_result] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    size_bytes: int = 0


def read_root(
    root: Folder, on_file: Callable[[str, bytes], None] = lambda _path, _data: None
) -> RootState:
    """Read every file that belongs in a snapshot, and call `on_file` with its path and content.

    Raises:
        UsageError: the root is too large.
    """
    state = RootState()
    for path, content in walk.contents(
        root,
        left_out=state.left_out,
        max_files=MAX_FILES,
        max_file_bytes=states.MAX_FILE_BYTES,
        max_total_bytes=MAX_TOTAL_BYTES,
    ):
        state.digests[path] = contents.digest(content.data)
        state.statuses[path] = content.status
        state.size_bytes += len(content.data)
        on_file(path, content.data)
    return state


@dataclass(frozen=True, slots=True)
class Plan:
    """The files to add, to replace and to remove, each by path."""

    added: tuple[str, ...]
    replaced: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.added or self.replaced or self.removed)

    def only(self, paths: Collection[str]) -> Plan:
        """The part of the plan that concerns these paths."""
        return Plan(
            tuple(path for path in self.added if path in paths),
            tuple(path for path in self.replaced if path in paths),
            tuple(path for path in self.removed if path in paths),
        )


def plan(
    before: Mapping[str, bytes],
    target: Mapping[str, bytes],
    left_out: Mapping[str, str],
    paths: Collection[str] | None,
) -> Plan:
    """The changes that turn the files `before` into those of the target.

    Args:
        before: path -> hash, of the files now.
        target: path -> hash, of the files in the snapshot.
        left_out: files and folders that could not be read; they are left alone.
        paths: files, and folders with everything below them; None selects everything.
    """
    selected = [path for path in sorted({*before, *target}) if is_selected(path, paths)]
    return Plan(
        tuple(path for path in selected if path not in before and not _is_in(path, left_out)),
        tuple(
            path
            for path in selected
            if path in before and path in target and before[path] != target[path]
        ),
        tuple(path for path in selected if path not in target),
    )


def is_selected(path: str, paths: Collection[str] | None) -> bool:
    """Whether a path is one of `paths` or below one of them; None selects everything."""
    return paths is None or _is_in(path, paths)


def _is_in(path: str, folders: Collection[str]) -> bool:
    return any(prefix in folders for prefix in prefixes(path))


def prefixes(path: str) -> list[str]:
    """A path and the folders above it, outermost first."""
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names) + 1)]


def apply(
    root: Folder,
    todo: Plan,
    statuses: Mapping[str, os.stat_result],
    content: Callable[[str], bytes],
) -> tuple[set[str], dict[str, str]]:
    """Carry out a plan. The caller holds the lock of the root.

    Args:
        root: the root.
        todo: the plan.
        statuses: the status of each file when it was read; a file with another status is left alone.
        content: returns the target content of a path.

    Returns:
        The paths that were changed; and path -> why, of those that were not.

    Raises:
        NoteError: the disk is full or fails, so that every other file would fail as well.
    """
    done: set[str] = set()
    failed: dict[str, str] = {}
    for path in todo.removed:
        try:
            _remove(root, path, statuses[path])
            done.add(path)
        except NoteError as error:
            failed[path] = error.message
    for path in sorted((*todo.added, *todo.replaced)):
        data = content(path)
        try:
            _write(root, path, data, statuses.get(path))
            done.add(path)
        except NoteError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in _DISK_ERRORS:
                raise
            failed[path] = error.message
    return done, failed


def _remove(root: Folder, path: str, expected: os.stat_result) -> None:
    names = parts(path)
    with root.folder(names[:-1]) as folder, reported(path):
        status = folder.status(names[-1])
        if status is None:
            return
        if identity(status) != identity(expected):
            raise NoteChanged("was changed at the same moment", path=path)
        folder.check()
        folder.unlink(names[-1])
        folder.sync()
    for depth in range(len(names) - 1, 0, -1):
        # A folder that still holds something stays.
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
                # Empty if all of its files were removed; otherwise it stays, and the file fails.
                folder.rmdir(names[-1])
            folder.write_new(names[-1], data)
        else:
            folder.write(names[-1], data, expected=expected)
