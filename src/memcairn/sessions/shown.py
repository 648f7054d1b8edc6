"""Which passages a session has been shown, so that none is shown to it twice.

A passage is known by its lines: of two that overlap, the second adds little.
"""

from __future__ import annotations

import os
from hashlib import blake2b

from memcairn import json_text
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
# A session that has been shown this much begins to forget; it is far beyond what a model still sees.
_MAX_BYTES = 4 << 20


class Shown:
    """What one session has been shown; any number of processes and threads.

    Args:
        path: the file that says so; its folder must exist.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        # What was read of the file, as far as it was: others only add to it, or make it empty.
        self._seen: set[str] = set()
        self._read_bytes = 0

    def take(self, place: Place, text: str) -> bool:
        """Show a passage, unless the session has seen most of it.

        Args:
            place: where it stands.
            text: its lines.

        Returns:
            Whether it may be shown. True for one caller only, if several ask at once.
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
        """What has been shown, first to last."""
        try:
            with open(self._path, "rb") as file:
                return [Place(*entry[:3]) for entry in _entries(file.read())]
        except FileNotFoundError:
            return []

    def forget(self) -> None:
        """Begin anew: the model no longer sees what it was shown."""
        self._seen, self._read_bytes = set(), 0
        try:
            os.truncate(self._path, 0)
        except FileNotFoundError:
            return


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
