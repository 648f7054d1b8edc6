"""Reach the files of a root, and nothing outside it.

    names.parts("notes/plan.md")                    a path is checked before anything is opened
    open_root(root) ──folder(("notes",))──► Folder  each component is opened in the one before it
    Folder.read("plan.md")                          a regular file, no symlink, a single link

A path is walked with openat and O_NOFOLLOW from a descriptor of the root, and operations use the opened
descriptors. A folder that is replaced by a symlink meanwhile is either refused or has no effect.
docs/decisions/sandbox.md describes the remaining races.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from memcairn.errors import (
    NoteChanged,
    NoteError,
    NoteExists,
    NoteMissing,
    NoteUnreadable,
    OutsideRoot,
    UsageError,
)
from memcairn.fs import lock
from memcairn.fs.atomic import TEMPORARY_PREFIX
from memcairn.fs.rename import rename_noreplace
from memcairn.fs.safe_open import has_other_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Windows lacks some of the flags; open_root refuses there.
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _SAFE
# Without O_NONBLOCK, opening a named pipe waits for its writer.
_FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | _SAFE
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE

# How often to reopen a file that is being replaced.
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class FileContent:
    """The bytes of a file, and its status when they were read."""

    data: bytes
    status: os.stat_result


@dataclass(frozen=True, slots=True)
class FolderItem:
    """An entry of a folder with its status; a symlink is not followed."""

    name: str
    status: os.stat_result


class Folder:
    """An open folder: the root, or a folder below it that was reached without a symlink.

    A context manager. Every name is a single component.

    Attributes:
        parts: the components between the root and this folder.
    """

    __slots__ = ("_descriptor", "_path", "_top", "parts")

    def __init__(
        self, top: Folder | None, parts: tuple[str, ...], path: str, descriptor: int
    ) -> None:
        self._top = top or self
        self._path = path
        self._descriptor = descriptor
        self.parts = parts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def shown(self, name: str = "") -> str:
        """The path of `name` relative to the root, for messages and results.

        Bytes that are not UTF-8 become replacement characters, so that it can be encoded.
        """
        path = "/".join((*self.parts, name) if name else self.parts) or "."
        return path.encode(errors="surrogateescape").decode(errors="replace")

    def folder(self, parts: tuple[str, ...], *, create: bool = False) -> Folder:
        """Open the folder below this one.

        Args:
            parts: its components; none reopens this folder.
            create: create missing folders with mode 0700.

        Raises:
            OutsideRoot: a component is a symlink.
            NoteUnreadable: a component is missing, or is not a folder.
        """
        here = self._reopened()
        for name in parts:
            with here:
                there = here._step(name, create=create)  # noqa: SLF001 - the same class
            here = there
        return here

    def _reopened(self) -> Folder:
        with reported(self.shown()):
            descriptor = os.dup(self._descriptor)
        return Folder(self._top, self.parts, self._path, descriptor)

    def _step(self, name: str, *, create: bool) -> Folder:
        parts, path = (*self.parts, name), os.path.join(self._path, name)
        with reported(self.shown(name)):
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=self._descriptor)
            try:
                descriptor = os.open(name, _FOLDER, dir_fd=self._descriptor)
            except OSError as error:
                if error.errno in (errno.ENOTDIR, errno.ELOOP, errno.EMLINK):
                    self.require_kind(name, stat.S_IFDIR)
                raise
            return Folder(self._top, parts, path, descriptor)

    def check(self) -> None:
        """Check that this folder is still at its path.

        Raises:
            OutsideRoot: it was moved, or a symlink has replaced it.
        """
        if self._top is not self:
            with self._top.folder(self.parts) as again:
                now = os.fstat(again._descriptor)  # noqa: SLF001 - the same class
                if not os.path.samestat(now, os.fstat(self._descriptor)):
                    raise OutsideRoot("was moved while it was in use", path=self.shown())

    def status(self, name: str) -> os.stat_result | None:
        """The status of an entry, or None; a symlink is not followed."""
        with reported(self.shown(name)):
            try:
                return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
            except FileNotFoundError:
                return None

    def require_kind(self, name: str, kind: int) -> os.stat_result:
        """The status of an entry, which must be of the given kind (stat.S_IFREG or stat.S_IFDIR).

        Raises:
            OutsideRoot: it is a symlink, a device, a pipe or a socket.
            NoteUnreadable: it is missing, or a file instead of a folder or the reverse.
        """
        status = self.status(name)
        if status is None:
            raise NoteMissing("does not exist", path=self.shown(name))
        found = stat.S_IFMT(status.st_mode)
        if found == kind:
            return status
        if found == stat.S_IFLNK:
            raise OutsideRoot(
                "is a symlink, which is never followed",
                path=self.shown(name),
                hint="use the path of the file itself, if it is in this root",
            )
        if found == stat.S_IFDIR:
            raise NoteUnreadable("is a folder, not a file", path=self.shown(name))
        if found == stat.S_IFREG:
            raise NoteUnreadable("is a file, not a folder", path=self.shown(name))
        raise OutsideRoot("is a device, a pipe or a socket", path=self.shown(name))

    def open(self, name: str) -> int:
        """Open a file for reading and return its descriptor, which the caller closes.

        Raises:
            OutsideRoot: it is not a regular file, or has another hard link, perhaps outside.
            NoteUnreadable: it is missing or a folder.
            NoteError: the system refused.
        """
        with reported(self.shown(name)):
            for _ in range(_ATTEMPTS):
                self.require_kind(name, stat.S_IFREG)
                descriptor = os.open(name, _FILE, dir_fd=self._descriptor)
                try:
                    if self._has_name(name, descriptor):
                        return descriptor
                except BaseException:
                    os.close(descriptor)
                    raise
                os.close(descriptor)
        raise NoteUnreadable("keeps being replaced", path=self.shown(name), hint="try again")

    def _has_name(self, name: str, descriptor: int) -> bool:
        """Whether the open file still has this name. Raises OutsideRoot if it must not be read."""
        opened = os.fstat(descriptor)
        if not stat.S_ISREG(opened.st_mode):
            raise OutsideRoot("is a device, a pipe or a socket", path=self.shown(name))
        # The link count alone does not suffice: the link in this root may have been removed since. It must
        # be 1 while this name leads to the file.
        named = self.status(name)
        if named is None or not os.path.samestat(named, opened):
            return False
        if has_other_names(named) or has_other_names(opened):
            raise OutsideRoot(
                "is a hard link: the same file has another name, perhaps outside this root",
                path=self.shown(name),
                hint="replace it with a copy",
            )
        return True

    def read(self, name: str, limit: int) -> FileContent:
        """Read a whole file of at most `limit` bytes.

        Raises:
            NoteUnreadable: it is larger; other errors as for `open`.
        """
        with reported(self.shown(name)), os.fdopen(self.open(name), "rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(limit + 1) if status.st_size <= limit else None
        if data is None or len(data) > limit:
            raise NoteUnreadable(f"is larger than {limit:,} bytes", path=self.shown(name))
        return FileContent(data, status)

    def items(self) -> list[FolderItem]:
        """The entries of this folder, sorted by name."""
        found = []
        with reported(self.shown()), os.scandir(self._descriptor) as names:
            for entry in names:
                with contextlib.suppress(FileNotFoundError):
                    found.append(FolderItem(entry.name, entry.stat(follow_symlinks=False)))
        return sorted(found, key=lambda item: item.name)

    def write(self, name: str, data: bytes, *, expected: os.stat_result | None = None) -> None:
        """Replace a file as a whole; it keeps its mode.

        After any error, the file is unchanged.

        Args:
            name: an existing regular file.
            data: the new content.
            expected: the status of the file when it was read; refuse if it differs now.

        Raises:
            NoteChanged: the file differs from the expected one.
            OutsideRoot, NoteUnreadable: as for `require_kind`, or the folder was moved.
            NoteError: the system refused.
        """
        with reported(self.shown(name)):
            status = self.require_kind(name, stat.S_IFREG)
            with self._temporary(data, stat.S_IMODE(status.st_mode)) as temporary:
                now = self.require_kind(name, stat.S_IFREG)
                if expected is not None and identity(now) != identity(expected):
                    raise NoteChanged(
                        "was changed by another process at the same time; nothing was written",
                        path=self.shown(name),
                        hint="read it again, then repeat the change",
                    )
                self.check()
                os.replace(
                    temporary,
                    name,
                    src_dir_fd=self._descriptor,
                    dst_dir_fd=self._descriptor,
                )
        self.sync()

    def write_new(self, name: str, data: bytes) -> None:
        """Create a file with mode 0600, which appears with its whole content.

        Raises:
            NoteExists: the name is taken.
            NoteError: the system refused; nothing was changed.
        """
        with reported(self.shown(name)), self._temporary(data, 0o600) as temporary:
            self.check()
            rename_noreplace(
                temporary,
                name,
                source_folder=self._descriptor,
                target_folder=self._descriptor,
            )
        self.sync()

    @contextlib.contextmanager
    def _temporary(self, data: bytes, mode: int) -> Iterator[str]:
        """Write and sync a temporary file; it is removed if the block fails."""
        name = temporary_name()
        descriptor = self.create(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                if mode != 0o600:
                    os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            yield name
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=self._descriptor)
            raise

    def create(self, name: str) -> int:
        """Create an empty file with mode 0600 and return its descriptor, which the caller closes."""
        with reported(self.shown(name)):
            descriptor = os.open(name, _NEW_FILE, 0o600, dir_fd=self._descriptor)
        try:
            self.check()
        except BaseException:
            os.close(descriptor)
            with contextlib.suppress(NoteError):
                self.unlink(name)
            raise
        return descriptor

    def move(self, name: str, to: Folder, new_name: str) -> None:
        """Rename a file or folder, within this folder or to another one.

        Raises:
            NoteExists: the new name is taken.
            OSError: EXDEV, if `to` is on another file system; nothing was changed.
            NoteError: the system refused; nothing was changed.
        """
        self.check()
        to.check()
        try:
            rename_noreplace(
                name,
                new_name,
                source_folder=self._descriptor,
                target_folder=to._descriptor,
            )
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise
            path = to.shown(new_name) if error.errno == errno.EEXIST else self.shown(name)
            with reported(path):
                raise
        to.sync()
        self.sync()

    def make(self, name: str) -> None:
        """Create a folder with mode 0700, which must not exist."""
        with reported(self.shown(name)):
            os.mkdir(name, 0o700, dir_fd=self._descriptor)
            self.check()

    def unlink(self, name: str) -> None:
        """Remove a file or a symlink."""
        with reported(self.shown(name)):
            os.unlink(name, dir_fd=self._descriptor)

    def rmdir(self, name: str) -> None:
        """Remove an empty folder."""
        with reported(self.shown(name)):
            os.rmdir(name, dir_fd=self._descriptor)

    def sync(self) -> None:
        """Sync this folder to disk, if the file system supports it."""
        with contextlib.suppress(OSError):
            os.fsync(self._descriptor)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold memcairn's lock of this folder, across processes, for the block.

        Raises:
            NoteError: another process holds the lock for too long.
        """
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(lock.exclusive(self._path, self._descriptor))
            except TimeoutError:
                raise NoteError(
                    "another process has locked this folder for too long",
                    path=self.shown(),
                    hint="try again",
                ) from None
            yield


