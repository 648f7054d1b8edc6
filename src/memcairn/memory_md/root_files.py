"""The files of a root: MEMORY.md, its index pages, and backups of a MEMORY.md from before memcairn.

Files are reached through the sandbox of the root, which follows no symlinks. Each file is replaced as
a whole, and only files that memcairn wrote are replaced or removed. Writers hold the lock of the root.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import (
    MemoryMdError,
    NoteChanged,
    NoteError,
    NoteExists,
    NoteMissing,
    NoteUnreadable,
    OutsideRoot,
    SchemaTooNew,
    StateDamaged,
    StateError,
)
from memcairn.fs import atomic
from memcairn.fs.sandbox import open_root
from memcairn.memory_md import page_text
from memcairn.paths import MEMORY_MD, PAGES_FOLDER
from memcairn.sqlite import SQLiteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from memcairn.fs.sandbox import FileContent, Folder

# A larger file is neither a MEMORY.md nor a page.
_MAX_BYTES = 16 * 1024 * 1024
_MOVE_OR_OFF = "move it, or turn MEMORY.md off: memcairn memory-md refresh --off ROOT"


class RootFiles:
    """The MEMORY.md and the index pages of one root; `open_files` returns it.

    The name of a page is the name of its file without `.md`; its path is relative to the root.
    """

    def __init__(self, top: Folder) -> None:
        self._top = top

    def memory_md(self) -> FileContent | None:
        """MEMORY.md, None if there is none.

        Raises:
            NoteError: it cannot be read, or is not a regular file.
        """
        return _read(self._top, MEMORY_MD)

    def write_memory_md(self, data: bytes, before: FileContent | None) -> bool:
        """Replace MEMORY.md; False if it is no longer the file that was read as `before`.

        Raises:
            MemoryMdError: it is read-only.
            NoteError: it cannot be written.
        """
        try:
            if before is None:
                self._top.write_new(MEMORY_MD, data)
            else:
                if not before.status.st_mode & stat.S_IWUSR:
                    raise MemoryMdError(
                        "is read-only",
                        path=MEMORY_MD,
                        hint="make it writable; the next change of a note updates it",
                    )
                self._top.write(MEMORY_MD, data, expected=before.status)
        except (NoteChanged, NoteExists, NoteMissing):
            return False
        return True

    def remove_memory_md(self) -> None:
        """Remove MEMORY.md."""
        self._top.unlink(MEMORY_MD)

    def page_names(self) -> set[str]:
        """The names of the files that may be index pages."""
        with self._pages_folder() as folder:
            if folder is None:
                return set()
            return {item.name[:-3] for item in folder.items() if item.name.endswith(".md")}

    def pages(self) -> dict[str, bytes]:
        """The bytes of the index pages that exist, by path."""
        found = {}
        with self._pages_folder() as folder:
            for item in () if folder is None else folder.items():
                if folder is not None and item.name.endswith(".md"):
                    data = _page(folder, item.name)
                    if data is not None:
                        found[folder.shown(item.name)] = data
        return found

    def write_pages(self, pages: Mapping[str, bytes]) -> list[str]:
        """Write pages, by path; return the paths of those that changed.

        Raises:
            MemoryMdError: the folder or a file cannot be replaced, since it is not memcairn's.
            NoteError: one cannot be written.
        """
        if not pages:
            return []
        try:
            folder = self._top.folder((PAGES_FOLDER,), create=True)
        except (OutsideRoot, NoteUnreadable) as error:
            raise MemoryMdError(
                "cannot be used as the folder of the index pages",
                path=PAGES_FOLDER,
                hint=_MOVE_OR_OFF,
            ) from error
        with folder:
            return [path for path, data in pages.items() if _write_page(folder, path, data)]

    def remove_pages(self, names: Iterable[str]) -> list[str]:
        """Remove pages, by name, and their folder if it is empty then; return the removed names."""
        removed = []
        with self._pages_folder() as folder:
            for name in () if folder is None else names:
                if folder is not None and _page(folder, f"{name}.md") is not None:
                    with contextlib.suppress(NoteMissing):
                        folder.unlink(f"{name}.md")
                        removed.append(name)
        if removed:
            with contextlib.suppress(NoteError):
                self._top.rmdir(PAGES_FOLDER)
        return removed

    @contextlib.contextmanager
    def _pages_folder(self) -> Iterator[Folder | None]:
        try:
            folder = self._top.folder((PAGES_FOLDER,))
        except (OutsideRoot, NoteUnreadable):
            yield None
            return
        with folder:
            yield folder


def _read(folder: Folder, name: str) -> FileContent | None:
    try:
        return folder.read(name, _MAX_BYTES)
    except NoteMissing:
        return None


def _page(folder: Folder, name: str) -> bytes | None:
    """The bytes of an index page; None if there is no page with that name."""
    try:
        data = folder.read(name, _MAX_BYTES).data
    except (OutsideRoot, NoteUnreadable):
        return None
    return data if page_text.is_page(data) else None


def _write_page(folder: Folder, path: str, data: bytes) -> bool:
    file = path.rpartition("/")[2]
    present = _read(folder, file)
    if present is None:
        folder.write_new(file, data)
        return True
    if not page_text.is_page(present.data):
        raise MemoryMdError(
            "is not an index page, but has the name of one", path=path, hint=_MOVE_OR_OFF
        )
    if present.data == data:
        return False
    folder.write(file, data, expected=present.status)
    return True


def read(root: str) -> bytes | None:
    """The bytes of a root's MEMORY.md, None if there is none.

    Raises:
        MemoryMdError: it cannot be read, or is not a regular file.
    """
    with _as_memory_md_errors(root), open_root(Path(root)) as top:
        found = _read(top, MEMORY_MD)
    return None if found is None else found.data


@contextlib.contextmanager
def open_files(root: str) -> Iterator[RootFiles]:
    """The files of a root, with its lock held.

    Raises:
        MemoryMdError: an operation on a file or on index.db fails, or another program has held the
            lock for 30 seconds.
    """
    with _as_memory_md_errors(root), open_root(Path(root)) as top, top.lock():
        yield RootFiles(top)


# ── backups ──────────────────────────────────────────────────────────────────────────────────────


def back_up(folder: str, root: str, present: bytes) -> str:
    """Copy a MEMORY.md to a folder, once for each root and content; return the path of the copy."""
    paths.make_private_folder(folder)
    name = os.fsencode(os.path.basename(root)).decode("utf-8", "replace")[:40]
    backup = os.path.join(folder, f"{name}-{_backup_digest(present, root)}-{MEMORY_MD}")
    if not os.path.exists(backup):
        atomic.replace(backup, present)
    return backup


def backups_of(folder: str, root: str) -> Iterator[bytes]:
    """The contents of the copies of a root's MEMORY.md."""
    for copy in sorted(Path(folder).glob(f"*-{MEMORY_MD}")):
        content = copy.read_bytes()
        if copy.name.endswith(f"{_backup_digest(content, root)}-{MEMORY_MD}"):
            yield content


