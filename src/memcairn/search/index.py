"""What a search asks of an index. `store.local_index.LocalIndex` answers from index.db and the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from memcairn.store.vector_scan import VectorBlocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from memcairn.store.search_values import (
        ChunkLines,
        ChunkPlace,
        DatedNote,
        NoteDetails,
        NoteEnd,
        NoteFilter,
    )
    from memcairn.store.vector_state import VectorModel


class Lexicon(Protocol):
    """The words of the chunks."""

    def existing(self, words: Sequence[str]) -> set[str]:
        """Those of some words that a chunk contains."""

    def words_beginning(self, stem: str, limit: int) -> list[str]:
        """Words that begin with a stem, those of the most chunks first."""

    def frequencies(self, words: Sequence[str], at_most: int) -> dict[str, int]:
        """The number of chunks that contain each word, counted to `at_most`."""

    def bm25(self, words: Sequence[str], where: NoteFilter) -> list[dict[int, float]]:
        """For each word the BM25 of the chunks that contain it, by chunk."""

    def newest(self, words: Sequence[str], where: NoteFilter, limit: int) -> list[ChunkPlace]:
        """The newest chunks that match words which are all common.

        The first of these that exist: chunks with all words, with a word in a title or heading, with the
        first word.
        """


class Chunks(Protocol):
    """The chunks of the notes."""

    def chunk_count(self) -> int:
        """The number of all chunks, or a little more."""

    def places(self, chunks: Sequence[int]) -> list[ChunkPlace]:
        """The places of some chunks, in any order."""

    def chunks_at(self, places: Iterable[tuple[int, int]]) -> list[ChunkPlace]:
        """The chunks that are at these positions of notes; (note, position)."""

    def first_chunks(self, notes: Sequence[int], where: NoteFilter) -> list[ChunkPlace]:
        """The first chunk of each of some notes, if a filter accepts the note; in their order."""

    def chunk_lines(self, note: int, first: int, last: int) -> list[ChunkLines]:
        """The chunks of a note from one position to another, both included."""

    def note_lines(self, path: str, first: int, last: int) -> str | None:
        """These lines of a note; None if it cannot be read."""


class Notes(Protocol):
    """The notes."""

    def note(self, note: int) -> NoteDetails:
        """What an answer says of a note."""

    def contents(self, notes: Sequence[int]) -> Iterable[tuple[int, bytes, str, int]]:
        """Of each note its root, its hash, its path and its id."""

    def accepted(self, where: NoteFilter) -> list[int]:
        """The notes that a filter accepts."""

    def not_english(self) -> list[int]:
        """The notes in another language than English."""

    def moments(self, notes: Sequence[int]) -> Iterable[tuple[int, str]]:
        """Of each note its own date, else the local time when its file was changed, in ISO 8601."""

    def ends(self, notes: Sequence[int]) -> Iterable[NoteEnd]:
        """Of those notes that have an end or a successor, both."""

    def named(self, path: str, root: int, name: str) -> DatedNote | None:
        """The note that the name in another note means, which has this path and root."""

    def newer(self, notes: Sequence[int]) -> Iterable[tuple[int, DatedNote]]:
        """The notes that say that they supersede one of these, each after the id of that one; by path."""

    def ids(self, paths: Iterable[str]) -> Mapping[str, int]:
        """The ids of the notes with these paths."""


class Vectors(VectorBlocks, Protocol):
    """The embeddings of the chunks."""

    def model(self, space: int) -> VectorModel | None:
        """The model of the vectors in a space; None if nothing has been embedded."""

    def mark_outdated(self) -> None:
        """Record that the model has changed although the settings are the same."""

    def tokens(self, chunks: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """The signs of the token states of some chunks, as `store.vectors.tokens` returns them."""

    def about(self, space: int, notes: Sequence[int]) -> dict[int, NDArray[np.int8]]:
        """The vectors of what the frontmatter of some notes says, as `store.vectors.about` returns them."""


class SearchIndex(Lexicon, Chunks, Notes, Vectors, Protocol):
    """All that a search asks of an index."""
