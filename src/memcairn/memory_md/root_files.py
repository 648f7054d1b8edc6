"""MEMORY.md and the index pages of a root as files: read and replaced through the sandbox of the root.

Nothing is followed or written through a symlink, each file is replaced as a whole, and no file is replaced
or removed that is not ours. Whoever changes something holds the lock of the root, which every writer of ours
takes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

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
from memcairn.fs.sandbox import open_root
from memcairn.memory_md import page_text
from memcairn.paths import MEMORY_MD, PAGES_FOLDER
from memcairn.sqlite import SQLiteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from memcairn.fs.sandbox import FileContent, Folder

# A MEMORY.md or page beyond this is not one.
_MAX_BYTES = 16 * 1024 * 1024
_OFF = "move it away, or turn it off: memcairn memory-md refresh --off ROOT"


class RootFiles:
    """The MEMORY.md and the index pages of one root; see `opened`.

    The name of a page is that of its file, without `.md`; its path is from the root.
    """

    def __init__(self, top: Folder) -> None:
        self._top = top

    def memory_md(self) -> FileContent | None:
        """MEMORY.md, None if there is none.

        Raises:
            NoteError: it cannot be read, or is no regular file.
        """
        return _read(self._top, MEMORY_MD)

    def write_memory_md(self, data: bytes, before: FileContent | None) -> bool:
        """Replace MEMORY.md, if it still is what was read; True if that is done.

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
                        hint="make it writable; it is brought up to date then",
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
        """The index pages that are there, by path."""
        found = {}
        with self._pages_folder() as folder:
            for item in () if folder is None else folder.items():
                if folder is not None and item.name.endswith(".md"):
                    data = _page(folder, item.name)
                    if data is not None:
                        found[folder.shown(item.name)] = data
        return found

    def write_pages(self, pages: Mapping[str, bytes]) -> list[str]:
        """Write pages, by path; returns the paths of those that were not so already.

        Raises:
            MemoryMdError: something else stands where the pages belong.
            NoteError: one cannot be written.
        """
        if not pages:
            return []
        try:
            folder = self._top.folder((PAGES_FOLDER,), create=True)
        except (OutsideRoot, NoteUnreadable) as error:
            raise MemoryMdError(
                "stands where the index pages belong", path=PAGES_FOLDER, hint=_OFF
            ) from error
        with folder:
            return [path for path, data in pages.items() if _write_page(folder, path, data)]

    def remove_pages(self, names: Iterable[str]) -> list[str]:
        """Remove pages, by name, and their folder with the last of them; returns which were there."""
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
    """The bytes of an index page; None if there is none of that name."""
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
        raise MemoryMdError("is no index page, and stands where one belongs", path=path, hint=_OFF)
    if present.data == data:
        return False
    folder.write(file, data, expected=present.status)
    return True


def read(root: str) -> bytes | None:
    """The bytes of a root's MEMORY.md, None if there is none.

    Raises:
        MemoryMdError: it cannot be read, or is no regular file.
    """
    with _reported(root), open_root(Path(root)) as top:
        found = _read(top, MEMORY_MD)
    return None if found is None else found.data


@contextlib.contextmanager
def opened(root: str) -> Iterator[RootFiles]:
    """The files of a root, with its lock held.

    Raises:
        MemoryMdError: whatever goes wrong with a file or the index, with the hint what to do; or
            another program has been writing in the root for 30 seconds.
    """
    with _reported(root), open_root(Path(root)) as top, top.lock():
        yield RootFiles(top)


# ── errors ───────────────────────────────────────────────────────────────────────────────────────

_MEND = "`memcairn memory-md refresh` mends it then"
_HINTS: Mapping[int, str] = {
    errno.ENOSPC: "make room; the next change of a note, or `memcairn memory-md refresh`, mends it",
    errno.EACCES: f"make the folder writable; {_MEND}",
    errno.EPERM: f"make the folder writable; {_MEND}",
    errno.EROFS: "the file system is read-only",
}


@contextlib.contextmanager
def _reported(root: str) -> Iterator[None]:
    """Turn what goes wrong into an error of ours that says where and what to do."""

    def place(error: Exception) -> str:
        return os.path.normpath(os.path.join(root, getattr(error, "path", None) or MEMORY_MD))

    try:
        yield
    except MemoryMdError as error:
        raise MemoryMdError(error.message, path=place(error), hint=error.hint) from error
    except (OutsideRoot, NoteUnreadable) as error:
        raise MemoryMdError(error.message, path=place(error), hint=_OFF) from error
    except (NoteError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        number = cause.errno if isinstance(cause, OSError) else None
        why = os.strerror(number) if number else getattr(error, "message", error)
        hint = _HINTS.get(number or 0, "the notes are safe; the next change tries again")
        raise MemoryMdError(
            f"cannot be brought up to date: {why}", path=place(error), hint=hint
        ) from error
    except (StateError, SQLiteError) as error:
        if isinstance(error, StateDamaged | SchemaTooNew):
            raise
        raise MemoryMdError(
            f"cannot be brought up to date: {error}",
            path=os.path.join(root, MEMORY_MD),
            hint=_HINTS[errno.ENOSPC],
        ) from error