def temporary_name() -> str:
    """A new hidden, reserved name, which tools and scans ignore."""
    return f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp"


def open_root(root: Path) -> Folder:
    """Open a root. Its own path is trusted: symlinks in it are followed.

    Raises:
        NoteUnreadable: it is missing, or not a folder.
        NoteError: the system refused, or is Windows.
    """
    if os.name == "nt":
        raise NoteError("cannot be opened safely on this platform", path=root)
    path = os.path.realpath(root)
    with reported("."):
        return Folder(None, (), path, os.open(path, _FOLDER & ~os.O_NOFOLLOW))


_REASONS = {
    errno.ENOENT: (NoteMissing, "does not exist"),
    errno.ENOTDIR: (NoteUnreadable, "is a file, not a folder"),
    errno.ELOOP: (OutsideRoot, "is a symlink, which is never followed"),
    errno.EEXIST: (NoteExists, "exists already"),
    errno.ENOTEMPTY: (NoteExists, "is not empty"),
    errno.ENAMETOOLONG: (UsageError, "has a name that is too long for this file system"),
    errno.ENXIO: (OutsideRoot, "is a device, a pipe or a socket"),
}


@contextlib.contextmanager
def reported(path: str) -> Iterator[None]:
    """Turn an OSError of the block into a MemcairnError that names only `path`.

    The system's message may contain the absolute path, which callers must not see.
    """
    try:
        yield
    except OSError as error:
        kind, message = _REASONS.get(
            error.errno or 0, (NoteError, f"failed: {error.strerror or type(error).__name__}")
        )
        raise kind(message, path=path) from error


def identity(status: os.stat_result) -> tuple[int, int, int, int]:
    """Device, inode, size and mtime: they differ between files, and between versions of a file."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
