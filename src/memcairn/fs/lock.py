"""Advisory locks between memcairn's threads and processes; they end with the process that holds them.

    exclusive(path, descriptor)    wait for the lock of an open folder or file
    folder(path)                   the same for a folder that is not open
    attempt(file)                  try to get the lock of a file, without waiting

Where the platform or the file system has no such locks (Windows, some network folders), only the threads of
this process exclude each other.
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


class _FairLock:
    """A lock that threads get in the order in which they asked: of many threads, none waits in vain."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[threading.Lock] = []
        self._is_held = False

    def acquire(self, timeout_s: float) -> bool:
        with self._lock:
            if not self._is_held:
                self._is_held = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=timeout_s):
            return True
        with self._lock:
            if turn not in self._waiting:
                return True  # its turn came just now
            self._waiting.remove(turn)
            return False

    def release(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.pop(0).release()
            else:
                self._is_held = False


_threads: dict[str, _FairLock] = {}


@contextlib.contextmanager
def exclusive(path: str, descriptor: int | None) -> Iterator[None]:
    """Hold the lock of a folder or file for the block. Locking the folder itself needs no lock file.

    Args:
        path: its real path, which identifies the lock among threads.
        descriptor: the folder or file, opened for this block only; None where folders cannot be opened.

    Raises:
        TimeoutError: another thread or process holds the lock for more than TIMEOUT_S.
    """
    end = time.monotonic() + TIMEOUT_S
    threads = _threads.setdefault(path, _FairLock())
    if not threads.acquire(TIMEOUT_S):
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
def folder(path: str) -> Iterator[None]:
    """Hold the lock of a folder for the block.

    Raises:
        OSError: it cannot be opened.
        TimeoutError: see `exclusive`.
    """
    descriptor = None if os.name == "nt" else os.open(path, os.O_RDONLY)
    try:
        with exclusive(os.path.realpath(path), descriptor):
            yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


@contextlib.contextmanager
def attempt(file: str) -> Iterator[bool]:
    """Hold the lock of a file for the block, unless another process holds it.

    Args:
        file: its path. It is created if it does not exist, and stays.

    Yields:
        Whether the lock was acquired; always true where there are no such locks.

    Raises:
        OSError: the file can be neither created nor opened.
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
            # A blocking flock() never returns while the other process is stopped.
            if time.monotonic() > end:
                raise TimeoutError from None
            time.sleep(0.002)
        except OSError:  # no locks on this file system
            return False
        else:
            return True
