"""Update the MEMORY.md of a root and its index pages on disk, or remove memcairn's part from them.

    lock the root
      changed notes ──► memory_md_note         a short transaction
      render(…)                                reads only the notes it needs
      pages, then MEMORY.md, then removals     each file is replaced as a whole
      store the cache, delete the changes      a short transaction

A crash at any point leaves whole files, each old or new, and the changes in index.db, so that the
next update completes the work.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from memcairn.errors import MemoryMdError
from memcairn.fs.signature import signature_of, storable_ns
from memcairn.memory_md import block, managed_roots, page_text, render_cache, root_files
from memcairn.memory_md import check as checks
from memcairn.memory_md.note_table import take_changes
from memcairn.memory_md.render import page_path, render
from memcairn.paths import MEMORY_MD, path_in_root
from memcairn.store import memory_md as store
from memcairn.store.memory_md import MemoryMdNotes

if TYPE_CHECKING:
    from datetime import date

    from memcairn.fs.sandbox import FileContent
    from memcairn.memory_md.check import Explanation
    from memcairn.memory_md.limits import Limits
    from memcairn.memory_md.render import MemoryMdFinding, Rendered
    from memcairn.memory_md.render_cache import RenderCache
    from memcairn.memory_md.root_files import RootFiles
    from memcairn.store.database import Database
    from memcairn.store.roots import Root

# Another program may write MEMORY.md between the reading and the writing of an attempt.
MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The result of an update.

    Of the `notes`, `listed` are in the block, `hand_linked` are linked outside it, and `folded` are
    on pages. `written` are the files that changed. `backup` is a copy of a MEMORY.md from before
    memcairn.
    """

    root: str
    notes: int
    listed: int
    hand_linked: int
    folded: int
    pages: int
    written: tuple[str, ...]
    findings: tuple[MemoryMdFinding, ...]
    backup: str | None = None


def refresh(
    db: Database, root: Root, limits: Limits, *, backups: str, rebuild: bool = False
) -> Refreshed:
    """Update the MEMORY.md of a root and its pages. A root without notes gets no MEMORY.md.

    Args:
        db: index.db; no transaction is open.
        root: a folder.
        limits: the limits of each file.
        backups: the folder for a copy of a MEMORY.md from before memcairn.
        rebuild: read all notes from the index and render everything.

    Raises:
        MemoryMdError: a file cannot be read or written. The notes are safe, and the changes stay
            recorded in index.db.
    """
    with root_files.open_files(root.path) as files:
        today = managed_roots.this_day()
        changes = take_changes(db, root, today, rebuild=rebuild)
        for _ in range(MAX_ATTEMPTS):
            done = _attempt(db, root, files, limits, today, backups, changes)
            if done is not None:
                return done
        raise MemoryMdError(
            "changes each time that memcairn updates it",
            path=MEMORY_MD,
            hint="the next change of a note tries again",
        )


def check(db: Database, root: Root, limits: Limits) -> list[MemoryMdFinding]:
    """The problems of a root's MEMORY.md and pages; none if an update would change nothing.

    Raises:
        MemoryMdError: a file cannot be read.
    """
    with root_files.open_files(root.path) as files:
        today = managed_roots.this_day()
        take_changes(db, root, today, rebuild=False)
        notes = MemoryMdNotes(db, root.id)
        present = _data(files.memory_md())
        return checks.check(present, files.pages(), notes, today=today, limits=limits)


def explain(db: Database, root: Root, path: str, limits: Limits) -> Explanation | None:
    """Explain the place of the note at an absolute path; None if the root has no such note.

    Raises:
        MemoryMdError: MEMORY.md cannot be read.
    """
    with root_files.open_files(root.path) as files:
        today = managed_roots.this_day()
        _, changed = take_changes(db, root, today, rebuild=False)
        pages = files.pages()
        return checks.explain(
            MemoryMdNotes(db, root.id),
            path_in_root(path, root.path),
            _data(files.memory_md()),
            today=today,
            limits=limits,
            cache=_cache(
                store.render_cache(db, root.id), {os.path.basename(page)[:-3] for page in pages}
            ),
            changed=changed,
            pages=pages,
        )


def _cache(text: str | None, page_names: set[str]) -> RenderCache | None:
    """The render cache of the last update, from its text; without its pages if one of them is gone."""
    cache = None if text is None else render_cache.loads(text)
    if cache is not None and not page_names.issuperset(cache.digests):
        return replace(cache, pages=())
    return cache


