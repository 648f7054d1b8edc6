"""Bring the MEMORY.md of a root and its index pages up to date, on disk.

    the lock of the root
      what changed ──► memory_md_note          a short transaction
      render.update(…)                         reads what it needs
      pages, then MEMORY.md, then removals     each file replaced as a whole
      what was kept, changes forgotten         a short transaction

A crash at any point leaves whole files, each old or new, and the changes in index.db: the next
update makes up for it. Nothing is written through a symlink, and no file is replaced that is not ours.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sqlite3
import stat
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn import atomic, lock, paths
from memcairn.errors import MemoryMdError
from memcairn.memory_md import check as checks
from memcairn.memory_md import kept as keeping
from memcairn.memory_md import page_text
from memcairn.memory_md.indexed_notes import IndexedNotes, facts_of, path_in_root, row_of
from memcairn.memory_md.rank import sort_key
from memcairn.memory_md.render import page_path, update
from memcairn.paths import MEMORY_MD, PAGES_FOLDER
from memcairn.store import memory_md as store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from memcairn.memory_md.check import Explanation
    from memcairn.memory_md.findings import Finding
    from memcairn.memory_md.kept import Kept
    from memcairn.memory_md.limits import Limits
    from memcairn.memory_md.rank import NoteFacts
    from memcairn.memory_md.render import Rendered
    from memcairn.store.database import Database
    from memcairn.store.memory_md import Signature
    from memcairn.store.roots import Root

# Somebody may write MEMORY.md while we make a new one; it is made anew this often.
TRIES = 5
# A MEMORY.md or page beyond this is not one.
_MOST_BYTES = 16 * 1024 * 1024
_BINARY = getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _BINARY


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
    findings: tuple[Finding, ...]
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
    with _reported(root.path), _locked(root.path):
        today = this_day()
        changes = _take_changes(db, root, today, rebuild=rebuild)
        for _ in range(TRIES):
            done = _attempt(db, root, limits, today, backups, changes)
            if done is not None:
                return done
    raise MemoryMdError(
        "is written all the time",
        path=os.path.join(root.path, MEMORY_MD),
        hint="the next change of a note tries again",
    )


def check(db: Database, root: Root, limits: Limits) -> list[Finding]:
    """What is wrong with a root's MEMORY.md and pages; nothing if an update would change nothing.

    Raises:
        MemoryMdError: a file cannot be read.
    """
    with _reported(root.path), _locked(root.path):
        today = this_day()
        facts = _facts(db, root, today)
        present, _ = _read_memory_md(root.path)
        return checks.check(present, _pages(root.path), facts, today=today, limits=limits)


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
    with _reported(root.path), _locked(root.path):
        today = this_day()
        facts = _facts(db, root, today)
        present, _ = _read_memory_md(root.path)
        return checks.explain(
            facts, path_in_root(path, root.path), present, today=today, limits=limits
        )


def read(root: str) -> bytes | None:
    """The bytes of a root's MEMORY.md, None if there is none.

    Raises:
        MemoryMdError: it cannot be read, or is no regular file.
    """
    with _reported(root):
        return _read_memory_md(root)[0]


def this_day() -> date:
    """Today, by UTC: processes in different time zones agree on it."""
    return datetime.now(UTC).date()


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
            rows = [row_of(note, root.path, today) for note in store.all_indexed(db, root.id)]
            store.put(db, root.id, rows)
            # What was kept does not know of these.
            store.forget_kept(db, root.id)
        else:
            found = [(path, store.indexed(db, root.id, path)) for path in changed]
            store.put(db, root.id, [row_of(note, root.path, today) for _, note in found if note])
            gone = [sort_key(path_in_root(path, root.path)) for path, note in found if not note]
            store.drop(db, root.id, gone)
    return through, [path_in_root(path, root.path) for path in changed]


def _attempt(
    db: Database,
    root: Root,
    limits: Limits,
    today: date,
    backups: str,
    changes: tuple[int, list[str]],
) -> Refreshed | None:
    """Render and write; None if MEMORY.md was changed by somebody else meanwhile."""
    through, changed = changes
    present, before = _read_memory_md(root.path)
    text = store.kept(db, root.id)
    kept = None if text is None else keeping.loads(text)
    there = _page_names(root.path)
    if kept is None or not there.issuperset(kept.files):
        changed = []
        kept = _without_pages(kept)
    view = IndexedNotes(db, root.id)
    rendered = update(view, present, today=today, limits=limits, kept=kept, changed=changed)
    written = _write_pages(root.path, rendered)
    backup = None
    if rendered.memory_md != present:
        if text is None and present is not None:
            backup = _back_up(backups, root, present)
        if not _write_memory_md(root.path, rendered.memory_md, before):
            return None
        written.append(MEMORY_MD)
    notes = page_text.taken_names(view.in_folder(PAGES_FOLDER))
    _remove_pages(root.path, sorted(there - set(rendered.kept.files) - notes))
    _, signature = _read_memory_md(root.path) if MEMORY_MD in written else (None, before)
    assert signature is not None
    store.written(
        db,
        root.id,
        day=today.toordinal(),
        signature=signature,
        kept=keeping.dumps(rendered.kept),
        through=through,
    )
    return Refreshed(
        root=root.path,
        notes=rendered.notes,
        listed=rendered.listed,
        by_hand=rendered.by_hand,
        folded=rendered.folded,
        pages=len(rendered.kept.files),
        written=tuple(written),
        findings=rendered.findings,
        backup=backup,
    )


def _without_pages(kept: Kept | None) -> Kept | None:
    """What of `kept` holds when pages have to be made anew: whose lines are ours, and no page."""
    return None if kept is None else replace(kept, pages=())


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def _read_memory_md(root: str) -> tuple[bytes | None, Signature | None]:
    return _read(os.path.join(root, MEMORY_MD))


def _read(path: str) -> tuple[bytes | None, Signature | None]:
    """A file and its signature, without following a symlink; None if there is nothing."""
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK) or os.path.islink(path):
            raise _refused(path, "is a symlink, which is not followed") from error
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise _refused(path, f"is {what}")
        if status.st_size > _MOST_BYTES:
            raise _refused(path, "is too large to be an index")
        data = b"".join(iter(lambda: os.read(descriptor, status.st_size + 1), b""))
    finally:
        os.close(descriptor)
    return data, (len(data), status.st_mtime_ns, status.st_ino)


def _refused(path: str, why: str) -> MemoryMdError:
    return MemoryMdError(
        why, path=path, hint="move it away, or turn it off: memcairn memory-md refresh --off ROOT"
    )


def _write_memory_md(root: str, data: bytes, before: Signature | None) -> bool:
    """Replace MEMORY.md unless it is no longer the file that was read; True if that is done."""
    path = os.path.join(root, MEMORY_MD)
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        if before is not None:
            return False
        try:
            atomic.replace(Path(path), data, overwrite=False)
        except FileExistsError:
            return False
        return True
    if before != (status.st_size, status.st_mtime_ns, status.st_ino):
        return False
    if not status.st_mode & stat.S_IWUSR:
        raise MemoryMdError(
            "is read-only", path=path, hint="make it writable; it is brought up to date then"
        )
    atomic.replace(Path(path), data)
    return True


def _pages_folder(root: str, *, make: bool) -> str | None:
    """The folder of index pages, None if there is none."""
    folder = os.path.join(root, PAGES_FOLDER)
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        if not make:
            return None
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode):
        if not make:
            return None
        raise _refused(folder, "stands where the index pages belong")
    return folder


def _page_names(root: str) -> set[str]:
    """The names of the files that may be index pages."""
    folder = _pages_folder(root, make=False)
    if folder is None:
        return set()
    return {name[:-3] for name in os.listdir(folder) if name.endswith(".md")}


def _pages(root: str) -> dict[str, bytes]:
    """The index pages that are there, by their paths from the root."""
    found = {}
    for name in _page_names(root):
        with contextlib.suppress(MemoryMdError):
            data, _ = _read(os.path.join(root, page_path(name)))
            if data is not None and page_text.is_page(data):
                found[page_path(name)] = data
    return found


def _write_pages(root: str, rendered: Rendered) -> list[str]:
    if rendered.pages:
        _pages_folder(root, make=True)
    written = []
    for path, data in rendered.pages.items():
        file = os.path.join(root, path)
        present, _ = _read(file)
        if present is not None and not page_text.is_page(present):
            raise _refused(file, "is no index page, and stands where one belongs")
        if present != data:
            atomic.replace(Path(file), data)
            written.append(path)
    return written


def _remove_pages(root: str, unneeded: list[str]) -> None:
    for name in unneeded:
        file = os.path.join(root, page_path(name))
        with contextlib.suppress(MemoryMdError, FileNotFoundError):
            present, _ = _read(file)
            if present is not None and page_text.is_page(present):
                os.unlink(file)
    if unneeded:
        with contextlib.suppress(OSError):
            os.rmdir(os.path.join(root, PAGES_FOLDER))


def _back_up(backups: str, root: Root, present: bytes) -> str:
    """Copy a MEMORY.md that was there before us, once for each content."""
    paths.make_private_folder(backups)
    digest = hashlib.blake2b(present + os.fsencode(root.path), digest_size=6).hexdigest()
    name = os.fsencode(root.name).decode("utf-8", "replace")[:40].replace("/", "_")
    backup = os.path.join(backups, f"{name}-{digest}-{MEMORY_MD}")
    if not os.path.exists(backup):
        atomic.replace(Path(backup), present)
    return backup


# ── errors and exclusion ─────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def _locked(root: str) -> Iterator[None]:
    """Keep other updates, and other writers of ours, out of the root: they take the same lock."""
    descriptor = None if os.name == "nt" else os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with lock.exclusive(root, descriptor):
            yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


_HINTS: Mapping[int, str] = {
    errno.ENOSPC: "make room; the next change of a note, or `memcairn memory-md refresh`, mends it",
    errno.EACCES: "make the folder writable; `memcairn memory-md refresh` mends it then",
    errno.EPERM: "make the folder writable; `memcairn memory-md refresh` mends it then",
    errno.EROFS: "the file system is read-only",
}


@contextlib.contextmanager
def _reported(root: str) -> Iterator[None]:
    """Turn what goes wrong with files into an error of ours."""
    path = os.path.join(root, MEMORY_MD)
    try:
        yield
    except TimeoutError as error:
        raise MemoryMdError(
            "another program has been writing in this folder for 30 seconds",
            path=path,
            hint="the next change of a note tries again",
        ) from error
    except OSError as error:
        where = error.filename2 or error.filename
        shown = path if where is None or atomic.TEMPORARY_PREFIX in str(where) else str(where)
        hint = _HINTS.get(error.errno or 0, "the notes are safe; the next change tries again")
        raise MemoryMdError(
            f"cannot be brought up to date: {error.strerror or error}", path=shown, hint=hint
        ) from error
    except sqlite3.OperationalError as error:
        raise MemoryMdError(
            f"cannot be brought up to date: index.db: {error}", path=path, hint=_HINTS[errno.ENOSPC]
        ) from error
