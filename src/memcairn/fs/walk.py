"""Every file of a root that the tools may touch, with the open folder that holds it.

What the tools can never name is passed over: reserved names, symlinks, special files, names that
are not UTF-8, and what is deeper than any path.
"""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memcairn.errors import NoteError, UsageError
from memcairn.fs.names import MAX_DEPTH, fold, is_reserved, parts, require_creatable
from memcairn.paths import EXCLUDED_FOLDERS, PAGE_MARKER, PAGES_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from memcairn.fs.sandbox import FileContent, Folder, FolderItem

# The years 1 to 9999, in seconds since 1970: some file systems have times far beyond them.
_FIRST_S, _LAST_S = -62_135_596_800, 253_402_300_799


def files(
    folder: Folder,
    *,
    enter: Callable[[str], bool] = lambda _: True,
    unread: dict[str, str] | None = None,
) -> Iterator[tuple[Folder, FolderItem]]:
    """Every regular file below an open folder, in the order of the components of the paths.

    Args:
        folder: where to start. A folder that is given is open until the next one is asked for.
        enter: whether to look into a folder with this name.
        unread: gets the path of each folder that could not be listed, and why.
    """
    try:
        items = folder.items()
    except NoteError as error:
        if unread is not None:
            unread[folder.shown()] = error.message
        return
    for item in items:
        if is_reserved(item.name) or not _is_text(item.name):
            continue
        if stat.S_ISREG(item.status.st_mode):
            yield folder, item
        elif stat.S_ISDIR(item.status.st_mode) and enter(item.name):
            if len(folder.parts) + 1 >= MAX_DEPTH:
                continue
            try:
                inner = folder.folder((item.name,))
            except NoteError as error:
                if unread is not None:
                    unread[folder.shown(item.name)] = error.message
                continue
            with inner:
                yield from files(inner, enter=enter, unread=unread)


def contents(
    root: Folder,
    *,
    left_out: dict[str, str],
    max_files: int,
    max_file_bytes: int,
    max_total_bytes: int,
) -> Iterator[tuple[str, FileContent]]:
    """What a copy of a root has in it: its files, but none of hidden folders, and no index page.

    Args:
        root: the root.
        left_out: gets what cannot be in a copy: path -> why.
        max_files: more of them are an error.
        max_file_bytes: a larger file is left out.
        max_total_bytes: more of them are an error.

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
    """Whether a file is an index page, which is made anew from the notes."""
    return fold(path.split("/", 1)[0]) == PAGES_FOLDER and data.startswith(PAGE_MARKER.encode())


def moment(mtime_s: float) -> str:
    """When a file was changed, in ISO 8601, UTC; of a time beyond the calendar, where that ends."""
    within = max(_FIRST_S, min(mtime_s, _LAST_S))
    return datetime.fromtimestamp(within, UTC).isoformat(timespec="seconds")


def may_hold_notes(name: str) -> bool:
    """Whether a folder is one of a user's own: not hidden, and not one that programs fill."""
    return not name.startswith(".") and name not in EXCLUDED_FOLDERS


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