def _backup_digest(content: bytes, root: str) -> str:
    return hashlib.blake2b(content + os.fsencode(root), digest_size=6).hexdigest()


# ── errors ───────────────────────────────────────────────────────────────────────────────────────

_REFRESH = "then run `memcairn memory-md refresh`"
_HINTS: Mapping[int, str] = {
    errno.ENOSPC: f"make room on the disk, {_REFRESH}",
    errno.EACCES: f"make the folder writable, {_REFRESH}",
    errno.EPERM: f"make the folder writable, {_REFRESH}",
    errno.EROFS: "the file system is read-only",
}


@contextlib.contextmanager
def _as_memory_md_errors(root: str) -> Iterator[None]:
    """Turn errors of files and of index.db into a MemoryMdError with a path and a hint."""

    def place(error: Exception) -> str:
        return os.path.normpath(os.path.join(root, getattr(error, "path", None) or MEMORY_MD))

    try:
        yield
    except MemoryMdError as error:
        raise MemoryMdError(error.message, path=place(error), hint=error.hint) from error
    except (OutsideRoot, NoteUnreadable) as error:
        raise MemoryMdError(error.message, path=place(error), hint=_MOVE_OR_OFF) from error
    except (NoteError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        number = cause.errno if isinstance(cause, OSError) else None
        reason = os.strerror(number) if number else getattr(error, "message", error)
        hint = _HINTS.get(number or 0, "the notes are safe; the next change tries again")
        raise MemoryMdError(f"cannot be updated: {reason}", path=place(error), hint=hint) from error
    except (StateError, SQLiteError) as error:
        if isinstance(error, StateDamaged | SchemaTooNew):
            raise
        raise MemoryMdError(
            f"cannot be updated: {error}",
            path=os.path.join(root, MEMORY_MD),
            hint=_HINTS[errno.ENOSPC],
        ) from error
