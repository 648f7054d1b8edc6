"""Open a file by its real path without following symlinks, and recognise hard links."""

from __future__ import annotations

import errno
import os

# How often a file that is being replaced is opened again.
MAX_ATTEMPTS = 5

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
# To pass through a folder, it need not be readable.
_PATH_ONLY = getattr(os, "O_PATH", os.O_RDONLY)


def has_other_names(status: os.stat_result) -> bool:
    """Whether a file has more than one hard link: then it may also be a file outside the root."""
    return status.st_nlink > 1


def open_nofollow(path: str) -> int:
    """Open the file with this real path for reading.

    A folder in the path may be replaced by a symlink at any time, so the file that was opened is compared
    with the one that is reached without symlinks.

    Raises:
        OSError: it cannot be opened; ELOOP if there is, or was, a symlink in the path.
    """
    # A file that was just replaced differs as well, hence the attempts.
    for _ in range(MAX_ATTEMPTS):
        # Without O_NONBLOCK, opening a FIFO waits for its writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _NOFOLLOW)
        try:
            if _is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def _is_at(descriptor: int, path: str) -> bool:
    try:
        # Linux reports the path of an open file: 10 µs, a fraction of the walk below.
        if os.readlink(f"/proc/self/fd/{descriptor}") == path:
            return True
    except OSError:
        pass
    folders, name = os.path.split(path)
    here = os.open("/", os.O_RDONLY)
    try:
        for folder in filter(None, folders.split("/")):
            inner = os.open(folder, _PATH_ONLY | os.O_DIRECTORY | _NOFOLLOW, dir_fd=here)
            os.close(here)
            here = inner
        now = os.stat(name, dir_fd=here, follow_symlinks=False)
        return os.path.samestat(now, os.fstat(descriptor))
    finally:
        os.close(here)
