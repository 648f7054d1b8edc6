"""Read and parse a file: the part of indexing that needs no database."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.indexing import reading
from memcairn.notes import note
from memcairn.store import chunks
from memcairn.store.notes import Prepared

if TYPE_CHECKING:
    from collections.abc import Container

    from memcairn.indexing.reading import LeftOut, NoteContent, Unreadable

    Outcome = Prepared | LeftOut | Unreadable | None


def prepare(path: str, max_bytes: int) -> Outcome:
    """A file as it is written to the index, or why it cannot be; None if there is none."""
    content = reading.read(path, max_bytes)
    return parse(path, content) if isinstance(content, reading.NoteContent) else content


def parse(path: str, content: NoteContent, held: Container[bytes] = ()) -> Prepared:
    """A note as it is written to the index.

    Args:
        path: of its file.
        content: of it.
        held: hashes of chunks of it that the index holds: these are not worked out again.
    """
    name = os.fsencode(os.path.basename(path)).decode("utf-8", "replace")
    stem, suffix = os.path.splitext(name)
    parsed = note.parse(
        content.text, stem=stem, markdown=suffix.lower() not in paths.PLAIN_SUFFIXES
    )
    return Prepared(
        path=path,
        signature=content.signature,
        mtime_ns=content.mtime_ns,
        hash=content.hash,
        note=parsed.note,
        chunks=chunks.prepare(parsed.note, parsed.chunks, held),
        problems=parsed.problems,
    )
