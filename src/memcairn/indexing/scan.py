"""Which notes of a root may have changed since they were indexed.

    walk(root)  ──►  Walk(changed, orphans, folders, unread)

It lists folders and reads ignore files; it opens no file that looks as it did. A walk that is interrupted
has no result, so it removes nothing; the files of a folder that cannot be listed count as seen.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.fs.atomic import TEMPORARY_PREFIX
from memcairn.fs.signature import LARGEST_INTEGER, storable_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping

    from memcairn.indexing.note_selection import Selection

# A file system's time stamps have a resolution of some milliseconds: a file written twice within one step
# has the same mtime for two contents. So an mtime younger than this is not trusted (one in the future is:
# the next write changes it).
RACY_NS = 20_000_000


@dataclass(slots=True)
class Walk:
    """What a walk found.

    Args:
        changed: files that are new or look changed.
        new: those of them that the index does not know.
        orphans: known paths whose file is gone.
        folders: mtime_ns of every folder that was listed, 0 where it cannot be trusted.
        unread: folders that could not be listed, with the reason; their files count as seen.
        seen: how many files there are that may be notes.
        links: how many symlinks there are; they are not followed.
        named_out: how many folders were left out by their names.
        temporary: temporary files of writes.
    """

    changed: list[str] = field(default_factory=list)
    new: set[str] = field(default_factory=set)
    orphans: list[str] = field(default_factory=list)
    folders: dict[str, int] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    links: int = 0
    named_out: int = 0
    temporary: list[str] = field(default_factory=list)


def walk(
    selection: Selection,
    start: str,
    known: MutableMapping[str, tuple[int, int, int]],
    *,
    force: bool = False,
) -> Walk:
    """Compare a folder with what is known of it.

    Args:
        selection: of the root in which `start` lies.
        start: the folder; if it does not exist, all its known notes are orphaned.
        known: path -> signature of the notes that the index has there, see `signatures.of_files`. It is
            used up.
        force: everything counts as changed.
    """
    found = Walk()
    waiting = [start]
    while waiting:
        waiting += _list(selection, waiting.pop(), known, found, force=force)
    found.changed.sort()
    found.orphans = [path for path in known if not _is_below_any(path, found.unread)]
    return found


def relist(
    selection: Selection,
    folder: str,
    known: MutableMapping[str, tuple[int, int, int]],
    inner: Collection[str],
    folders: Collection[str],
    below: Callable[[str], Mapping[str, tuple[int, int, int]]],
) -> Walk:
    """Compare one folder's files with what is known of them; new folders in it are walked.

    Args:
        selection: of the root in which `folder` lies.
        folder: one whose mtime changed.
        known: path -> signature of the notes that the index has directly in it. It is used up.
        inner: the folders in it where the index has notes, also deeper.
        folders: the folders that are known already; those that still exist are not listed.
        below: path -> signature of the notes that the index has below one of the folders in it.
    """
    found = Walk()
    present = _list(selection, folder, known, found, force=False)
    waiting = [one for one in present if one not in folders]
    is_listed = folder not in found.unread
    for one in {*waiting, *(set(inner) - set(present) if is_listed else ())}:
        known.update(below(one))
    while waiting:
        waiting += _list(selection, waiting.pop(), known, found, force=False)
    found.changed.sort()
    found.orphans = [path for path in known if not _is_below_any(path, found.unread)]
    return found


def _list(
    selection: Selection,
    folder: str,
    known: MutableMapping[str, tuple[int, int, int]],
    found: Walk,
    *,
    force: bool,
) -> list[str]:
    """Add the files of one folder to `found`; returns the folders in it that remain to be walked."""
    inner = []
    try:
        listed_ns = time.time_ns()
        mtime = os.stat(folder).st_mtime_ns
        with os.scandir(folder) as listing:
            entries = list(listing)
        found.folders[folder] = storable_ns(mtime) if abs(listed_ns - mtime) > RACY_NS else 0
        _count_passed_over(entries, found)
        rules = selection.rules(folder, {entry.name for entry in entries})
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if selection.takes_folder(entry.path, entry.name, rules):
                    inner.append(entry.path)
            elif selection.takes_file(entry.path, entry.name, rules):
                status = _status(entry)
                if status is None or not stat.S_ISREG(status.st_mode):
                    continue
                found.seen += 1
                before = known.pop(entry.path, None)
                # `signature_of` without its call and its object: there may be 100,000 files.
                inode = status.st_ino & LARGEST_INTEGER
                if force or before != (status.st_size, status.st_mtime_ns, inode):
                    found.changed.append(entry.path)
                    if before is None:
                        found.new.add(entry.path)
    except (FileNotFoundError, NotADirectoryError):
        found.folders.pop(folder, None)
    except OSError as error:
        found.unread[folder] = error.strerror or str(error)
        found.folders[folder] = 0
    return inner


def _count_passed_over(entries: Iterable[os.DirEntry[str]], found: Walk) -> None:
    for entry in entries:
        if entry.is_symlink():
            found.links += 1
        elif entry.name in paths.EXCLUDED_FOLDERS and entry.is_dir(follow_symlinks=False):
            found.named_out += 1
        elif entry.name.startswith(TEMPORARY_PREFIX):
            found.temporary.append(entry.path)


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None


def _is_below_any(path: str, folders: Collection[str]) -> bool:
    return any(paths.is_inside(path, folder) for folder in folders)
