"""What rendering asks about the notes of a root, and a list of facts that answers it.

index.db answers the same questions with an index each, so that an update reads what it needs only.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Protocol

from memcairn.memory_md.rank import order, sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from memcairn.memory_md.rank import NoteFacts


class NotesView(Protocol):
    """The notes of one root, at one moment."""

    def count(self) -> int:
        """How many notes there are."""

    def best(self) -> Iterator[NoteFacts]:
        """The notes in `rank.order`; those that are superseded may be left out."""

    def since(self, key: bytes) -> Iterator[NoteFacts]:
        """The notes whose `sort_key` is `key` or greater, in that order."""

    def at(self, path: str) -> NoteFacts | None:
        """The note at `path`."""

    def with_file_name(self, name: str) -> Sequence[str]:
        """The paths of the notes whose last part is `name`."""

    def in_folder(self, name: str) -> Iterable[str]:
        """The paths of the notes directly in the top folder `name`, in upper or lower case."""


class ListOfNotes:
    """A `NotesView` of a list of facts, no two with the same path."""

    def __init__(self, facts: Iterable[NoteFacts]) -> None:
        keyed = sorted(((sort_key(note.path), note) for note in facts), key=lambda pair: pair[0])
        self._keys = [key for key, _ in keyed]
        self._notes = [note for _, note in keyed]
        self._by_path = {note.path: note for note in self._notes}

    def count(self) -> int:
        """See `NotesView`."""
        return len(self._notes)

    def best(self) -> Iterator[NoteFacts]:
        """See `NotesView`."""
        return iter(sorted(self._notes, key=order))

    def since(self, key: bytes) -> Iterator[NoteFacts]:
        """See `NotesView`."""
        for place in range(bisect_left(self._keys, key), len(self._notes)):
            yield self._notes[place]

    def at(self, path: str) -> NoteFacts | None:
        """See `NotesView`."""
        return self._by_path.get(path)

    def with_file_name(self, name: str) -> Sequence[str]:
        """See `NotesView`."""
        return [path for path in self._by_path if path.rpartition("/")[2] == name]

    def in_folder(self, name: str) -> Iterable[str]:
        """See `NotesView`."""
        return [path for path in self._by_path if path.rpartition("/")[0].casefold() == name]
