"""Rename a file or a folder to a name that must be free.

rename() replaces a file that has the new name. The kernels of Linux (renameat2) and macOS
(renameatx_np) can refuse instead, in one step, but Python has no call for it. On a file system that
cannot (NFS, some FUSE), a file gets its new name as a second link before it loses the old one.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys
from functools import cache
from typing import Any

# AT_FDCWD of <fcntl.h>.
_AT_FDCWD = -2 if sys.platform == "darwin" else -100
# RENAME_NOREPLACE of <linux/fs.h>; RENAME_EXCL of <sys/stdio.h>.
_NO_REPLACE = 4 if sys.platform == "darwin" else 1
_UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


def rename_noreplace(
    source: str,
    target: str,
    *,
    source_folder: int | None = None,
    target_folder: int | None = None,
) -> None:
    """Rename `source` to `target`, which must not exist. Symlinks are renamed, not followed.

    Args:
        source: a path, relative to `source_folder` if that is given.
        target: a path, relative to `target_folder` if that is given.
        source_folder: descriptor of an open folder.
        target_folder: descriptor of an open folder.

    Raises:
        FileExistsError: the target exists; nothing was changed.
        OSError: nothing was changed; EXDEV if the names are on different file systems.
    """
    if os.name == "nt":
        os.rename(source, target)
        return
    call = _kernel_call()
    if call is not None:
        failed = call(
            _AT_FDCWD if source_folder is None else source_folder,
            os.fsencode(source),
            _AT_FDCWD if target_folder is None else target_folder,
            os.fsencode(target),
            _NO_REPLACE,
        )
        if not failed:
            return
        number = ctypes.get_errno()
        # EINVAL also means that a folder would move into itself; rename() below fails then, too.
        if number not in _UNSUPPORTED:
            raise OSError(number, os.strerror(number), source, None, target)
    _rename_in_two_steps(source, target, source_folder, target_folder)


def _rename_in_two_steps(
    source: str, target: str, source_folder: int | None, target_folder: int | None
) -> None:
    status = os.stat(source, dir_fd=source_folder, follow_symlinks=False)
    if stat.S_ISDIR(status.st_mode):
        # rename() replaces at most an empty folder, so a folder that appears now loses nothing.
        try:
            os.stat(target, dir_fd=target_folder, follow_symlinks=False)
        except FileNotFoundError:
            os.rename(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)
            return
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), source, None, target)
    os.link(
        source,
        target,
        src_dir_fd=source_folder,
        dst_dir_fd=target_folder,
        follow_symlinks=False,
    )
    os.unlink(source, dir_fd=source_folder)


@cache
def _kernel_call() -> Any | None:
    """The C library's call; None if it is missing (musl before 1.2.5)."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        call = library.renameatx_np if sys.platform == "darwin" else library.renameat2
    except (OSError, AttributeError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    call.restype = ctypes.c_int
    return call
