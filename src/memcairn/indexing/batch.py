"""Index files of one root.

    read ──► hash ──unchanged──► touch ────────┐
              │ changed                        ├──► one short transaction for many files
              ▼                                │
            parse ──► Prepared ────────────────┘

Reading and parsing happen with no lock held. Before a prepared note is written, its file is checked again
inside the transaction: if it changed meanwhile, it is read again, so that an older text never overwrites
a newer one in the index.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import DeadlinePassed
from memcairn.fs.signature import signature_of
from memcairn.indexing import parallel, reading
from memcairn.notes import note as notes
from memcairn.notes.problem import Problem
from memcairn.store import chunks, problems, roots
from memcairn.store import notes as store
from memcairn.store.notes import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from memcairn.fs.signature import Signature
    from memcairn.indexing.report import IndexReport
    from memcairn.indexing.root_settings import RootSettings
    from memcairn.store.database import Database
    from memcairn.store.notes import KnownNote, Writing
    from memcairn.store.roots import Root

BATCH_NOTES = 500
BATCH_BYTES = 2 * 1024 * 1024
# A file that changes between reading and writing is read this often, then reported as failed.
MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The index holds the file's content already. `signature`: None if that is right, too."""

    signature: Signature | None


if TYPE_CHECKING:
    Outcome = Prepared | Unchanged | reading.LeftOut | reading.Unreadable | None


class BatchIndexer:
    """Indexes files of one root into a report.

    Args:
        db: index.db.
        rules: of all roots.
        root: the root of the files.
        report: receives the results.
        force: read and write even files that look unchanged.
        progress: called with (done, total).
        deadline: stop, with DeadlinePassed, when `time.monotonic()` is past it.
    """

    def __init__(
        self,
        db: Database,
        rules: RootSettings,
        root: Root,
        report: IndexReport,
        *,
        force: bool = False,
        progress: Callable[[int, int], None] | None = None,
        deadline: float | None = None,
    ) -> None:
        self._db = db
        self._rules = rules
        self._root = root
        self._report = report
        self._force = force
        self._progress = progress
        self._deadline = deadline

    def index(self, files: Sequence[str], *, new: Collection[str] = ()) -> None:
        """Make the index hold what these files hold.

        Args:
            files: real paths; one that is gone, or no longer a note, leaves the index.
            new: those of them that the index does not know, and that the root takes.

        Raises:
            DeadlinePassed: some of the files are indexed, some not.
        """
        batch: list[tuple[str, Outcome]] = []
        size = 0
        for number, (path, outcome) in enumerate(self._outcomes(files, new), 1):
            if self._deadline is not None and time.monotonic() > self._deadline:
                self._write(batch)
                raise DeadlinePassed("indexing stopped, to answer in time")
            if isinstance(outcome, Unchanged):
                self._report.unchanged += 1
            if outcome != Unchanged(None):
                batch.append((path, outcome))
            if isinstance(outcome, Prepared):
                size += outcome.signature.size_bytes
            if len(batch) >= BATCH_NOTES or size >= BATCH_BYTES:
                self._write(batch)
                batch, size = [], 0
            if self._progress is not None:
                self._progress(number, len(files))
        self._write(batch)

    # ── reading: no lock is held ─────────────────────────────────────────────────────────────────

    def _outcomes(
        self, files: Sequence[str], new: Collection[str]
    ) -> Iterator[tuple[str, Outcome]]:
        for path in files:
            if path not in new:
                yield path, self._examine(path)
        max_bytes = self._rules.max_bytes(self._root)
        prepare = partial(_prepare, max_bytes=max_bytes, root=self._root.path)
        yield from parallel.map_forked(sorted(new), prepare)

    def _examine(self, path: str) -> Outcome:
        """Read a file, and parse it unless the index holds the same content."""
        if not self._rules.takes(self._root, path):
            return None
        content = reading.read(path, self._rules.max_bytes(self._root))
        if not isinstance(content, reading.NoteContent):
            return content
        before = store.known(self._db, path)
        if before is None:
            return _parse(path, content, self._root.path)
        is_same = before.hash == content.hash and before.root == self._root.id
        if is_same and not self._force:
            # A file whose mtime is not trusted may have another one now.
            is_right = before.signature == content.signature and content.signature.mtime_ns
            return Unchanged(None if is_right else content.signature)
        return _parse(path, content, self._root.path)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def _write(self, batch: Sequence[tuple[str, Outcome]]) -> None:
        """Write outcomes to the index; a note whose file changed meanwhile is read again."""
        for _ in range(MAX_ATTEMPTS):
            if not batch:
                return
            with self._db.transaction():
                current = [note for _, note in batch if isinstance(note, Prepared)]
                current = [note for note in current if _is_current(note)]
                self._write_notes(current)
                self._record([item for item in batch if not isinstance(item[1], Prepared)])
                if not self._root.is_loose:
                    roots.drop_loose_files(self._db, [path for path, _ in batch])
            written = {note.path for note in current}
            batch = [
                (path, self._examine(path))
                for path, outcome in batch
                if isinstance(outcome, Prepared) and path not in written
            ]
        with self._db.transaction():
            self._record([(path, reading.Unreadable("changes all the time")) for path, _ in batch])

    def _write_notes(self, current: Sequence[Prepared]) -> None:
        listed = [note.path for note in current]
        # Another process may have indexed some of them meanwhile.
        known = store.known_among(self._db, listed)
        known |= self._renamed([note for note in current if note.path not in known])
        if self._force:
            for before in known.values():
                chunks.drop(self._db, before.id)
        problems.forget(self._db, listed)
        writing: list[Writing] = []
        for note in current:
            namespace = self._rules.namespace(self._root, note.path, note.note.namespace)
            writing.append((note, namespace, known.get(note.path)))
            if note.problems:
                problems.set_problems(self._db, self._root.id, note.path, note.problems)
        self._report.chunks += store.write(self._db, self._root.id, writing)
        self._report.indexed += listed

    def _renamed(self, unknown: Sequence[Prepared]) -> dict[str, KnownNote]:
        """The notes that the index holds under an old name: same content, and that file is gone."""
        known = store.with_hash(self._db, [note.hash for note in unknown])
        renamed: dict[str, KnownNote] = {}
        for note in unknown:
            candidates = known.get(note.hash, [])
            before = next((c for c in candidates if not os.path.lexists(c.path)), None)
            if before is not None:
                candidates.remove(before)
                renamed[note.path] = before
        gone = [before.path for before in renamed.values()]
        problems.forget(self._db, gone)
        roots.drop_loose_files(self._db, gone)
        self._report.removed += gone
        return renamed

    def _record(self, outcomes: Sequence[tuple[str, Outcome]]) -> None:
        """Record files of which no note is written."""
        for path, outcome in outcomes:
            match outcome:
                case Unchanged(signature) if signature is not None:
                    store.touch(self._db, path, signature)
                case reading.Unreadable():
                    # The note stays in the index as it was when it could be read last.
                    self._report.failed[path] = outcome.why
                    found = [Problem(outcome.line, outcome.why)]
                    problems.set_problems(self._db, self._root.id, path, found, unread=True)
                    self._remember(path, outcome.signature)
                case reading.LeftOut():
                    self._remove(path)
                    if outcome.why is not None:
                        self._report.left_out[path] = outcome.why
                        found = [Problem(1, outcome.why)]
                        problems.set_problems(self._db, self._root.id, path, found)
                    self._remember(path, outcome.signature)
                case None:
                    self._remove(path)
        roots.drop_loose_files(self._db, [path for path, outcome in outcomes if outcome is None])

    def _remove(self, path: str) -> None:
        if store.remove(self._db, path):
            self._report.removed.append(path)

    def _remember(self, path: str, signature: Signature | None) -> None:
        """As long as a file without a note looks like this, a scan does not open it again."""
        if signature is not None:
            limit = self._rules.max_bytes(self._root)
            problems.set_no_note(self._db, self._root.id, path, signature, limit)


