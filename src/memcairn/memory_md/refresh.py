"""Bring the MEMORY.md of a root and its index pages up to date, on disk.

    the lock of the root
      what changed ──► memory_md_note          a short transaction
      render.update(…)                         reads what it needs
      pages, then MEMORY.md, then removals     each file replaced as a whole
      what was kept, changes forgotten         a short transaction

A crash at any point leaves whole files, each old or new, and the changes in index.db: the next
update makes up for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from memcairn.errors import MemoryMdError
from memcairn.fs.signature import signature_of, storable_ns
from memcairn.memory_md import check as checks
from memcairn.memory_md import current, page_text, root_files
from memcairn.memory_md import render_cache as keeping
from memcairn.memory_md.backups import back_up
from memcairn.memory_md.indexed_notes import IndexedNotes, facts_of, row_of
from memcairn.memory_md.rank import sort_key
from memcairn.memory_md.render import update
from memcairn.paths import MEMORY_MD, PAGES_FOLDER, path_in_root
from memcairn.store import memory_md as store

if TYPE_CHECKING:
    from datetime import date

    from memcairn.fs.sandbox import FileContent
    from memcairn.memory_md.check import Explanation
    from memcairn.memory_md.findings import MemoryMdFinding
    from memcairn.memory_md.limits import Limits
    from memcairn.memory_md.rank import NoteFacts
    from memcairn.memory_md.render import Rendered
    from memcairn.memory_md.render_cache import RenderCache
    from memcairn.memory_md.root_files import RootFiles
    from memcairn.store.database import Database
    from memcairn.store.roots import Root

# Somebody may write MEMORY.md while we make a new one; it is made anew this often.
MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What an update did.

    Of the `notes`, `listed` stand in the block, `by_hand` are linked outside of it, and `folded`
    stand on pages. `written` are the files that changed, `backup` is a copy of a MEMORY.md that was
    there before us.
    """

    root: str
    notes: int
    listed: int
    by_hand: int
    folded: int
    pages: int
    written: tuple[str, ...]
    findings: tuple[MemoryMdFinding, ...]
    backup: str | None = None


def refresh(
    db: Database, root: Root, limits: Limits, *, backups: str, rebuild: bool = False
) -> Refreshed:
    """Bring one root's MEMORY.md and pages up to date; from now on it is kept.

    Args:
        db: index.db; no transaction is open.
        root: a folder.
        limits: what a file may hold.
        backups: the folder for a copy of a MEMORY.md that was there before us.
        rebuild: make everything anew from what the index says of each note.

    Raises:
        MemoryMdError: a file cannot be read or written; the notes are safe, and so is what is told
            in index.db of what is left to do.
    """
    with root_files.opened(root.path) as files:
        today = current.this_day()
        changes = _take_changes(db, root, today, rebuild=rebuild)
        for _ in range(MAX_ATTEMPTS):
            done = _attempt(db, root, files, limits, today, backups, changes)
            if done is not None:
                return done
        raise MemoryMdError(
            "is written all the time",
            path=MEMORY_MD,
            hint="the next change of a note tries again",
        )


def check(db: Database, root: Root, limits: Limits) -> list[MemoryMdFinding]:
    """What is wrong with a root's MEMORY.md and pages; nothing if an update would change nothing.

    Raises:
        MemoryMdError: a file cannot be read.
    """
    with root_files.opened(root.path) as files:
        today = current.this_day()
        facts = _facts(db, root, today)
        present = _data(files.memory_md())
        return checks.check(present, files.pages(), facts, today=today, limits=limits)


def explain(db: Database, root: Root, path: str, limits: Limits) -> Explanation | None:
    """Why a note stands where it stands; None if it is no note of this root.

    Args:
        db: index.db.
        root: its root.
        path: its absolute path.
        limits: what a file may hold.

    Raises:
        MemoryMdError: MEMORY.md cannot be read.
    """
    with root_files.opened(root.path) as files:
        today = current.this_day()
        facts = _facts(db, root, today)
        note = path_in_root(path, root.path)
        return checks.explain(facts, note, _data(files.memory_md()), today=today, limits=limits)


