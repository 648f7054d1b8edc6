"""The order in which the sessions of a home were started: the file `order`, one line for each.

    <name of the session's folder> <number of its process>

A start changes a few bytes, however many sessions there are: a line that is gone is overwritten with spaces,
and a session that is started again gets another line. A file that is mostly spaces is written anew. The
writers hold the lock of the folder; readers see a line or its absence.
"""

from __future__ import annotations

import os
from itertools import islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILE_NAME = "order"
# A file with fewer bytes is not worth writing anew.
_MIN_BYTES = 4_096
# No longer than this, with the newline: 64 characters, a space, a number.
_MAX_LINE_BYTES = 96


class Order:
    """The order as it was when it was read, with what this object changed.

    Args:
        folder: the folder of the sessions.
        content: of the file; None if there is none, so that the first change writes it.
    """

    def __init__(self, folder: str, content: bytes | None) -> None:
        self._path = os.path.join(folder, FILE_NAME)
        self._is_written = content is not None
        self._content = bytearray(content or b"")

    def fill(self, sessions: Iterable[tuple[str, int]]) -> None:
        """Put these sessions into an order that has no file yet: name and process, the first one first."""
        for name, pid in sessions:
            self._content += _line(name, pid)

    def __len__(self) -> int:
        return self._content.count(b"\n")

    def first(self, limit: int) -> list[str]:
        """The names of the sessions that were started first."""
        return list(islice(_names(self._content.lstrip(b" ").split(b"\n", limit)), limit))

    def last(self, limit: int, skip: int = 0) -> list[str]:
        """The names of the sessions that were started last, the last one first.

        Args:
            limit: how many at most.
            skip: how many of the last ones to leave out.
        """
        lines = self._content.rstrip(b" \n").rsplit(b"\n", limit + skip)
        return list(islice(_names(reversed(lines)), skip, skip + limit))

    def between(self, number: int, limit: int) -> list[str]:
        """Some names from any place: another number gives another place."""
        at = self._content.find(b"\n", number % max(len(self._content), 1))
        part = self._content[at + 1 : at + 1 + limit * _MAX_LINE_BYTES]
        return list(islice(_names(part.split(b"\n")[:-1]), limit))

    def of_processes(self, pids: Iterable[int]) -> Iterator[str]:
        """The names of the sessions of these processes, the one that was started last first."""
        found = []
        for pid in pids:
            end = b" %d\n" % pid
            at = self._content.find(end)
            while at >= 0:
                line = self._content[max(at - _MAX_LINE_BYTES, 0) : at]
                found.append((at, line.rpartition(b"\n")[2].strip()))
                at = self._content.find(end, at + 1)
        for _, name in sorted(found, reverse=True):
            yield name.decode("ascii", "replace")

    def remove(self, name: str) -> None:
        """Forget a session.

        Raises:
            OSError: the file cannot be written.
        """
        self._remove(name, len(self._content))

    def append(self, name: str, pid: int) -> None:
        """Put a session last.

        Raises:
            OSError: the file cannot be written.
        """
        end, line = len(self._content), _line(name, pid)
        if self._content.strip(b" ") and self._content.rstrip(b" ")[-1:] != b"\n":
            line = b"\n" + line  # a write was cut off
        self._write(end, line)
        self._remove(name, end)
        is_new = not self._is_written
        spaces = self._content.count(b" ") - len(self)
        if is_new or (len(self._content) > _MIN_BYTES and 2 * spaces > len(self._content)):
            from memcairn.fs import atomic  # noqa: PLC0415 - hook calls that only log do not need it

            lines = (one.strip() for one in self._content.split(b"\n"))
            self._content = bytearray(b"".join(one + b"\n" for one in lines if one))
            self._is_written = True
            atomic.replace(self._path, bytes(self._content), durable=False)

    def _remove(self, name: str, end: int) -> None:
        """Overwrite the lines of a session that begin before `end`."""
        key = name.encode("ascii") + b" "
        at = self._content.find(key, 0, end)
        while at >= 0:
            if at == 0 or self._content[at - 1] in b" \n":
                until = self._content.find(b"\n", at, end) + 1 or end
                self._write(at, b" " * (until - at))
            at = self._content.find(key, at + 1, end)

    def _write(self, at: int, given: bytes) -> None:
        self._content[at : at + len(given)] = given
        if self._is_written:
            with open(self._path, "r+b") as file:
                file.seek(at)
                file.write(given)


def read(folder: str) -> Order | None:
    """The order of the sessions in a folder; None if there is no such file."""
    try:
        with open(os.path.join(folder, FILE_NAME), "rb") as file:
            return Order(folder, file.read())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _line(name: str, pid: int) -> bytes:
    return f"{name} {pid}\n".encode("ascii")


def _names(lines: Iterable[bytes | bytearray]) -> Iterator[str]:
    for line in lines:
        words = line.split()
        if len(words) == 2:
            yield words[0].decode("ascii", "replace")
