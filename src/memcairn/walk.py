"""Every file of a root that the tools may touch, with the open folder that holds it.

What the tools can never name is passed over: reserved names, symlinks, special files, names that
are not UTF-8, and what is deeper than any path.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from memcairn.errors import NoteError
from memcairn.names import MAX_DEPTH, is_reserved
from memcairn.paths import EXCLUDED_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from memcairn.sandbox import Folder, Item


def files(
    folder: Folder,
    *,
    enter: Callable[[str], bool] = lambda _: True,
    unread: dict[str, str] | None = None,
) -> Iterator[tuple[Folder, Item]]:
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


def may_hold_notes(name: str) -> bool:
    """Whether a folder is one of a user's own: not hidden, and not one that programs fill."""
    return not name.startswith(".") and name not in EXCLUDED_FOLDERS


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