# ── steps ────────────────────────────────────────────────────────────────────────────────────────


def _facts(db: Database, root: Root, today: date) -> list[NoteFacts]:
    _take_changes(db, root, today, rebuild=False)
    return [facts_of(row) for row in store.since(db, root.id, b"")]


def _take_changes(db: Database, root: Root, today: date, *, rebuild: bool) -> tuple[int, list[str]]:
    """Bring what MEMORY.md says of single notes up to date.

    Returns:
        The number of the last change, and the paths, from the root, of what changed since the files
        were written. They stay recorded in index.db.
    """
    with db.transaction():
        everything = store.begin(db, root.id) or rebuild
        changed, through = store.changed(db, root.id)
        if everything:
            store.clear(db, root.id)
            notes = store.all_indexed(db, root.id, today.toordinal())
            rows = [row_of(note, root.path, today) for note in notes]
            store.put(db, root.id, rows)
            # What was kept does not know of these.
            store.forget_kept(db, root.id)
        else:
            changed = [*{*changed, *store.of_the_day(db, root.id, today.toordinal())}]
            found = [
                (path, store.indexed(db, root.id, path, today.toordinal())) for path in changed
            ]
            store.put(db, root.id, [row_of(note, root.path, today) for _, note in found if note])
            gone = [sort_key(path_in_root(path, root.path)) for path, note in found if not note]
            store.drop(db, root.id, gone)
    return through, [path_in_root(path, root.path) for path in changed]


def _attempt(
    db: Database,
    root: Root,
    files: RootFiles,
    limits: Limits,
    today: date,
    backups: str,
    changes: tuple[int, list[str]],
) -> Refreshed | None:
    """Render and write; None if MEMORY.md was changed by somebody else meanwhile."""
    through, changed = changes
    before = files.memory_md()
    present = _data(before)
    text = store.kept(db, root.id)
    kept = None if text is None else keeping.loads(text)
    there = files.page_names()
    if kept is None or not there.issuperset(kept.files):
        changed = []
        kept = _without_pages(kept)
    view = IndexedNotes(db, root.id)
    rendered = update(view, present, today=today, limits=limits, kept=kept, changed=changed)
    written = files.write_pages(rendered.pages)
    backup = None
    if rendered.memory_md != present:
        if text is None and present is not None:
            backup = back_up(backups, root.path, present)
        if not files.write_memory_md(rendered.memory_md, before):
            return None
        written.append(MEMORY_MD)
    notes = page_text.taken_names(view.in_folder(PAGES_FOLDER))
    files.remove_pages(sorted(there - set(rendered.kept.files) - notes))
    after = files.memory_md()
    if after is None or after.data != rendered.memory_md:
        return None
    store.written(
        db,
        root.id,
        day=today.toordinal(),
        signature=signature_of(after.status)._replace(
            mtime_ns=storable_ns(after.status.st_mtime_ns)
        ),
        kept=keeping.dumps(rendered.kept),
        through=through,
    )
    return _refreshed(root.path, rendered, written, backup)


def _refreshed(root: str, rendered: Rendered, written: list[str], backup: str | None) -> Refreshed:
    return Refreshed(
        root=root,
        notes=rendered.notes,
        listed=rendered.listed,
        by_hand=rendered.by_hand,
        folded=rendered.folded,
        pages=len(rendered.kept.files),
        written=tuple(written),
        findings=rendered.findings,
        backup=backup,
    )


def _data(content: FileContent | None) -> bytes | None:
    return None if content is None else content.data


def _without_pages(kept: RenderCache | None) -> RenderCache | None:
    """What of `kept` holds when pages have to be made anew: whose lines are ours, and no page."""
    return None if kept is None else replace(kept, pages=())
