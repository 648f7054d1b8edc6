"""The notes of a root as index.db has them, for rendering; and how they get there.

Titles and descriptions are looked through for secrets when they enter, not each time they are
shown.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from typing import TYPE_CHECKING

from memcairn.memory_md.rank import SECONDS_PER_DAY, NoteFacts, rank, sort_key
from memcairn.paths import PAGES_FOLDER, path_in_root
from memcairn.safety import secrets
from memcairn.store import memory_md as store
from memcairn.store.memory_md import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from memcairn.store.database import Database
    from memcairn.store.memory_md import IndexedNote

_EPOCH = date(1970, 1, 1).toordinal()


class IndexedNotes:
    """The `NotesView` of a root in index.db."""

    def __init__(self, db: Database, root: int) -> None:
        self._db = db
        self._root = root

    def count(self) -> int:
        """See `NotesView`."""
        return store.count(self._db, self._root)

    def best(self) -> Iterator[NoteFacts]:
        """See `NotesView`."""
        return map(facts_of, store.best(self._db, self._root))

    def since(self, key: bytes) -> Iterator[NoteFacts]:
        """See `NotesView`."""
        return map(facts_of, store.since(self._db, self._root, key))

    def at(self, path: str) -> NoteFacts | None:
        """See `NotesView`."""
        row = store.at(self._db, self._root, sort_key(path))
        return None if row is None else facts_of(row)

    def with_file_name(self, name: str) -> Sequence[str]:
        """See `NotesView`."""
        keys = store.with_file_name(self._db, self._root, sort_key(name))
        return [_path(key) for key in keys]

    def in_folder(self, name: str) -> Iterable[str]:
        """See `NotesView`; asked about the folder of the index pages only."""
        assert name == PAGES_FOLDER
        return [_path(key) for key in store.beside_pages(self._db, self._root)]


def facts_of(row: Row) -> NoteFacts:
    """A row as rendering knows it."""
    return NoteFacts(
        path=_path(row.key),
        title=row.title,
        description=row.description,
        type=row.type,
        pinned=bool(row.pinned),
        changed=row.changed,
        second=row.second,
        used_day=row.used_day,
        use_count=row.use_count,
        valid_until=row.valid_until,
        superseded=bool(row.superseded),
    )


def _path(key: bytes) -> str:
    return key.decode("utf-8", "surrogateescape")


def row_of(note: IndexedNote, root: str, today: date) -> Row:
    """What MEMORY.md is to know of a note.

    The time of its change is what the note says (`modified`, else `date`, else `created`), so that
    all checkouts of a folder have the same MEMORY.md; a note that says nothing has its file's. A
    day in the future counts as the beginning of today.
    """
    path = path_in_root(note.path, root)
    title, description = note.title, note.description
    # One look at both costs half; 13 µs, measured, which no cheaper look beforehand improved on.
    if secrets.find_secrets(f"{title}\n{description}"):
        title, description = secrets.redact(title), secrets.redact(description)
    changed, second = _changed(note)
    if changed > today.toordinal():
        changed, second = today.toordinal(), 0
    facts = NoteFacts(
        path=path,
        title=title,
        description=description,
        type=note.type,
        pinned=note.pinned,
        changed=changed,
        second=second,
        used_day=note.used_day,
        use_count=note.use_count,
        valid_until=note.valid_until,
        superseded=bool(note.superseded_by),
    )
    folder, _, name = path.rpartition("/")
    return Row(
        key=sort_key(path),
        file_name=sort_key(name),
        beside_pages=folder.casefold() == PAGES_FOLDER,
        rank=rank(facts),
        title=facts.title,
        description=facts.description,
        type=facts.type,
        pinned=facts.pinned,
        changed=facts.changed,
        second=facts.second,
        used_day=facts.used_day,
        use_count=facts.use_count,
        valid_until=facts.valid_until,
        superseded=facts.superseded,
    )


def _changed(note: IndexedNote) -> tuple[int, int]:
    """The day of a note's change, and the second of that day."""
    for said in (note.modified, note.date, note.created):
        if said:
            try:
                return date.fromisoformat(said[:10]).toordinal(), _second(said)
            except ValueError:
                continue
    mtime_ns = note.mtime_ns
    if not mtime_ns:
        # The index does not trust the time of a file that was young when it was read.
        try:
            mtime_ns = os.lstat(note.path).st_mtime_ns
        except OSError:
            return date.max.toordinal(), 0  # gone again: whatever day comes first
    day, second = divmod(mtime_ns // 10**9, SECONDS_PER_DAY)
    return max(_EPOCH + day, 1), second


def _second(said: str) -> int:
    """The second of the day that a moment names; 0 for a date alone."""
    try:
        time = datetime.fromisoformat(said).time()
    except ValueError:
        return 0
    return time.hour * 3600 + time.minute * 60 + time.second
