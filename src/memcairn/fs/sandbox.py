"""Reach the files of a root, and nothing outside it.

    names.parts("notes/plan.md")                    a path is checked before anything is opened
    open_root(root) ──folder(("notes",))──► Folder  each component is opened in the one before it
    Folder.read("plan.md")                          a regular file, no symlink, a single link

A path is walked with openat and O_NOFOLLOW from a descriptor of the root, and what was opened is
what is used: a folder that is swapped for a symlink meanwhile is met as a symlink and refused, or
not met at all. Where the platform has no openat (Windows), the real path of each folder is compared
before and after its use instead; docs/decisions/sandbox.md says what that leaves open.
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

# Tests set this to False to run the fallback.
DESCRIPTORS = (
    hasattr(os, "O_NOFOLLOW")
    and hasattr(os, "O_DIRECTORY")
    and {os.open, os.stat, os.mkdir, os.rename, os.unlink, os.rmdir} <= os.supports_dir_fd
    and os.scandir in os.supports_fd
)

_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _SAFE
# Without O_NONBLOCK, opening a named pipe waits for its writer.
_FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | _SAFE
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE

# A file that is written all the time is met as the one it was before, once in a while.
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class FileContent:
    """The bytes of a file, and what the file was when they were read."""

    data: bytes
    status: os.stat_result


@dataclass(frozen=True, slots=True)
class FolderItem:
    """A name in a folder, with its own status: that of a symlink, not of what it leads to."""

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
        self, top: Folder | None, parts: tuple[str, ...], path: str, descriptor: int | None
    ) -> None:
        self._top = top or self
        self._path = path
        self._descriptor = descriptor
        self.parts = parts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def shown(self, name: str = "") -> str:
        """The path of `name`, relative to the root, as messages and results show it.

        It can always be encoded: a name that is not UTF-8 on the disk has replacement characters.
        """
        path = "/".join((*self.parts, name) if name else self.parts) or "."
        return path.encode(errors="surrogateescape").decode(errors="replace")

    def folder(self, parts: tuple[str, ...], *, create: bool = False) -> Folder:
        """Open the folder below this one.

        Args:
            parts: its components; none reopens this folder.
            create: make what is missing, 0700.

        Raises:
            OutsideRoot: a component is a symlink.
            NoteUnreadable: a component is missing, or is not a folder.
        """
        here = self._reopened()
        for name in parts:
            with here:
                there = here._step(name, create=create)  # noqa: SLF001 - another one of us
            here = there
        return here

    def _reopened(self) -> Folder:
        with reported(self.shown()):
            descriptor = None if self._descriptor is None else os.dup(self._descriptor)
        return Folder(self._top, self.parts, self._path, descriptor)

    def _step(self, name: str, *, create: bool) -> Folder:
        parts, path = (*self.parts, name), os.path.join(self._path, name)
        with reported(self.shown(name)):
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(self._at(name), 0o700, dir_fd=self._descriptor)
            if self._descriptor is None:
                self.require_kind(name, stat.S_IFDIR)
                entered = Folder(self._top, parts, path, None)
                entered.check()
                return entered
            try:
                descriptor = os.open(name, _FOLDER, dir_fd=self._descriptor)
            except OSError as error:
                if error.errno in (errno.ENOTDIR, errno.ELOOP, errno.EMLINK):
                    self.require_kind(name, stat.S_IFDIR)
                raise
            return Folder(self._top, parts, path, descriptor)

    def check(self) -> None:
        """Make sure that this folder is still where it was reached.

        Raises:
            OutsideRoot: it was moved, or a symlink has taken its place.
        """
        if self._descriptor is None:
            if os.path.normcase(os.path.realpath(self._path)) != os.path.normcase(self._path):
                raise OutsideRoot("leads out of its root", path=self.shown())
        elif self._top is not self:
            with self._top.folder(self.parts) as again:
                assert again._descriptor is not None  # noqa: SLF001
                if not os.path.samestat(
                    os.fstat(again._descriptor),  # noqa: SLF001
                    os.fstat(self._descriptor),
                ):
                    raise OutsideRoot("was moved while it was in use", path=self.shown())

    def status(self, name: str) -> os.stat_result | None:
        """What has this name: a symlink itself, not what it leads to. None if nothing has it."""
        with reported(self.shown(name)):
            try:
                return os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
            except FileNotFoundError:
                return None

    def require_kind(self, name: str, kind: int) -> os.stat_result:
        """The status of what has this name, if it is of that kind (stat.S_IFREG, stat.S_IFDIR).

        Raises:
            OutsideRoot: it is a symlink, a device, a pipe or a socket.
            NoteUnreadable: it is missing, or a file where a folder is needed, or the reverse.
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
            OutsideRoot: it is not a regular file, or it has a second name that may be outside.
            NoteUnreadable: it is missing or a folder.
            NoteError: the system refused.
        """
        with reported(self.shown(name)):
            for _ in range(_ATTEMPTS):
                self.require_kind(name, stat.S_IFREG)
                descriptor = os.open(self._at(name), _FILE, dir_fd=self._descriptor)
                try:
                    if self._is_what_it_seems(name, descriptor):
                        return descriptor
                except BaseException:
                    os.close(descriptor)
                    raise
                os.close(descriptor)
        raise NoteUnreadable("is replaced again and again", path=self.shown(name), hint="try again")

    def _is_what_it_seems(self, name: str, descriptor: int) -> bool:
        """Whether the open file still has this name. Raises if it is not ours to read."""
        opened = os.fstat(descriptor)
        if not stat.S_ISREG(opened.st_mode):
            raise OutsideRoot("is a device, a pipe or a socket", path=self.shown(name))
        if self._descriptor is None:
            self.check()
        # The link count alone could be that of a file outside whose link here is gone again: it has
        # to be 1 while the name here is the one.
        named = self.status(name)
        if named is None or not os.path.samestat(named, opened):
            return False
        if has_other_names(named) or has_other_names(opened):
            raise OutsideRoot(
                "is a hard link: the same file has another name, perhaps outside this root",
                path=self.shown(name),
                hint="replace it by a copy of its own",
            )
        return True

    def read(self, name: str, limit: int) -> FileContent:
        """Read a whole file of at most `limit` bytes.

        Raises:
            NoteUnreadable: it is larger; or as for `open`.
        """
        with reported(self.shown(name)), os.fdopen(self.open(name), "rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(limit + 1) if status.st_size <= limit else None
        if data is None or len(data) > limit:
            raise NoteUnreadable(f"is larger than {limit:,} bytes", path=self.shown(name))
        return FileContent(data, status)

    def items(self) -> list[FolderItem]:
        """What is in this folder, in the order of the names."""
        found = []
        with reported(self.shown()):
            if self._descriptor is None:
                self.check()
            with os.scandir(self._path if self._descriptor is None else self._descriptor) as names:
                for entry in names:
                    with contextlib.suppress(FileNotFoundError):
                        found.append(FolderItem(entry.name, entry.stat(follow_symlinks=False)))
            if self._descriptor is None:
                self.check()
        return sorted(found, key=lambda item: item.name)

    def write(self, name: str, data: bytes, *, expected: os.stat_result | None = None) -> None:
        """Replace a file as a whole; its mode is kept.

        Args:
            name: a regular file, which exists.
            data: the new content.
            expected: the status of the file when it was read: refuse if it is another one now.

        Raises:
            NoteChanged: the file is not the expected one.
            OutsideRoot, NoteUnreadable: as for `require_kind`; the folder was moved.
            NoteError: the system refused. Whatever is raised, nothing was changed.
        """
        with reported(self.shown(name)):
            status = self.require_kind(name, stat.S_IFREG)
            with self._temporary(data, stat.S_IMODE(status.st_mode)) as temporary:
                now = self.require_kind(name, stat.S_IFREG)
                if expected is not None and identity(now) != identity(expected):
                    raise NoteChanged(
                        "was changed by somebody else at the same moment; nothing was written",
                        path=self.shown(name),
                        hint="read it again, then repeat the change",
                    )
                self.check()
                os.replace(
                    self._at(temporary),
                    self._at(name),
                    src_dir_fd=self._descriptor,
                    dst_dir_fd=self._descriptor,
                )
        self.sync()

    def write_new(self, name: str, data: bytes) -> None:
        """Create a file, 0600, which appears with all of its content.

        Raises:
            NoteExists: something has this name.
            NoteError: the system refused; nothing was changed.
        """
        with reported(self.shown(name)), self._temporary(data, 0o600) as temporary:
            self.check()
            rename_noreplace(
                self._at(temporary),
                self._at(name),
                source_folder=self._descriptor,
                target_folder=self._descriptor,
            )
        self.sync()

    @contextlib.contextmanager
    def _temporary(self, data: bytes, mode: int) -> Iterator[str]:
        """A file with this content on the disk, removed unless the block has renamed it."""
        name = temporary_name()
        descriptor = self.create(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                if mode != 0o600 and hasattr(os, "fchmod"):
                    os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            yield name
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(self._at(name), dir_fd=self._descriptor)
            raise

    def create(self, name: str) -> int:
        """Create an empty file, 0600. The caller writes to its descriptor, and closes it."""
        with reported(self.shown(name)):
            descriptor = os.open(self._at(name), _NEW_FILE, 0o600, dir_fd=self._descriptor)
        try:
            # In the fallback, an empty file is all that a race can leave outside.
            self.check()
        except BaseException:
            os.close(descriptor)
            with contextlib.suppress(NoteError):
                self.unlink(name)
            raise
        return descriptor

    def move(self, name: str, to: Folder, new_name: str) -> None:
        """Give a file or folder another name, in this folder or another one.

        Raises:
            NoteExists: something has the new name.
            OSError: EXDEV, if `to` is on another file system; nothing was changed.
            NoteError: the system refused; nothing was changed.
        """
        self.check()
        to.check()
        try:
            rename_noreplace(
                self._at(name),
                to._at(new_name),
                source_folder=self._descriptor,
                target_folder=to._descriptor,
            )
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise
            path = to.shown(new_name) if error.errno == errno.EEXIST else self.shown(name)
            with reported(path):
                raise
        self._check_moved(name, to, new_name)
        to.sync()
        self.sync()

    def _check_moved(self, name: str, to: Folder, new_name: str) -> None:
        """In the fallback, put back what a race has moved through a symlink."""
        if self._descriptor is not None:
            return
        try:
            self.check()
            to.check()
        except OutsideRoot:
            with contextlib.suppress(OSError):
                rename_noreplace(to._at(new_name), self._at(name))
            raise

    def make(self, name: str) -> None:
        """Make a folder, 0700, which must not exist."""
        with reported(self.shown(name)):
            os.mkdir(self._at(name), 0o700, dir_fd=self._descriptor)
            self.check()

    def unlink(self, name: str) -> None:
        """Remove a file, or a symlink itself."""
        with reported(self.shown(name)):
            os.unlink(self._at(name), dir_fd=self._descriptor)

    def rmdir(self, name: str) -> None:
        """Remove an empty folder."""
        with reported(self.shown(name)):
            os.rmdir(self._at(name), dir_fd=self._descriptor)

    def sync(self) -> None:
        """Make the names in this folder durable, where the platform can."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._descriptor)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other writers of ours, in any process, out of this folder for the block.

        Raises:
            NoteError: another writer holds the lock for too long.
        """
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(lock.exclusive(self._path, self._descriptor))
            except TimeoutError:
                raise NoteError(
                    "another writer has been busy here for too long",
                    path=self.shown(),
                    hint="try again",
                ) from None
            yield

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else os.path.join(self._path, name)


def temporary_name() -> str:
    """A new hidden, reserved name, which no tool and no scan looks at."""
    return f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp"


def open_root(root: Path) -> Folder:
    """Open a root. Its own path is trusted: symlinks in it are followed.

    Raises:
        NoteUnreadable: it is missing, or not a folder.
    """
    path = os.path.realpath(root)
    with reported("."):
        if DESCRIPTORS:
            return Folder(None, (), path, os.open(path, _FOLDER & ~os.O_NOFOLLOW))
        if not os.path.isdir(path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return Folder(None, (), path, None)


_REASONS = {
    errno.ENOENT: (NoteMissing, "does not exist"),
    errno.ENOTDIR: (NoteUnreadable, "is a file, not a folder"),
    errno.ELOOP: (OutsideRoot, "is a symlink, which is never followed"),
    errno.EEXIST: (NoteExists, "exists already"),
    errno.ENOTEMPTY: (NoteExists, "is not empty"),
    errno.ENAMETOOLONG: (UsageError, "is too long a name for this file system"),
    errno.ENXIO: (OutsideRoot, "is a device, a pipe or a socket"),
}


@contextlib.contextmanager
def reported(path: str) -> Iterator[None]:
    """Turn an OSError of the block into an error of ours that names only `path`.

    The system's own message may hold the absolute path, which is nobody's business.
    """
    try:
        yield
    except OSError as error:
        kind, message = _REASONS.get(
            error.errno or 0, (NoteError, f"failed: {error.strerror or type(error).__name__}")
        )
        raise kind(message, path=path) from error


def identity(status: os.stat_result) -> tuple[int, int, int, int]:
    """What differs between two files, or two versions of a file: device, inode, size and mtime."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
