"""One writer at a time in a folder, among our threads and processes.

An advisory lock on the folder itself: there is no lock file, and nothing is left behind when a
process dies. Threads wait for each other in turn. Where the platform or the file system has no such
lock (Windows, some network folders), only the threads of this process exclude each other.

Work that only one process should do at a time, and that need not wait, has a file that stands for it.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

TIMEOUT_S = 30.0

_threads: dict[str, threading.Lock] = {}


@contextlib.contextmanager
def exclusive(folder: str, descriptor: int | None) -> Iterator[None]:
    """Keep other writers out for the block.

    Args:
        folder: its real path, by which threads know it.
        descriptor: the folder opened for this block alone; None if folders cannot be opened here.

    Raises:
        TimeoutError: another writer holds the lock for more than 30 seconds.
    """
    end = time.monotonic() + TIMEOUT_S
    threads = _threads.setdefault(folder, threading.Lock())
    if not threads.acquire(timeout=TIMEOUT_S):
        raise TimeoutError
    try:
        locked = descriptor is not None and _lock_processes(descriptor, end)
        try:
            yield
        finally:
            if locked and descriptor is not None:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        threads.release()


@contextlib.contextmanager
def attempt(file: str) -> Iterator[bool]:
    """Be the only one, in any process, who does what a file stands for, if nobody else is.

    Args:
        file: its path; it is made, and stays. Where there is no such lock everybody is the only one.

    Yields:
        Whether the lock was got; it is held for the block.

    Raises:
        OSError: the file can be neither made nor opened.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            except OSError:  # no locks on this file system
                pass
        yield True
    finally:
        os.close(descriptor)


def _lock_processes(descriptor: int, end: float) -> bool:
    if fcntl is None:
        return False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # To wait inside flock() would be for ever if the other process is stopped.
            if time.monotonic() > end:
                raise TimeoutError from None
            time.sleep(0.002)
        except OSError:  # no locks on this file system
            return False
        else:
            return True
