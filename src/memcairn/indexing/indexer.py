"""The entry points of indexing: make the index hold what a file or a folder holds now."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import NoteError, NoteUnreadable, UsageError
from memcairn.fs.atomic import is_leftover
from memcairn.indexing import away_roots, scan
from memcairn.indexing.report import IndexReport
from memcairn.indexing.root_settings import RootSettings
from memcairn.store import folders as store_folders
from memcairn.store import roots, signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from memcairn.indexing.batch import BatchIndexer
    from memcairn.settings.config import Config
    from memcairn.store.database import Database
    from memcairn.store.notes import KnownNote
    from memcairn.store.roots import Root
    from memcairn.store.signatures import NoNote


class Indexer:
    """Indexes into one database.

    Args:
        db: index.db.
        config: the user's settings; each root's own file is read on top.
        progress: called with (done, total) as files are indexed.

    Attributes:
        deadline: when indexing stops, on the clock of `time.monotonic`; None for never. Each method then
            raises DeadlinePassed, and what was indexed before stays.
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
        self.deadline: float | None = None
        self._rules = RootSettings(db, config)

    # ── entry points ─────────────────────────────────────────────────────────────────────────────

    def index(self, path: str, *, namespace: str | None = None, force: bool = False) -> IndexReport:
        """Index a file or a folder; a folder that is in no root becomes one.

        Args:
            path: real path.
            namespace: the namespace that it gets from now on; "" removes the one that it has.
            force: read and write even files that look unchanged; of a root that is away, remove the
                notes.

        Raises:
            NoteUnreadable: there is nothing at `path`, and never was.
            UsageError: it is a file, but not a note.
        """
        started = time.perf_counter()
        self._rules.invalidate()
        if not os.path.lexists(path):
            report = IndexReport()
            is_root = any(root.path == path for root in self._rules.roots())
            gone = [path] if force and is_root else self._unless_away([path], report)
            report.add(self._remove(gone))
            if not (report.removed or report.failed or is_root):
                raise NoteUnreadable("there is no such file or folder", path=path)
            return report
        if os.path.isdir(path):
            report = self._index_tree(path, namespace=namespace, force=force)
        else:
            report = self._index_files([path], namespace=namespace, force=force, asked=True)
            if path in report.left_out and not self._rules.is_note_name(path):
                endings = " ".join(self._rules.extensions)
                raise UsageError("not a note", path=path, hint=f"notes end in {endings}")
        report.took_s = time.perf_counter() - started
        return report

    def index_changed(
        self, path: str, *, namespace: str | None = None, force: bool = False
    ) -> IndexReport:
        """Index a path that was reported as changed; if it is gone or not a note, it is removed."""
        if not os.path.isdir(path):
            return self.index_files([path], namespace=namespace, force=force)
        self._rules.invalidate()
        is_inside = any(paths.is_inside(path, root.path) for root in self._rules.roots())
        if is_inside and self._rules.root_for(path) is None:
            report = self._remove([path])
            report.left_out[path] = "not a folder of notes"
            return report
        return self.index(path, namespace=namespace, force=force)

    def index_files(
        self,
        files: Iterable[str],
        *,
        namespace: str | None = None,
        force: bool = False,
        own: bool = False,
        report: IndexReport | None = None,
    ) -> IndexReport:
        """Index single files, many in one transaction; one that is gone or not a note is removed.

        Args:
            files: real paths.
            namespace: as in `index`.
            force: as in `index`.
            own: memcairn changed these files itself, so all notes of a root may be gone.
            report: receives the results: if an exception is raised, what was done before it.
        """
        self._rules.invalidate()
        return self._index_files(files, namespace=namespace, force=force, own=own, report=report)

    def relist(self, folder: str, folders: Collection[str]) -> IndexReport:
        """Index the files that came to a folder, remove those that left; the others are not checked.

        Args:
            folder: one that a scan listed and whose mtime changed.
            folders: all folders that scans listed.
        """
        self._rules.invalidate()
        report = IndexReport()
        if not self._unless_away([folder], report):
            return report
        root = self._rules.root_for(folder)
        # A folder that is reached through a symlink now is in no root.
        if root is None or not os.path.isdir(folder) or paths.real(folder) != folder:
            with self._db.transaction():
                for each in self._rules.roots():
                    # A root may come back: each search checks it again.
                    stays = {folder: 0} if each.path == folder else {}
                    store_folders.replace(self._db, each.id, folder, stays)
                self._remove_all(signatures.below(self._db, folder), report)
            return report
        if why := self._rules.trouble(root):
            report.failed[folder] = why
            return report
        known, inner = signatures.directly_in(
            self._db, root.id, folder, self._rules.max_bytes(root)
        )
        found = scan.relist(
            self._rules.selection(root),
            folder,
            known,
            inner,
            folders,
            lambda below: self._known(root, below)[0],
        )
        self._batch(root, report).index(found.changed, new=found.new)
        with self._db.transaction():
            self._remove_all(found.orphans, report)
            store_folders.add(self._db, root.id, found.folders)
        return report

    def _remove(self, gone: Iterable[str]) -> IndexReport:
        """Remove files, or everything below folders, from the index."""
        report = IndexReport()
        with self._db.transaction():
            for path in gone:
                self._remove_all((path, *signatures.below(self._db, path)), report)
        return report

    def known(self, path: str) -> KnownNote | None:
        """What the index knows of a file; None if it holds no such note."""
        from memcairn.store import notes  # noqa: PLC0415 - as in `_batch`

        return notes.known(self._db, path)

    # ── files ────────────────────────────────────────────────────────────────────────────────────

    def _index_files(
        self,
        files: Iterable[str],
        *,
        namespace: str | None,
        force: bool,
        asked: bool = False,
        own: bool = False,
        report: IndexReport | None = None,
    ) -> IndexReport:
        report = IndexReport() if report is None else report
        by_root: dict[int, tuple[Root, list[str]]] = {}
        gone, replaced = [], []
        for path in dict.fromkeys(files):
            if not os.path.lexists(path):
                gone.append(path)
                continue
            # A file may have taken the place of a folder.
            replaced += signatures.below(self._db, path)
            root = self._rules.root_for_file(path, asked=asked)
            if root is None:
                gone.append(path)
                report.left_out[path] = "not a note"
            elif why := self._rules.trouble(root):
                report.failed[path] = why
            else:
                by_root.setdefault(root.id, (root, []))[1].append(path)
        if gone or replaced:
            gone = self._unless_away((*gone, *replaced), report, own=own)
            report.add(self._remove(gone))
        for root, listed in by_root.values():
            self._index_in(root, listed, report, namespace=namespace, force=force)
        return report

    def _index_in(
        self,
        root: Root,
        files: list[str],
        report: IndexReport,
        *,
        namespace: str | None,
        force: bool,
    ) -> None:
        """Index files of one root."""
        from memcairn.store import notes  # noqa: PLC0415 - as in `_batch`

        if root.is_loose:
            roots.add_loose_files(self._db, files)
        if namespace is not None:
            self._rules.give_namespace(files, namespace)
        new = set(files) - notes.known_among(self._db, files).keys()
        self._batch(root, report, force=force).index(files, new=new)
        if root.is_loose or namespace is not None:
            self._rules.renew_namespaces(root)

    # ── folders ──────────────────────────────────────────────────────────────────────────────────

    def _index_tree(self, path: str, *, namespace: str | None, force: bool) -> IndexReport:
        """Index a folder and the roots in it."""
        root = self._rules.root_for(path) or self._rules.make_root(path)
        if namespace is not None:
            self._rules.give_namespace([path], namespace)
        report = self._index_folder(root, path, force=force, confirmed=force and path == root.path)
        for inner in self._rules.roots():
            if inner.path != path and paths.is_inside(inner.path, path):
                report.add(self._index_folder(inner, inner.path, force=force))
        if namespace is not None and not self._rules.trouble(root):
            self._rules.renew_namespaces(root)
        return report

    def _index_folder(
        self, root: Root, folder: str, *, force: bool, confirmed: bool = False
    ) -> IndexReport:
        """Index a folder of a root; `confirmed`: the root may be away, its notes are removed then."""
        started_at = time.time()
        identity = away_roots.identity(root.path)
        if why := self._rules.broken(root) if confirmed else self._rules.trouble(root):
            return IndexReport(failed={folder: why})
        report = IndexReport()
        whole = folder == root.path
        known, no_notes = self._known(root, None if whole else folder)
        found = scan.walk(self._rules.selection(root), folder, known, force=force)
        # The disk may have been removed during the walk.
        if found.orphans and not confirmed and (why := self._rules.away(root)):
            return IndexReport(failed={folder: why})
        passed_over = no_notes.keys() - known.keys() - set(found.changed)
        report.unchanged = found.seen - len(found.changed) - len(passed_over)
        report.links, report.named_out = found.links, found.named_out
        report.failed |= {p: f"cannot be listed: {why}" for p, why in found.unread.items()}
        _report_again({path: no_notes[path] for path in sorted(passed_over)}, report)
        if found.changed:
            self._batch(root, report, force=force).index(found.changed, new=found.new)
            report.indexed.sort()
        _remove_leftovers(root.path, found.temporary)
        with self._db.transaction():
            self._remove_all(found.orphans, report)
            store_folders.replace(self._db, root.id, folder, found.folders)
            if whole:
                self._rules.renew_namespaces(root)
                device, inode = identity or (None, None)
                roots.update(
                    self._db,
                    root.id,
                    scanned_at=started_at,
                    device=device,
                    inode=inode,
                    links=found.links,
                    named_out=found.named_out,
                )
        return report

    def _unless_away(
        self, gone: Iterable[str], report: IndexReport, *, own: bool = False
    ) -> list[str]:
        """The paths to remove from the index, without those in a root that is away: they have failed."""
        reasons = {
            root.path: why
            for root in self._rules.roots()
            if (why := self._rules.away(root, own=own))
        }
        allowed = []
        for path in gone:
            concerned = [
                root
                for root in reasons
                if paths.is_inside(path, root) or paths.is_inside(root, path)
            ]
            if not concerned:
                allowed.append(path)
                continue
            report.failed[path] = reasons[concerned[0]]
            allowed += [
                file
                for file in signatures.below(self._db, path)
                if not any(paths.is_inside(file, root) for root in concerned)
            ]
        return allowed

    # ── shared ───────────────────────────────────────────────────────────────────────────────────

    def _known(
        self, root: Root, folder: str | None
    ) -> tuple[dict[str, tuple[int, int, int]], dict[str, NoNote]]:
        return signatures.of_files(self._db, root.id, self._rules.max_bytes(root), folder)

    def _remove_all(self, gone: Collection[str], report: IndexReport) -> None:
        if gone:
            from memcairn.store import notes  # noqa: PLC0415 - as in `_batch`

            report.removed += [path for path in gone if notes.remove(self._db, path)]
            roots.drop_loose_files(self._db, gone)

    def _batch(self, root: Root, report: IndexReport, *, force: bool = False) -> BatchIndexer:
        # What parses notes takes longer to load than most scans, which find no change.
        from memcairn.indexing.batch import BatchIndexer  # noqa: PLC0415

        return BatchIndexer(
            self._db, self._rules, root, report, force=force, progress=self.progress,
            deadline=self.deadline,
        )  # fmt: skip


def _remove_leftovers(root: str, temporary: Sequence[str]) -> None:
    """Remove the temporary files that killed processes left, while nobody else writes to the root."""
    leftovers = list(filter(is_leftover, temporary))
    if not leftovers:
        return
    from pathlib import Path  # noqa: PLC0415 - few scans need it

    from memcairn.fs.sandbox import open_root  # noqa: PLC0415 - as above

    with contextlib.suppress(NoteError, OSError), open_root(Path(root)) as top, top.lock():
        for path in leftovers:
            os.unlink(path)


def _report_again(no_notes: dict[str, NoNote], report: IndexReport) -> None:
    """What was reported of files that are not notes holds as long as they look the same."""
    for path, no_note in no_notes.items():
        if no_note.why is not None:
            (report.failed if no_note.unread else report.left_out)[path] = no_note.why
