"""The values that a search exchanges with the index it reads (search/index.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from memcairn.fs.signature import Signature

ChunkPlace = tuple[int, int, int]
"""The id of a chunk, the id of its note, and its position in the note, from 0."""

ChunkLines = tuple[int, int, tuple[str, ...], str]
"""The first and last line of a chunk, the headings above it, and its text."""

DatedNote = tuple[str, str | None, int]
"""The path of a note, the date when it was created, and its modification time in nanoseconds."""

NoteEnd = tuple[int, str, int, str | None, str | None]
"""The id, path and root of a note, the last day on which it is valid, and the name of its successor."""


class NoteFilter(NamedTuple):
    """Which notes a search may return; the default accepts every note.

    Args:
        excluded: the ids of roots whose notes are left out.
        namespace: of the note.
        root: the folder that it is in or below.
        type: of the note.
        since: its date is this one or later: ISO 8601, and nanoseconds since 1970.
        until: its date is earlier.
        as_of: it was created earlier.
        now_ns: the present time, which counts for a file that was changed moments before it was indexed.
    """

    excluded: tuple[int, ...] = ()
    namespace: str | None = None
    root: str | None = None
    type: str | None = None
    since: tuple[str, int] | None = None
    until: tuple[str, int] | None = None
    as_of: tuple[str, int] | None = None
    now_ns: int = 0

    @property
    def accepts_all(self) -> bool:
        """Whether every note is accepted."""
        return self == NoteFilter()


class NoteDetails(NamedTuple):
    """What an answer says of a note.

    Args:
        root: the folder of its root, which its sources are relative to; None if there is no such folder.
        amendments: "amended by" or "amends", with the path of the other note.
    """

    path: str
    title: str
    date: str | None
    namespace: str
    description: str
    about: tuple[str, ...]
    language: str
    type: str | None
    hash: bytes
    signature: Signature
    sources: tuple[str, ...]
    root: str | None
    amendments: tuple[str, ...]