def _attempt(
    db: Database,
    root: Root,
    files: RootFiles,
    limits: Limits,
    today: date,
    backups: str,
    changes: tuple[int, list[str]],
) -> Refreshed | None:
    """Render and write; None if another program changed MEMORY.md in the meantime."""
    through, changed = changes
    before = files.memory_md()
    present = _data(before)
    existing = files.page_names()
    text = store.render_cache(db, root.id)
    cache = _cache(text, existing)
    notes = MemoryMdNotes(db, root.id)
    rendered = render(notes, present, today=today, limits=limits, cache=cache, changed=changed)
    if present is None and not rendered.notes:
        files.remove_pages(sorted(existing))
        return _result(root.path, rendered, [], None)
    written = files.write_pages(rendered.pages)
    backup = None
    if rendered.memory_md != present:
        if text is None and present is not None:
            backup = root_files.back_up(backups, root.path, present)
        if not files.write_memory_md(rendered.memory_md, before):
            return None
        written.append(MEMORY_MD)
    needed = {*rendered.cache.digests, *page_text.taken_names(notes.beside_pages())}
    files.remove_pages(sorted(existing - needed))
    after = files.memory_md()
    if after is None or after.data != rendered.memory_md:
        return None
    store.mark_current(
        db,
        root.id,
        day=today.toordinal(),
        signature=signature_of(after.status)._replace(
            mtime_ns=storable_ns(after.status.st_mtime_ns)
        ),
        cache=render_cache.dumps(rendered.cache),
        through=through,
    )
    return _result(root.path, rendered, written, backup)


def _result(root: str, rendered: Rendered, written: list[str], backup: str | None) -> Refreshed:
    return Refreshed(
        root=root,
        notes=rendered.notes,
        listed=rendered.listed,
        hand_linked=rendered.hand_linked,
        folded=rendered.folded,
        pages=len(rendered.cache.digests),
        written=tuple(written),
        findings=rendered.findings,
        backup=backup,
    )


def _data(content: FileContent | None) -> bytes | None:
    return None if content is None else content.data


# ── removal ──────────────────────────────────────────────────────────────────────────────────────


def withdraw(root: str, cache: str | None, backups: str) -> list[str]:
    """Remove the block from a root's MEMORY.md, and the index pages.

    A MEMORY.md from before memcairn is restored byte for byte, unless the text outside the block
    changed since. A MEMORY.md without other text is deleted.

    Args:
        root: the root's folder.
        cache: the stored render cache, which identifies the generated lines.
        backups: the folder with copies of a MEMORY.md from before memcairn.

    Returns:
        The files that changed.

    Raises:
        MemoryMdError: MEMORY.md is not a regular file, a file cannot be written, or another program
            has held the lock of the root for 30 seconds.
    """
    with root_files.open_files(root) as files:
        changed = [MEMORY_MD] if _remove_block(files, root, cache, backups) else []
        changed += map(page_path, files.remove_pages(sorted(files.page_names())))
    return [os.path.join(root, path) for path in changed]


def _remove_block(files: RootFiles, root: str, cache: str | None, backups: str) -> bool:
    present = files.memory_md()
    if present is None or b"<!-- memcairn:begin " not in present.data:
        return False
    loaded = render_cache.loads(cache) if cache is not None else None
    digests = loaded.line_digests if loaded is not None else frozenset[str]()
    around = block.read(present.data, lambda line: block.line_digest(line) in digests)
    remaining = _original(root, around, backups)
    if remaining is None:
        before = around.before
        if not around.after.strip():
            before = before.removesuffix(f"{block.HEADER}{around.newline * 2}")
        text = before + around.after.removeprefix(around.newline)
        if not text.strip("\ufeff \t\r\n"):
            files.remove_memory_md()
            return True
        remaining = text.encode("utf-8", "surrogateescape")
    return files.write_memory_md(remaining, present)


def _original(root: str, around: block.Surroundings, backups: str) -> bytes | None:
    """The backup of a MEMORY.md, if only the block was added to it since."""
    for content in root_files.backups_of(backups, root):
        original = block.read(content, lambda _: False)
        places = (original, block.at_top(original))
        if any((one.before, one.after) == (around.before, around.after) for one in places):
            return content
    return None
