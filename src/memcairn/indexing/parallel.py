"""Do the same work for many items, with the help of a second process where there can be one.

    parent   takes a share ── works ── reads what the child has ready ── takes a share ── …
    child    takes a share ── works ── writes what came of it ── takes a share ── …

Both take the numbers of their shares from one pipe, so that neither waits for the other before the end.
The child is a fork: it starts within a millisecond or two, with everything loaded. It is made only on
Linux, where a process can tell that it has no other thread (whose locks a fork would keep shut for
ever), and only for many items. It touches nothing but the items: no database, no output. If it dies,
or there cannot be one, the parent does what it has left.
"""

from __future__ import annotations

import os
import pickle
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")

# Fewer are done before a second process has paid for itself.
MIN_ITEMS = 100
_SHARE = 4
_NUMBER_BYTES = 2
_MAX_SHARES = 1 << 15  # the numbers that fit a pipe of 64 KiB
_LENGTH_BYTES = 4
# What the child has ready and the parent, which may be writing to a database, has not read.
_MAX_PENDING_BYTES = 16 << 20


def map_forked(items: Sequence[str], work: Callable[[str], T]) -> Iterator[tuple[str, T]]:
    """Each item with what `work` makes of it, in any order.

    Args:
        items: each once.
        work: without side effects; what it returns can be pickled.
    """
    left = dict.fromkeys(items)
    if len(items) >= MIN_ITEMS and _can_fork():
        for item, result in _in_two_processes(items, work):
            del left[item]
            yield item, result
    # All of them; or what a child that died had taken.
    for item in left:
        yield item, work(item)


def _can_fork() -> bool:
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        return False
    try:
        # All threads, also those of libraries, which Python does not know of.
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def _in_two_processes(items: Sequence[str], work: Callable[[str], T]) -> Iterator[tuple[str, T]]:
    size = max(_SHARE, -(-len(items) // _MAX_SHARES))
    shares = [items[start : start + size] for start in range(0, len(items), size)]
    numbers = _pipe_of_numbers(len(shares))
    results, to_parent = os.pipe()
    try:
        child = os.fork()
    except OSError:  # there may be no more processes
        for descriptor in (numbers, results, to_parent):
            os.close(descriptor)
        return
    if child == 0:
        os.close(results)
        _be_the_child(shares, work, numbers, to_parent)
    os.close(to_parent)
    try:
        while share := _take(shares, numbers):
            for item in share:
                yield item, work(item)
            while select.select([results], [], [], 0)[0] and (message := _receive(results)):
                yield from pickle.loads(message)  # noqa: S301 - from our own child
        while message := _receive(results):
            yield from pickle.loads(message)  # noqa: S301 - as above
    finally:
        os.close(numbers)
        os.close(results)  # ends a child that is not done yet, as soon as it writes
        os.waitpid(child, 0)


def _be_the_child(
    shares: Sequence[Sequence[str]], work: Callable[[str], T], numbers: int, to_parent: int
) -> NoReturn:
    """Whatever happens, nothing of the parent's is flushed, closed or told on the way out."""
    try:
        sender = _Sender(to_parent)
        while share := _take(shares, numbers):
            sender.send(pickle.dumps([(item, work(item)) for item in share], protocol=5))
        sender.flush()
    except BaseException:  # noqa: BLE001 - the parent repeats it, and can report the error
        os._exit(1)
    os._exit(0)


def _pipe_of_numbers(count: int) -> int:
    """A descriptor to read 0, 1, 2 … from, by any number of processes, each number once."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        # A smaller pipe than usual takes fewer: the shares without a number are left to the parent.
        numbers = (number.to_bytes(_NUMBER_BYTES, "little") for number in range(count))
        os.write(writing, b"".join(numbers))
    os.close(writing)
    return reading


def _take(shares: Sequence[Sequence[str]], numbers: int) -> Sequence[str]:
    """The next share that nobody has taken; nothing if there is none."""
    number = os.read(numbers, _NUMBER_BYTES)
    return shares[int.from_bytes(number, "little")] if number else ()


class _Sender:
    """Writes messages to a pipe without waiting for its reader, as far as memory allows."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pending = bytearray()
        os.set_blocking(descriptor, False)

    def send(self, message: bytes) -> None:
        self._pending += len(message).to_bytes(_LENGTH_BYTES, "little") + message
        if len(self._pending) > _MAX_PENDING_BYTES:
            self.flush()
        with suppress(BlockingIOError):
            while self._pending:
                del self._pending[: os.write(self._descriptor, self._pending)]

    def flush(self) -> None:
        os.set_blocking(self._descriptor, True)
        while self._pending:
            del self._pending[: os.write(self._descriptor, self._pending)]
        os.set_blocking(self._descriptor, False)


def _receive(descriptor: int) -> bytes:
    """The next message; nothing if there is none to come, or it broke off."""
    length = int.from_bytes(_read(descriptor, _LENGTH_BYTES), "little")
    message = _read(descriptor, length)
    return message if len(message) == length else b""


def _read(descriptor: int, length: int) -> bytes:
    """So many bytes, or what there is before the end."""
    parts = []
    while length and (part := os.read(descriptor, length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
