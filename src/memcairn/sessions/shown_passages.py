"""The passages that were shown to a session, so that no passage is shown twice.

Passages are compared by their lines, since overlapping passages repeat each other.
"""

from __future__ import annotations

import os
from hashlib import blake2b

from memcairn.formats import json_text
from memcairn.fs import lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NamedTuple

    class Place(NamedTuple):
        """Lines `first` to `last` of a note, 1-based, inclusive."""

        path: str
        first: int
        last: int

else:
    from collections import namedtuple  # typing costs a hook call half as much as starting Python

    Place = namedtuple("Place", "path first last")  # noqa: PYI024

_DIGEST_BYTES = 6
# The record restarts above this size, which is far more than a model's context holds.
_MAX_BYTES = 4 << 20


class Shown:
    """The passages shown to one session; processes and threads may use it concurrently.

    Args:
        path: the file of the record; its folder must exist.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        # The part of the file read so far: other processes only append to it or truncate it.
        self._seen: set[str] = set()
        self._read_bytes = 0

    def take(self, place: Place, text: str) -> bool:
        """Record a passage, unless the session has seen most of it.

        Args:
            place: the lines of the passage.
            text: its text.

        Returns:
            Whether to show it. True for only one of several concurrent callers.
        """
        lines = {_digest(place.path, line): len(line.split()) for line in _lines(text)}
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            with lock.exclusive(self._path, descriptor):
                self._read_on(descriptor)
                again = sum(words for line, words in lines.items() if line in self._seen)
                if 2 * again > sum(lines.values()) or not lines:
                    return False
                entry = json_text.dumps([*place, *lines])
                if os.fstat(descriptor).st_size > _MAX_BYTES:
                    os.ftruncate(descriptor, 0)
                    self._seen, self._read_bytes = set(), 0
                os.write(descriptor, b"\n" + entry.encode("ascii") + b"\n")
                return True
        finally:
            os.close(descriptor)

    def _read_on(self, descriptor: int) -> None:
        if os.fstat(descriptor).st_size < self._read_bytes:
            self._seen, self._read_bytes = set(), 0
        os.lseek(descriptor, self._read_bytes, os.SEEK_SET)
        content = b"".join(iter(lambda: os.read(descriptor, 1 << 20), b""))
        self._read_bytes += len(content)
        self._seen.update(digest for entry in _entries(content) for digest in entry[3:])

    def places(self) -> list[Place]:
        """The passages shown, in order."""
        try:
            with open(self._path, "rb") as file:
                return [Place(*entry[:3]) for entry in _entries(file.read())]
        except FileNotFoundError:
            return []

    def take_over(self, other: Shown) -> None:
        """Also count what somebody else was shown: the conversation goes on here."""
        try:
            with open(other._path, "rb") as file:
                content = file.read()
        except FileNotFoundError:
            return
        with open(self._path, "ab", opener=_private) as file:
            file.write(content)

    def forget(self) -> None:
        """Clear the record, since the model no longer sees the passages."""
        self._seen, self._read_bytes = set(), 0
        try:
            os.truncate(self._path, 0)
        except FileNotFoundError:
            return


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())


def _digest(path: str, line: str) -> str:
    said = f"{path}\0{line}".encode("utf-8", "surrogatepass")
    return blake2b(said, digest_size=_DIGEST_BYTES).hexdigest()


def _entries(content: bytes) -> Iterator[list[Any]]:
    for text in content.split(b"\n"):
        try:
            entry = json_text.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, list) and len(entry) >= 3:
            yield entry
