"""Open a file by its real path, and nothing that a symlink leads to."""

from __future__ import annotations

import errno
import os

# A file that is replaced all the while is opened this often.
MAX_ATTEMPTS = 5

_AS_IT_IS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
# To pass through a folder, it need not be readable.
_PATH = getattr(os, "O_PATH", os.O_RDONLY)
# Windows cannot open a file in an open folder.
_STEPS = os.open in os.supports_dir_fd


def open_nofollow(path: str) -> int:
    """Open what has this real path, and not what a symlink leads to, for reading.

    A folder on the way may be swapped for a symlink at any moment: what was opened has to be what
    is reached without one.

    Raises:
        OSError: it cannot be opened; ELOOP: a symlink is, or was, on the way.
    """
    # A file that was replaced in this moment is not at its path either.
    for _ in range(MAX_ATTEMPTS):
        # O_NONBLOCK: a FIFO of that name must not hold us up for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _AS_IT_IS)
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
        # Linux says where an open file is: 10 µs, a fraction of the walk.
        if os.readlink(f"/proc/self/fd/{descriptor}") == path:
            return True
    except OSError:
        pass
    if not _STEPS:
        return os.path.normcase(os.path.realpath(path)) == os.path.normcase(path)
    folders, name = os.path.split(path)
    here = os.open("/", os.O_RDONLY)
    try:
        for folder in filter(None, folders.split("/")):
            inner = os.open(folder, _PATH | os.O_DIRECTORY | _AS_IT_IS, dir_fd=here)
            os.close(here)
            here = inner
        now = os.stat(name, dir_fd=here, follow_symlinks=False)
        return os.path.samestat(now, os.fstat(descriptor))
    finally:
        os.close(here)
