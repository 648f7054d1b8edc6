"""Walk a root inside the sandbox.

items(folder)       everything below a folder, except reserved names
files(folder)       regular files that the tools can name: no symlinks, special files, names that are not
                    UTF-8, or paths that are too deep
contents(root)      the files that belong in a copy of a root, with their contents
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from memcairn.errors import NoteError, UsageError
from memcairn.fs.names import MAX_DEPTH, fold, is_reserved, parts, require_creatable
from memcairn.paths import EXCLUDED_FOLDERS, PAGE_MARKER, PAGES_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from memcairn.fs.sandbox import FileContent, Folder, FolderItem


def items(
    folder: Folder,
    *,
    enter: Callable[[tuple[str, ...]], bool] = lambda _: True,
    unread: dict[str, str] | None = None,
) -> Iterator[tuple[Folder, FolderItem]]:
    """Everything below an open folder, with the open folder that holds it; a folder before its content.

    The order is that of the components of the paths. Reserved names are left out. A folder that cannot be
    entered is yielded, but not entered. A folder that is yielded is open until the next one is requested.

    Args:
        folder: where to start.
        enter: whether to enter the folder with these components.
        unread: receives the path of each folder below that could not be listed, and why.

    Raises:
        NoteError: `folder` itself cannot be listed.
    """
    for item in folder.items():
        if is_reserved(item.name):
            continue
        yield folder, item
        below = (*folder.parts, item.name)
        if stat.S_ISDIR(item.status.st_mode) and len(below) < MAX_DEPTH and enter(below):
            try:
                with folder.folder((item.name,)) as inner:
                    yield from items(inner, enter=enter, unread=unread)
            except NoteError as error:
                if unread is not None:
                    unread[folder.shown(item.name)] = error.message


def files(
    folder: Folder,
    *,
    enter: Callable[[str], bool] = lambda _: True,
    unread: dict[str, str] | None = None,
) -> Iterator[tuple[Folder, FolderItem]]:
    """Every regular file below an open folder that the tools can name; otherwise as `items`.

    Args:
        folder: where to start.
        enter: whether to enter a folder with this name.
        unread: receives the path of each folder that could not be listed, and why.
    """
    try:
        for place, item in items(
            folder, enter=lambda below: _is_text(below[-1]) and enter(below[-1]), unread=unread
        ):
            if stat.S_ISREG(item.status.st_mode) and _is_text(item.name):
                yield place, item
    except NoteError as error:
        if unread is not None:
            unread[folder.shown()] = error.message


def contents(
    root: Folder,
    *,
    left_out: dict[str, str],
    max_files: int,
    max_file_bytes: int,
    max_total_bytes: int,
) -> Iterator[tuple[str, FileContent]]:
    """The files that belong in a copy of a root: none in hidden folders, and no index pages.

    Args:
        root: the root.
        left_out: receives the files that cannot be copied: path -> why.
        max_files: more files are an error.
        max_file_bytes: a larger file is left out.
        max_total_bytes: more bytes in all files are an error.

    Raises:
        UsageError: the root is too large.
    """
    count = size = 0
    for folder, item in files(root, enter=may_hold_notes, unread=left_out):
        path = folder.shown(item.name)
        try:
            require_creatable(parts(path))
            content = folder.read(item.name, max_file_bytes)
        except (NoteError, UsageError) as error:
            left_out[path] = error.message
            continue
        if is_page(path, content.data):
            continue
        count += 1
        size += len(content.data)
        if count > max_files:
            raise UsageError(f"the root has more than {max_files:,} files")
        if size > max_total_bytes:
            raise UsageError(f"the root has more than {max_total_bytes:,} bytes in files")
        yield path, content


def is_page(path: str, data: bytes) -> bool:
    """Whether a file is an index page, which is generated from the notes."""
    return fold(path.split("/", 1)[0]) == PAGES_FOLDER and data.startswith(PAGE_MARKER.encode())


def may_hold_notes(name: str) -> bool:
    """Whether a folder may hold notes: it is not hidden, and not one that programs fill."""
    return not name.startswith(".") and name not in EXCLUDED_FOLDERS


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
