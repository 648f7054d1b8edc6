"""One writer at a time in a folder, among our threads and processes.

An advisory lock on the folder itself: there is no lock file, and nothing is left behind when a
process dies. Threads wait for each other in turn. Where the platform or the file system has no such
lock (Windows, some network folders), only the threads of this process exclude each other.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PATIENCE_S = 30.0

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
    end = time.monotonic() + PATIENCE_S
    threads = _threads.setdefault(folder, threading.Lock())
    if not threads.acquire(timeout=PATIENCE_S):
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