def _prepare(
    path: str, max_bytes: int, root: str
) -> Prepared | reading.LeftOut | reading.Unreadable | None:
    """Read and parse a file that the index does not know; needs no database."""
    content = reading.read(path, max_bytes)
    return _parse(path, content, root) if isinstance(content, reading.NoteContent) else content


def _parse(path: str, content: reading.NoteContent, root: str) -> Prepared:
    """A note as it is written to the index; `root`: its root's path, "" for a loose file."""
    name = _unicode(os.path.basename(path))
    stem, suffix = os.path.splitext(name)
    parsed = notes.parse(
        content.text, stem=stem, markdown=suffix.lower() not in paths.PLAIN_SUFFIXES
    )
    title = notes.readable(stem)
    names = () if title == parsed.note.title else (title,)
    folder = os.path.dirname(path)
    below = os.path.relpath(folder, root) if root and folder.startswith(f"{root}{os.sep}") else ""
    folders = [notes.readable(_unicode(part)) for part in below.split(os.sep) if part]
    return Prepared(
        path=path,
        signature=content.signature,
        mtime_ns=content.mtime_ns,
        hash=content.hash,
        note=parsed.note,
        names=names,
        chunks=chunks.prepare(parsed.note, parsed.chunks, names=names, folders=folders),
        problems=parsed.problems,
    )


def _unicode(name: str) -> str:
    """A file's name; bytes that are not UTF-8 become question marks."""
    return os.fsencode(name).decode("utf-8", "replace")


def _is_current(note: Prepared) -> bool:
    try:
        status = os.stat(note.path, follow_symlinks=False)
    except OSError:
        return False
    return signature_of(status) == note.signature._replace(mtime_ns=note.mtime_ns)
