"""Index files of one root.

    read ──► hash ──unchanged──► touch
              │ changed
              ▼
            parse ──► Prepared ──► one short transaction for many notes

Reading and parsing happen with no lock held. Before a prepared note is written, its file is looked at
once more inside the transaction: if it moved on, it is read again, so that an older text never
overwrites a newer one in the index.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from memcairn.fs.signature import signature_of
from memcairn.indexing import parallel, reading
from memcairn.indexing.prepare import parse, prepare
from memcairn.notes.problem import Problem
from memcairn.store import chunks, problems
from memcairn.store import notes as store
from memcairn.store.notes import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from memcairn.indexing.prepare import Outcome
    from memcairn.indexing.report import IndexReport
    from memcairn.indexing.rules import Rules
    from memcairn.store.database import Database
    from memcairn.store.notes import KnownNote, Writing
    from memcairn.store.roots import Root

BATCH_NOTES = 500
BATCH_BYTES = 2 * 1024 * 1024
# A file that is written all the while is read this often before it counts as one that never rests.
MAX_ATTEMPTS = 5


class BatchIndexer:
    """Indexes files of one root into a report.

    Args:
        db: index.db.
        rules: of all roots.
        root: that the files are in.
        report: gets what was done.
        force: read and write anew even what looks unchanged.
        progress: called with (done, total).
    """

    def __init__(
        self,
        db: Database,
        rules: Rules,
        root: Root,
        report: IndexReport,
        *,
        force: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._db = db
        self._rules = rules
        self._root = root
        self._report = report
        self._force = force
        self._progress = progress

    def index(self, files: Sequence[str], *, new: Collection[str] = ()) -> None:
        """Make the index hold what these files hold.

        Args:
            files: real paths; one that is gone, or no note any more, leaves the index.
            new: those of them that a walk came upon just now, and of which the index knows nothing.
        """
        batch: list[Prepared] = []
        size = 0
        for number, prepared in enumerate(self._prepared(files, new), 1):
            if prepared is not None:
                batch.append(prepared)
                size += prepared.signature.size_bytes
            if len(batch) >= BATCH_NOTES or size >= BATCH_BYTES:
                self._write(batch)
                batch, size = [], 0
            if self._progress is not None:
                self._progress(number, len(files))
        self._write(batch)

    def _prepared(self, files: Sequence[str], new: Collection[str]) -> Iterator[Prepared | None]:
        """What is to be written of each file, None for nothing."""
        prepare_new = partial(prepare, max_bytes=self._rules.max_bytes(self._root))
        known = [path for path in files if path not in new]
        yield from map(self._prepare, known)
        for path, outcome in parallel.map_forked(sorted(new), prepare_new):
            yield self._recorded(path, outcome)

    def _prepare(self, path: str) -> Prepared | None:
        """Read and take apart a file, unless it holds what the index holds."""
        content = None
        if self._rules.selection(self._root).takes(path):
            content = reading.read(path, self._rules.max_bytes(self._root))
        if not isinstance(content, reading.NoteContent):
            return self._recorded(path, content)
        before = store.known(self._db, path)
        if before is None:
            return parse(path, content)
        is_same = before.hash == content.hash and before.root == self._root.id
        if is_same and not self._force:
            # A file without a time may have another one now.
            if before.signature != content.signature or not content.signature.mtime_ns:
                store.touch(self._db, path, content.signature)
            self._report.unchanged += 1
            return None
        return parse(path, content, chunks.hashes(self._db, before.id))

    def _recorded(self, path: str, outcome: Outcome) -> Prepared | None:
        """A prepared note as it is; anything else is recorded, and there is nothing to write."""
        match outcome:
            case Prepared():
                return outcome
            case reading.Unreadable():
                self._record_unreadable(path, outcome)
            case _:
                self._record_no_note(path, outcome)
        return None

    def _record_no_note(self, path: str, outcome: reading.LeftOut | None) -> None:
        """A file that is gone, or no note any more (ignored, binary, too large)."""
        with self._db.transaction():
            if store.remove(self._db, path):
                self._report.removed.append(path)
            if outcome is None:
                return
            if outcome.why is not None:
                self._report.left_out[path] = outcome.why
                found = [Problem(1, outcome.why)]
                problems.set_problems(self._db, self._root.id, path, found)
            self._remember(path, outcome)

    def _record_unreadable(self, path: str, outcome: reading.Unreadable) -> None:
        """The note stays in the index as it was when it could be read last; the problem is listed."""
        self._report.failed[path] = outcome.why
        with self._db.transaction():
            found = [Problem(outcome.line, outcome.why)]
            problems.set_problems(self._db, self._root.id, path, found, unread=True)
            self._remember(path, outcome)

    def _remember(self, path: str, outcome: reading.LeftOut | reading.Unreadable) -> None:
        if outcome.signature is not None:
            limit = self._rules.max_bytes(self._root)
            problems.set_no_note(self._db, self._root.id, path, outcome.signature, limit)

    def _write(self, batch: Sequence[Prepared]) -> None:
        """Write notes to the index; one whose file moves on meanwhile is taken apart again."""
        for _ in range(MAX_ATTEMPTS):
            if not batch:
                return
            again = self._write_current(batch)
            batch = [note for path in again if (note := self._prepare(path)) is not None]
        for note in batch:
            self._record_unreadable(note.path, reading.Unreadable("is written all the time"))

    def _write_current(self, batch: Sequence[Prepared]) -> list[str]:
        """Write, in one transaction; returns the paths of those that are older than their files."""
        with self._db.transaction():
            current = [note for note in batch if _is_current(note)]
            places = [note.path for note in current]
            # Another process may have indexed some of them while we were parsing.
            known = store.known_among(self._db, places)
            known |= self._renamed([note for note in current if note.path not in known])
            if self._force:
                for before in known.values():
                    chunks.drop(self._db, before.id)
            problems.forget(self._db, places)
            writing: list[Writing] = []
            for note in current:
                namespace = self._rules.namespace(self._root, note.path, note.note.namespace)
                writing.append((note, namespace, known.get(note.path)))
                if note.problems:
                    problems.set_problems(self._db, self._root.id, note.path, note.problems)
            self._report.chunks += store.write(self._db, self._root.id, writing)
            self._report.indexed += places
        written = set(places)
        return [note.path for note in batch if note.path not in written]

    def _renamed(self, unknown: Sequence[Prepared]) -> dict[str, KnownNote]:
        """What the index holds of them under another name, if they have that name no longer.

        A note whose file is gone and that had the same content is this one, renamed.
        """
        known = store.with_hash(self._db, [note.hash for note in unknown])
        renamed: dict[str, KnownNote] = {}
        for note in unknown:
            candidates = known.get(note.hash, [])
            before = next((c for c in candidates if not os.path.lexists(c.path)), None)
            if before is not None:
                candidates.remove(before)
                renamed[note.path] = before
                problems.forget(self._db, [before.path])
                self._report.removed.append(before.path)
        return renamed


def _is_current(note: Prepared) -> bool:
    try:
        status = os.stat(note.path, follow_symlinks=False)
    except OSError:
        return False
    return signature_of(status) == note.signature._replace(mtime_ns=note.mtime_ns)
