"""A cheap test of whether files may have changed: compare their stat with an earlier one."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import NamedTuple

    class _Signature(NamedTuple):
        size_bytes: int
        mtime_ns: int
        inode: int

else:
    from collections import namedtuple

    _Signature = namedtuple("_Signature", "size_bytes mtime_ns inode")  # noqa: PYI024

# Comparing a note's stat with the index takes 3 µs, so a search can check all notes up to this number.
MAX_NOTES = 1_500
# SQLite's integers are signed. Inodes of some network file systems exceed them, and invalid times may.
LARGEST_INTEGER = (1 << 63) - 1


class Signature(_Signature):
    """Size, time and inode of a file. If they differ, the file may have changed; its hash decides.

    `mtime_ns` 0 matches no file: the file was too young for its time to be reliable when it was read.
    `inode` has 63 bits.
    """

    __slots__ = ()


def signature_of(status: os.stat_result) -> Signature:
    """The signature of a stat."""
    return Signature(status.st_size, status.st_mtime_ns, status.st_ino & LARGEST_INTEGER)


def storable_ns(mtime_ns: int) -> int:
    """A time as index.db stores it: 0 if it is before 1677 or after 2262."""
    return mtime_ns if -LARGEST_INTEGER <= mtime_ns <= LARGEST_INTEGER else 0


def signature_at(path: str) -> Signature | None:
    """The signature of the file at a path, without following a symlink; None if there is none."""
    try:
        return signature_of(os.stat(path, follow_symlinks=False))
    except OSError:
        return None


def may_have(known: Signature, now: Signature | None) -> bool:
    """Whether a file that has the signature `now` may be the one that was read as `known`.

    Unlike equality, this accepts a file that was too young to be trusted when it was read.
    """
    return now is not None and known in (now, now._replace(mtime_ns=0))


def changed_files(known: Iterable[tuple[str, int, int, int]]) -> list[str]:
    """The files whose signature has changed, or that are gone: one stat each.

    Args:
        known: path, size_bytes, mtime_ns and inode of each.
    """
    changed = []
    for path, size, mtime, inode in known:
        try:
            now = os.stat(path, follow_symlinks=False)
        except OSError:
            changed.append(path)
        else:
            if (
                now.st_size != size
                or now.st_mtime_ns != mtime
                or now.st_ino & LARGEST_INTEGER != inode
            ):
                changed.append(path)
    return changed


def changed_folders(folders: Mapping[str, int]) -> list[str]:
    """The folders whose entries have changed, or that are gone: one stat each.

    Args:
        folders: path -> mtime_ns at the time of listing.
    """
    changed = []
    for folder, mtime in folders.items():
        try:
            if os.stat(folder).st_mtime_ns != mtime:
                changed.append(folder)
        except OSError:
            changed.append(folder)
    return changed
