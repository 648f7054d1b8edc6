"""The ways into the index: make it hold what a file or a folder holds now."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import NoteUnreadable, UsageError
from memcairn.indexing import scan
from memcairn.indexing.batch import BatchIndexer
from memcairn.indexing.report import IndexReport
from memcairn.indexing.rules import Rules
from memcairn.store import folders as store_folders
from memcairn.store import notes as store
from memcairn.store import roots, signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from memcairn.fs.signature import Signature
    from memcairn.settings.config import Config
    from memcairn.store.database import Database
    from memcairn.store.notes import KnownNote
    from memcairn.store.roots import Root
    from memcairn.store.signatures import NoNote


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
        self.progress = progress
        self._rules = Rules(db, config)

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
        self._rules.look_again()
        if not os.path.lexists(path):
            is_root = any(root.path == path for root in roots.roots(self._db))
            report = self.remove(path)
            if not (report.removed or is_root):
                raise NoteUnreadable("there is no such file or folder", path=path)
            return report
        root = self._rules.root_for(path) or self._new_root(path)
        if namespace is not None:
            self._rules.give_namespace(path, namespace)
        why = self._rules.trouble(root)
        if os.path.isdir(path) or path == root.path:
            report = self._index_folder(root, path, force=force)
            for inner in roots.roots(self._db):
                if inner.path != path and paths.is_inside(inner.path, path):
                    report.add(self._index_folder(inner, inner.path, force=force))
        elif why is not None:
            report = IndexReport(failed={path: why})
        else:
            report = self._below_a_file(path)
            self._files(root, report, force=force).index([path])
        if namespace is not None and why is None:
            self._rules.renew_namespaces(root)
        report.took_s = time.perf_counter() - started
        return report

    def index_changed(
        self, path: str, *, namespace: str | None = None, force: bool = False
    ) -> IndexReport:
        """Index a path that was reported as changed: that it is gone, or no note, is no error."""
        self._rules.look_again()
        if not os.path.lexists(path):
            return self.remove(path)
        if self._rules.root_for(path) is None and (
            any(paths.is_inside(path, root.path) for root in roots.roots(self._db))
            or not (os.path.isdir(path) or self._rules.is_note_name(path))
        ):
            report = self.remove(path)
            report.left_out[path] = "is no note"
            return report
        return self.index(path, namespace=namespace, force=force)

    def index_files(self, files: Iterable[str]) -> IndexReport:
        """Index single files of roots; one that is gone, or no note any more, leaves the index."""
        self._rules.look_again()
        report = IndexReport()
        by_root: dict[str, tuple[Root, list[str]]] = {}
        for path in dict.fromkeys(files):
            root = self._rules.root_for(path)
            why = None if root is None else self._rules.trouble(root)
            if root is None or (why and not os.path.lexists(path)):
                report.add(self.remove(path))
            elif why is not None:
                report.failed[path] = why
            else:
                by_root.setdefault(root.path, (root, []))[1].append(path)
        for root, listed in by_root.values():
            self._files(root, report).index(listed)
        return report

    def relist(self, folder: str, folders: Collection[str]) -> IndexReport:
        """Index what came to a folder, remove what went; notes that stayed are not looked at.

        Args:
            folder: one that a scan listed and whose mtime has moved.
            folders: all folders that scans listed.
        """
        self._rules.look_again()
        report = IndexReport()
        root = self._rules.root_for(folder)
        # A folder that a symlink leads to now is in no root.
        if root is None or not os.path.isdir(folder) or paths.real(folder) != folder:
            with self._db.transaction():
                for kept in roots.roots(self._db):
                    store_folders.forget(self._db, kept.id, folder)
                    if kept.path == folder:
                        # Looked for again at each search: a root may come back.
                        store_folders.add(self._db, kept.id, {folder: 0})
            return self._below_a_file(folder)
        if why := self._rules.trouble(root):
            report.failed[folder] = why
            return report
        known, _ = self._known(root, folder)
        found = scan.relist(self._rules.selection(root), folder, known, folders)
        self._files(root, report).index(found.changed, new=found.new)
        with self._db.transaction():
            self._remove_all(found.orphans, report)
            store_folders.add(self._db, root.id, found.folders)
        return report

    def remove(self, path: str) -> IndexReport:
        """Take a file, or everything below a folder, out of the index."""
        report = IndexReport()
        with self._db.transaction():
            self._remove_all((path, *signatures.below(self._db, path)), report)
        return report

    def _below_a_file(self, path: str) -> IndexReport:
        """Take out what was below a folder in whose place a file stands now, or nothing."""
        report = IndexReport()
        below = signatures.below(self._db, path)
        if below:
            with self._db.transaction():
                self._remove_all(below, report)
        return report

    def _remove_all(self, gone: Iterable[str], report: IndexReport) -> None:
        for path in gone:
            if store.remove(self._db, path):
                report.removed.append(path)

    def known(self, path: str) -> KnownNote | None:
        """What the index knows of a file; None if it holds no such note."""
        return store.known(self._db, path)

    def _new_root(self, path: str) -> Root:
        if not (os.path.isdir(path) or self._rules.is_note_name(path)):
            endings = " ".join(self._rules.extensions)
            raise UsageError("is no note", path=path, hint=f"notes end in {endings}")
        return self._rules.make_root(path)

    # ── work ─────────────────────────────────────────────────────────────────────────────────────

    def _index_folder(self, root: Root, folder: str, *, force: bool) -> IndexReport:
        started_at = time.time()
        if why := self._rules.trouble(root):
            return IndexReport(failed={folder: why})
        report = IndexReport()
        whole = folder == root.path
        known, no_notes = self._known(root, None if whole else folder)
        found = scan.walk(self._rules.selection(root), folder, known, force=force)
        passed_over = no_notes.keys() - known.keys() - set(found.changed)
        report.unchanged = found.seen - len(found.changed) - len(passed_over)
        report.failed |= {p: f"cannot be listed: {why}" for p, why in found.unread.items()}
        _tell_again({path: no_notes[path] for path in sorted(passed_over)}, report)
        self._files(root, report, force=force).index(found.changed, new=found.new)
        report.indexed.sort()
        with self._db.transaction():
            self._remove_all(found.orphans, report)
            store_folders.forget(self._db, root.id, folder)
            store_folders.add(self._db, root.id, found.folders)
            if whole:
                self._rules.renew_namespaces(root)
                roots.update(self._db, root.id, scanned_at=started_at)
        return report

    def _known(
        self, root: Root, folder: str | None
    ) -> tuple[dict[str, Signature], dict[str, NoNote]]:
        """Path -> signature of all files of a folder that were read, and those that are no notes."""
        known = signatures.of_files(self._db, root.id, folder)
        limit = self._rules.max_bytes(root)
        no_notes = signatures.of_no_notes(self._db, root.id, limit, folder)
        known |= {path: no_note.signature for path, no_note in no_notes.items()}
        return known, no_notes

    def _files(self, root: Root, report: IndexReport, *, force: bool = False) -> BatchIndexer:
        return BatchIndexer(
            self._db, self._rules, root, report, force=force, progress=self.progress
        )


def _tell_again(no_notes: dict[str, NoNote], report: IndexReport) -> None:
    """What was said of files that are no notes holds as long as they look the same."""
    for path, no_note in no_notes.items():
        if no_note.why is not None:
            (report.failed if no_note.unread else report.left_out)[path] = no_note.why
