"""Make the index hold what a file or a folder holds now.

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
import time
from typing import TYPE_CHECKING

from memcairn import paths, reading, scan
from memcairn.errors import NoteUnreadable, UsageError
from memcairn.labels import Labels
from memcairn.notes.note import Problem, parse
from memcairn.report import IndexReport
from memcairn.signature import Signature, signature_of
from memcairn.store import chunks, roots
from memcairn.store import folders as store_folders
from memcairn.store import notes as store
from memcairn.store.notes import KnownNote, Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from memcairn.config import Config
    from memcairn.store.database import Database
    from memcairn.store.roots import Root

BATCH_NOTES = 500
BATCH_BYTES = 2 * 1024 * 1024
# A file that is written all the while is read this often before it counts as one that never rests.
TRIES = 5


class Indexer:
    """Indexes into one database.

    Args:
        db: index.db.
        config: the settings; each root's own file is read on top.
        progress: called with (done, total) as files are worked through.
    """

    def __init__(
        self,
        db: Database,
        config: Config,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._db = db
        self._config = config
        self.progress = progress
        self._selections: dict[str, scan.Selection] = {}
        self._configs: dict[str, Config] = {}
        self._labels = Labels(db)

    # ── ways in ──────────────────────────────────────────────────────────────────────────────────

    def index(self, path: str, *, namespace: str | None = None, force: bool = False) -> IndexReport:
        """Index a file or a folder; what is in no root yet becomes one.

        Args:
            path: real path.
            namespace: the label that it gets from now on; "" takes an earlier one back.
            force: read and write anew even what looks unchanged.

        Raises:
            NoteUnreadable: there is nothing at `path`, and never was.
        """
        started = time.perf_counter()
        self._look_at_rules_again()
        if not os.path.lexists(path):
            is_root = any(root.path == path for root in roots.roots(self._db))
            report = self.remove(path)
            if not (report.removed or is_root):
                raise NoteUnreadable("there is no such file or folder", path=path)
            return report
        root = self._root_for(path)
        if root is None:
            if not (os.path.isdir(path) or self._is_note_name(path)):
                endings = " ".join(self._config["index.extensions"])
                raise UsageError("is no note", path=path, hint=f"notes end in {endings}")
            root = self._make_root(path)
        if namespace is not None:
            self._labels.give(path, namespace)
        if os.path.isdir(path) or path == root.path:
            report = self._index_folder(root, path, force=force)
            for inner in roots.roots(self._db):
                if inner.path != path and paths.is_inside(inner.path, path):
                    report.add(self._index_folder(inner, inner.path, force=force))
        else:
            report = self._below_a_file(path)
            self._index_files(root, [path], report, force=force)
        if namespace is not None:
            self._labels.renew(root, self.config(root))
        report.took_s = time.perf_counter() - started
        return report

    def index_changed(
        self, path: str, *, namespace: str | None = None, force: bool = False
    ) -> IndexReport:
        """Index a path that was reported as changed: that it is gone, or no note, is no error."""
        self._look_at_rules_again()
        if not os.path.lexists(path):
            return self.remove(path)
        if self._root_for(path) is None and (
            any(paths.is_inside(path, root.path) for root in roots.roots(self._db))
            or not (os.path.isdir(path) or self._is_note_name(path))
        ):
            report = self.remove(path)
            report.left_out[path] = "is no note"
            return report
        return self.index(path, namespace=namespace, force=force)

    def _is_note_name(self, path: str) -> bool:
        suffix = os.path.splitext(path)[1].lower()
        return suffix in {ending.lower() for ending in self._config["index.extensions"]}

    def index_files(self, files: Iterable[str], *, force: bool = False) -> IndexReport:
        """Index single files of roots; one that is gone, or no note any more, leaves the index."""
        self._look_at_rules_again()
        report = IndexReport()
        by_root: dict[str, tuple[Root, list[str]]] = {}
        for path in dict.fromkeys(files):
            root = self._root_for(path)
            if root is None:
                report.add(self.remove(path))
            else:
                by_root.setdefault(root.path, (root, []))[1].append(path)
        for root, listed in by_root.values():
            self._index_files(root, listed, report, force=force)
        return report

    def relist(self, folder: str, folders: Collection[str]) -> IndexReport:
        """Index what came to a folder, remove what went; notes that stayed are not looked at.

        Args:
            folder: one that a scan listed and whose mtime has moved.
            folders: all folders that scans listed.
        """
        self._look_at_rules_again()
        report = IndexReport()
        root = self._root_for(folder)
        # A folder that a symlink leads to now is in no root.
        if root is None or not os.path.isdir(folder) or paths.real(folder) != folder:
            with self._db.transaction():
                for kept in roots.roots(self._db):
                    store_folders.forget(self._db, kept.id, folder)
                    if kept.path == folder:
                        # Looked for again at each search: a root may come back.
                        store_folders.add(self._db, kept.id, {folder: 0})
            return self._below_a_file(folder)
        known = store.signatures(self._db, root.id, folder)
        found = scan.relist(self.selection(root), folder, known, folders)
        self._index_files(root, found.changed, report, force=False)
        with self._db.transaction():
            self._remove_all(found.orphans, report)
            store_folders.add(self._db, root.id, found.folders)
        return report

    def remove(self, path: str) -> IndexReport:
        """Take a file, or everything below a folder, out of the index."""
        report = IndexReport()
        with self._db.transaction():
            self._remove_all((path, *store.below(self._db, path)), report)
        return report

    def _below_a_file(self, path: str) -> IndexReport:
        """Take out what was below a folder in whose place a file stands now, or nothing."""
        report = IndexReport()
        below = store.below(self._db, path)
        if below:
            with self._db.transaction():
                self._remove_all(below, report)
        return report

    def _remove_all(self, gone: Iterable[str], report: IndexReport) -> None:
        for path in gone:
            if store.remove(self._db, path):
                report.removed.append(path)

    def signature(self, path: str) -> Signature | None:
        """What the index holds as the signature of a file; None if it holds no such note."""
        note = store.known(self._db, path)
        return None if note is None else note.signature

    # ── roots ────────────────────────────────────────────────────────────────────────────────────

    def _look_at_rules_again(self) -> None:
        """Roots, settings, ignore files and namespaces may have changed since the last call."""
        self._selections.clear()
        self._configs.clear()
        self._labels.look_again()

    def _root_for(self, path: str) -> Root | None:
        """The innermost root that takes `path`."""
        enclosing = [r for r in roots.roots(self._db) if paths.is_inside(path, r.path)]
        for root in sorted(enclosing, key=lambda r: len(r.path), reverse=True):
            if self.selection(root).takes(path, is_folder=os.path.isdir(path)):
                return root
        return None

    def _make_root(self, path: str) -> Root:
        root = roots.add(self._db, path)
        self._selections.clear()  # what is a root is no part of another one
        return root

    def config(self, root: Root) -> Config:
        """The settings that hold in a root."""
        if root.path not in self._configs:
            self._configs[root.path] = self._config.for_root(root.path)
        return self._configs[root.path]

    def selection(self, root: Root) -> scan.Selection:
        """Which files of a root are notes."""
        if root.path not in self._selections:
            others = [other.path for other in roots.roots(self._db)]
            self._selections[root.path] = scan.Selection(root.path, self.config(root), others)
        return self._selections[root.path]

    # ── work ─────────────────────────────────────────────────────────────────────────────────────

    def _index_folder(self, root: Root, folder: str, *, force: bool) -> IndexReport:
        started_at = time.time()
        report = IndexReport()
        whole = folder == root.path
        known = store.signatures(self._db, root.id, None if whole else folder)
        found = scan.walk(self.selection(root), folder, known, force=force)
        report.unchanged = found.seen - len(found.changed)
        report.failed |= {p: f"cannot be listed: {why}" for p, why in found.unread.items()}
        self._index_files(root, found.changed, report, force=force)
        with self._db.transaction():
            self._remove_all(found.orphans, report)
            store_folders.forget(self._db, root.id, folder)
            store_folders.add(self._db, root.id, found.folders)
            if whole:
                self._labels.renew(root, self.config(root))
                roots.update(self._db, root.id, scanned_at=started_at)
        return report

    def _index_files(
        self,
        root: Root,
        files: Sequence[str],
        report: IndexReport,
        *,
        force: bool,
    ) -> None:
        batch: list[tuple[Prepared, KnownNote | None]] = []
        size = 0
        for number, path in enumerate(files, 1):
            prepared = self._try_to_prepare(root, path, report, force=force)
            if prepared is not None:
                batch.append(prepared)
                size += prepared[0].signature.size_bytes
            if len(batch) >= BATCH_NOTES or size >= BATCH_BYTES:
                self._write(root, batch, report, force=force)
                batch, size = [], 0
            if self.progress is not None:
                self.progress(number, len(files))
        self._write(root, batch, report, force=force)

    def _try_to_prepare(
        self, root: Root, path: str, report: IndexReport, *, force: bool
    ) -> tuple[Prepared, KnownNote | None] | None:
        """Like `_prepare`; a file that cannot be read is recorded as that."""
        try:
            return self._prepare(root, path, report, force=force)
        except NoteUnreadable as error:
            self._record_unread(root, path, error, report)
            return None

    def _prepare(
        self, root: Root, path: str, report: IndexReport, *, force: bool
    ) -> tuple[Prepared, KnownNote | None] | None:
        """Read and take apart one file; None if the index needs no write for its text."""
        before = store.known(self._db, path)
        read = None
        if self.selection(root).takes(path):
            read = reading.read(path, self.config(root)["index.max_file_bytes"])
        if read is None or isinstance(read, reading.LeftOut):
            # Gone, or no note any more (ignored, binary, too large).
            with self._db.transaction():
                if store.remove(self._db, path):
                    report.removed.append(path)
                if isinstance(read, reading.LeftOut):
                    report.left_out[path] = read.why
                    store.set_problems(self._db, root.id, path, [Problem(1, read.why)])
            return None
        if before is None:
            before = self._renamed_from(read.hash)
        elif before.hash == read.hash and before.root == root.id and not force:
            if before.signature != read.signature:
                store.touch(self._db, path, read.signature)
            report.unchanged += 1
            return None
        return self._parse(root, path, read, before), before

    def _parse(
        self, root: Root, path: str, read: reading.Content, before: KnownNote | None
    ) -> Prepared:
        name = os.fsencode(os.path.basename(path)).decode("utf-8", "replace")
        stem, suffix = os.path.splitext(name)
        text = read.text
        held = chunks.hashes(self._db, before.id) if before is not None else ()
        parsed = parse(text, stem=stem, markdown=suffix.lower() not in paths.PLAIN_SUFFIXES)
        return Prepared(
            path=path,
            signature=read.signature,
            mtime_ns=read.mtime_ns,
            hash=read.hash,
            namespace=self._labels.of(root, self.config(root), path, parsed.note.namespace),
            note=parsed.note,
            chunks=chunks.prepare(parsed.note, parsed.chunks, held),
            problems=parsed.problems,
        )

    def _renamed_from(self, digest: bytes) -> KnownNote | None:
        """A note with the same content whose file is gone: this one is that note, renamed."""
        for candidate in store.with_hash(self._db, digest):
            if not os.path.lexists(candidate.path):
                return candidate
        return None

    def _write(
        self,
        root: Root,
        batch: Sequence[tuple[Prepared, KnownNote | None]],
        report: IndexReport,
        *,
        force: bool,
    ) -> None:
        """Write notes to the index; one whose file moves on meanwhile is taken apart again."""
        for _ in range(TRIES):
            if not batch:
                return
            again = self._write_current(root, batch, report, force=force)
            prepared = (self._try_to_prepare(root, path, report, force=force) for path in again)
            batch = [found for found in prepared if found is not None]
        for note, _before in batch:
            self._record_unread(
                root, note.path, NoteUnreadable("is written all the time", path=note.path), report
            )

    def _write_current(
        self,
        root: Root,
        batch: Sequence[tuple[Prepared, KnownNote | None]],
        report: IndexReport,
        *,
        force: bool,
    ) -> list[str]:
        """Write, in one transaction; returns the paths of those that are older than their files."""
        again: list[str] = []
        ready: list[tuple[Prepared, KnownNote | None]] = []
        renamed: set[int] = set()
        with self._db.transaction():
            for prepared, before in batch:
                if not _is_current(prepared):
                    again.append(prepared.path)
                    continue
                # Another process may have indexed it while we were parsing.
                now = store.known(self._db, prepared.path)
                if now is None and before is not None and before.id not in renamed:
                    # Renamed; unless somebody else has taken that note, or brought its file back.
                    taken = store.known(self._db, before.path)
                    gone = not os.path.lexists(before.path)
                    if gone and taken is not None and taken.id == before.id:
                        now = before
                        renamed.add(now.id)
                        store.remove_problems(self._db, before.path)
                        report.removed.append(before.path)
                if force and now is not None:
                    chunks.drop(self._db, now.id)
                ready.append((prepared, now))
                report.indexed.append(prepared.path)
            report.chunks += store.write(self._db, root.id, ready)
        return again

    def _record_unread(
        self, root: Root, path: str, error: NoteUnreadable, report: IndexReport
    ) -> None:
        """The note stays in the index as it was when it could be read last; the problem is listed."""
        report.failed[path] = error.message
        with self._db.transaction():
            problem = Problem(error.line, error.message)
            store.set_problems(self._db, root.id, path, [problem], unread=True)


def _is_current(prepared: Prepared) -> bool:
    try:
        status = os.stat(prepared.path, follow_symlinks=False)
    except OSError:
        return False
    was = prepared.signature._replace(mtime_ns=prepared.mtime_ns)
    return signature_of(status) == was
