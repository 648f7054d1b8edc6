"""Overviews of a root: the latest notes, the notes about a topic, and totals."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import NoteError
from memcairn.formats.utc import utc_text
from memcairn.fs.safe_open import has_other_names
from memcairn.fs.sandbox import open_root
from memcairn.fs.signature import may_have, signature_of
from memcairn.root import search
from memcairn.safety import injection, secrets
from memcairn.search.query import Query
from memcairn.store import catalogue, overview
from memcairn.store import notes as store

if TYPE_CHECKING:
    from memcairn.engine import Opened
    from memcairn.root.open_root import OpenRoot
    from memcairn.store.catalogue import CataloguedNote, Counts
    from memcairn.store.database import Database
    from memcairn.store.notes import KnownNote

_MAX_PASSAGES = 50
_MAX_NOTES = 10


def recent(root: OpenRoot, limit: int) -> list[CataloguedNote]:
    """The notes that changed last, the latest first; see `memcairn.root.search` for what is left out."""

    def work(db: Database) -> list[tuple[CataloguedNote, KnownNote | None]]:
        notes = catalogue.recent(db, root.root, limit)
        return [(note, store.known(db, note.path)) for note in notes]

    found = root.read_index(work)
    notes = []
    with open_root(Path(root.root)) as folder:
        for note, known in found:
            status = search.status_inside(folder, root.root, note.path)
            if known is None or status is None or has_other_names(status):
                continue
            if may_have(known.signature, signature_of(status)):
                notes.append(replace(note, mtime_ns=status.st_mtime_ns))
    return sorted(notes, key=lambda note: note.mtime_ns, reverse=True)


def changed_at(note: CataloguedNote) -> int:
    """When a note's file was last written, in nanoseconds since 1970; 0 if the file is gone.

    The index has an older time for a file that was edited since, and none for one that was too young when
    it was read.
    """
    try:
        return os.stat(note.path, follow_symlinks=False).st_mtime_ns
    except OSError:
        return 0


@dataclass(frozen=True, slots=True)
class ListedNote:
    """A note; `path` is relative to the root, `changed` is when its file was last written."""

    path: str
    title: str
    description: str
    namespace: str
    pinned: bool
    changed: str
    tags: tuple[str, ...] = ()
    type: str | None = None
    date: str | None = None
    warnings: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TopicNote:
    """A note about a topic, and its most relevant passage."""

    note: ListedNote
    passage: search.RootPassage


@dataclass(frozen=True, slots=True)
class TopicOverview:
    """The notes about a topic, most relevant first."""

    topic: str
    notice: str
    notes: tuple[TopicNote, ...]


def about(root: OpenRoot, topic: str) -> TopicOverview:
    """The notes about a topic, at most ten."""
    best: dict[str, search.RootPassage] = {}
    for passage in search.search(root, Query(topic, _MAX_PASSAGES)):
        best.setdefault(passage.path, passage)
    wanted = list(best)[:_MAX_NOTES]
    absolute = [os.path.join(root.root, path) for path in wanted]
    rows = root.engine.databases.run(lambda opened: catalogue.at(opened.db, absolute))
    listed = (_listed(root, row) for row in rows)
    known = tuple(TopicNote(note, best[note.path]) for note in listed if note.path in best)
    return TopicOverview(topic, search.NOTICE, known)


@dataclass(frozen=True, slots=True)
class Summary:
    """Totals of a root.

    Attributes:
        root: its absolute path.
        notes: the number of notes.
        size_bytes: the size of all notes.
        pinned: the number of pinned notes.
        types, tags, namespaces: the number of notes with each, for the 20 most frequent.
        recent: the notes that changed last.
        memory_md_lines: the length of MEMORY.md; 0 if there is none.
        problems: problems of notes, as path, line and message.
        waiting: the number of paths that are queued for indexing.
    """

    root: str
    notes: int
    size_bytes: int
    pinned: int
    types: dict[str, int]
    tags: dict[str, int]
    namespaces: dict[str, int]
    recent: tuple[ListedNote, ...]
    memory_md_lines: int
    problems: tuple[str, ...]
    waiting: int


def summary(root: OpenRoot) -> Summary:
    """The current totals of a root."""
    latest = recent(root, _MAX_NOTES)

    def work(opened: Opened) -> tuple[Counts, list[str]]:
        return (
            catalogue.counts(opened.db, root.root),
            [
                f"{root.relative(problem.path)}:{problem.line}: {problem.message}"
                for problem in overview.problems(opened.db, root.engine.config)
                if paths.is_inside(problem.path, root.root)
            ],
        )

    counts, problems = root.engine.databases.run(work)
    return Summary(
        root=root.root,
        notes=counts.notes,
        size_bytes=counts.size_bytes,
        pinned=counts.pinned,
        types=_most_frequent(counts.types),
        tags=_most_frequent(counts.tags),
        namespaces=_most_frequent(counts.namespaces),
        recent=tuple(_listed(root, note) for note in latest),
        memory_md_lines=_memory_md_lines(root),
        problems=tuple(problems[:20]),
        waiting=root.engine.queue_status().depth,
    )


def _most_frequent(counts: dict[str, int]) -> dict[str, int]:
    return dict(list(counts.items())[:20])


@dataclass(frozen=True, slots=True)
class MemoryMdState:
    """MEMORY.md: its lines, the notes that it lists itself, and those that are folded into index pages."""

    lines: int
    listed: int
    folded: int


def memory_md_state(root: OpenRoot) -> MemoryMdState | None:
    """The present state of MEMORY.md; None if there is none."""
    lines = _memory_md_lines(root)
    if not lines:
        return None
    try:
        text = root.read_bytes(paths.MEMORY_MD).decode("utf-8", "replace")
    except NoteError:
        return None
    block = text.partition("<!-- memcairn:begin")[2]
    total, listed = (
        int(found[1].replace(",", "")) if (found := re.search(pattern, block)) else 0
        for pattern in (r"([\d,]+) notes?\b", r"([\d,]+) listed here")
    )
    return MemoryMdState(lines, listed, max(0, total - listed))


def _memory_md_lines(root: OpenRoot) -> int:
    try:
        return root.read(paths.MEMORY_MD, end_line=1).total_lines
    except NoteError:
        return 0


def _listed(root: OpenRoot, note: CataloguedNote) -> ListedNote:
    words = "\n".join((note.path, note.title, note.description, *note.tags))
    return ListedNote(
        path=root.relative(note.path),
        title=secrets.redact(note.title),
        description=secrets.redact(note.description),
        namespace=note.namespace,
        pinned=note.pinned,
        changed=_changed(note),
        tags=note.tags,
        type=note.type,
        date=note.date,
        warnings=tuple(injection.injection_warnings(words)) or None,
    )


def _changed(note: CataloguedNote) -> str:
    return utc_text((note.mtime_ns or changed_at(note)) / 1e9)
