"""List, hash, copy and delete a file or a tree below an open folder, without following symlinks."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.errors import NoteError, OutsideRoot, UsageError
from memcairn.fs.atomic import TEMPORARY_PREFIX
from memcairn.fs.names import MAX_DEPTH, fold, is_reserved
from memcairn.fs.sandbox import reported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.fs.sandbox import Folder


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file at the time of its removal or move: path relative to the root, size and hash.

    The hash is None if it was not requested, and for hard links, which may belong elsewhere.
    """

    path: str
    size_bytes: int
    sha256: str | None = None


def files(folder: Folder, name: str, *, hashed: bool = False) -> list[TreeFile]:
    """List every file of a tree, or the one file, before it moves as a whole.

    Raises:
        OutsideRoot: it is neither a file nor a folder, or contains a reserved name.
        UsageError: it is deeper than MAX_DEPTH.
    """
    status = folder.status(name)
    if status is not None and stat.S_ISDIR(status.st_mode):
        with folder.folder((name,)) as inner:
            return list(_files(inner, hashed=hashed))
    status = folder.require_kind(name, stat.S_IFREG)
    return [_record(folder, name, status, hashed=hashed)]


def _files(folder: Folder, *, hashed: bool) -> Iterator[TreeFile]:
    if len(folder.parts) > MAX_DEPTH:
        raise UsageError(f"is more than {MAX_DEPTH} folders deep", path=folder.shown())
    for item in folder.items():
        # Temporary files of a crashed write must not make a folder immovable.
        if is_reserved(item.name) and not fold(item.name).startswith(TEMPORARY_PREFIX):
            raise OutsideRoot("is reserved", path=folder.shown(item.name))
        if stat.S_ISDIR(item.status.st_mode):
            with folder.folder((item.name,)) as inner:
                yield from _files(inner, hashed=hashed)
        elif stat.S_ISREG(item.status.st_mode):
            yield _record(folder, item.name, item.status, hashed=hashed)


def _record(folder: Folder, name: str, status: os.stat_result, *, hashed: bool) -> TreeFile:
    digest = sha256(folder, name) if hashed else None
    return TreeFile(folder.shown(name), status.st_size, digest)


def sha256(folder: Folder, name: str) -> str | None:
    """The hash of a file, or None if it cannot be read or is a hard link."""
    try:
        with os.fdopen(folder.open(name), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (NoteError, OSError):
        return None


def copy(folder: Folder, name: str, to: Folder, new_name: str) -> None:
    """Copy a file or a tree to another file system, and sync it to disk.

    Files keep their modes and times; folders get mode 0700.

    Raises:
        OutsideRoot: it contains a symlink, a hard link or a special file.
        NoteError: the system refused.
    """
    status = folder.status(name)
    if status is not None and stat.S_ISDIR(status.st_mode):
        to.make(new_name)
        with folder.folder((name,)) as inner, to.folder((new_name,)) as new_inner:
            for item in inner.items():
                copy(inner, item.name, new_inner, item.name)
            new_inner.sync()
        return
    with (
        reported(folder.shown(name)),
        os.fdopen(folder.open(name), "rb") as source,
        os.fdopen(to.create(new_name), "wb") as target,
    ):
        shutil.copyfileobj(source, target)
        target.flush()
        status = os.fstat(source.fileno())
        if hasattr(os, "fchmod"):
            os.fchmod(target.fileno(), stat.S_IMODE(status.st_mode))
        if os.utime in os.supports_fd:
            os.utime(target.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(target.fileno())


def delete(folder: Folder, name: str) -> None:
    """Delete a file or a tree permanently. Symlinks are deleted, not followed.

    Raises:
        NoteError: the system refused; a part may have been deleted.
    """
    status = folder.status(name)
    if status is None:
        return
    if not stat.S_ISDIR(status.st_mode):
        folder.unlink(name)
        return
    with folder.folder((name,)) as inner:
        for item in inner.items():
            delete(inner, item.name)
    folder.rmdir(name)


def is_other_file_system(error: OSError) -> bool:
    """Whether a rename failed because source and target are on different file systems."""
    return error.errno == errno.EXDEV
