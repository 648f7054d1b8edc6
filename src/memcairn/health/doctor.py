"""Find problems of the home and the roots, and fix those that are safe to fix.

Caches are rebuilt, permissions tightened, and leftovers of killed processes removed. Notes are never changed.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from memcairn.fs import atomic
from memcairn.indexing import away_roots
from memcairn.memory_md import managed_roots
from memcairn.memory_md.limits import exceeded
from memcairn.paths import MEMORY_MD
from memcairn.search.copies import copies
from memcairn.settings import moved_repositories, project
from memcairn.settings.config import PROJECT_FILE
from memcairn.sqlite import SQLITE_VERSION, has_no_room
from memcairn.store import notes, overview, roots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.indexing.indexer import Indexer
    from memcairn.queue import Queue
    from memcairn.settings.config import Config
    from memcairn.store.database import Database
    from memcairn.store.roots import Root

OLDEST_SQLITE = (3, 37, 0)
# Dropbox, Syncthing.
_CONFLICT_COPY = re.compile(r"\(.*conflicted copy.*\)|\.sync-conflict-\d{8}-", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, and how to fix it. `fixed`: it has just been fixed."""

    what: str
    remedy: str
    fixed: bool = False


def examine(
    home: str, db: Database, queue: Queue, indexer: Indexer, settings: Config, *, fix: bool
) -> Iterator[Finding]:
    """Yield every problem as it is found.

    Args:
        home: the folder of caches and state.
        db: index.db.
        queue: queue.db.
        indexer: reindexes roots.
        settings: the user's settings.
        fix: fix the problems that are safe to fix.
    """
    yield from _sqlite()
    if has_no_room(os.path.join(home, "index.db")):
        yield Finding(f"{home}: there is no room on the disk", "make room on the disk")
    yield from _permissions(home, fix=fix)
    yield from _databases(db, queue, indexer, fix=fix)
    yield from _roots(db, indexer, settings, fix=fix)
    yield from _queue(queue)
    yield from _moved(home)
    for problem in overview.problems(db, settings):
        # A root's settings must be fixed; any other file can be excluded.
        is_settings = os.path.basename(problem.path) == PROJECT_FILE
        remedy = "fix the file" + ("" if is_settings else ", or name it in a .memcairnignore")
        yield Finding(f"{problem.path}:{problem.line}: {problem.message}", remedy)
    yield from _set_aside(home)


def _sqlite() -> Iterator[Finding]:
    if SQLITE_VERSION < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE[:2]))
        yield Finding(
            f"SQLite is {'.'.join(map(str, SQLITE_VERSION))}, but {needed} is needed",
            "use a Python with a newer SQLite",
        )


def _permissions(home: str, *, fix: bool) -> Iterator[Finding]:
    if os.name == "nt":
        return
    if not os.access(home, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        yield Finding(
            f"{home} cannot be written: changed notes are not indexed",
            f"make it writable (chmod u+w {quote(home)}), or set MEMCAIRN_HOME",
        )
    names = [name for name in os.listdir(home) if name.endswith((".db", ".json"))]
    for path, wanted in [(home, 0o700), *((os.path.join(home, n), 0o600) for n in names)]:
        mode = stat.S_IMODE(os.stat(path).st_mode)
        if mode & ~wanted & 0o077:
            if fix:
                os.chmod(path, wanted)
            yield Finding(
                f"{path} can be read by others (mode {mode:o})",
                f"chmod {wanted:o} {quote(path)}",
                fix,
            )


def _databases(db: Database, queue: Queue, indexer: Indexer, *, fix: bool) -> Iterator[Finding]:
    for name, messages in (("queue.db", queue.check()), ("index.db", db.check())):
        if messages:
            yield Finding(f"{name}: {messages[0]}", f"delete {name}; it will be rebuilt")
    (lost,) = db.execute(
        "SELECT COUNT(*) FROM chunk WHERE id NOT IN (SELECT rowid FROM fulltext)"
    ).fetchone()
    if lost:
        if fix:
            for root in roots.roots(db):
                indexer.index(root.path, force=True)
            indexer.index_files(roots.loose_files(db), force=True)
        yield Finding(f"{lost} chunks have no full text", "memcairn index --force ROOT", fix)


def _roots(db: Database, indexer: Indexer, settings: Config, *, fix: bool) -> Iterator[Finding]:
    listed = roots.roots(db)
    if not (listed or roots.loose_files(db)):
        yield Finding("there are no roots", "memcairn index FOLDER")
    for root in listed:
        if why := away_roots.reason(db, root):
            remedy = f"{away_roots.hint(root)}, or memcairn forget-root {quote(root.path)}"
            yield Finding(f"{root.path}: {why}", remedy)
            continue
        if root.scanned_at is None:
            if fix:
                indexer.index(root.path)
            yield Finding(
                f"{root.path}: has never been scanned completely",
                f"memcairn index {quote(root.path)}",
                fix,
            )
        for path in _leftovers(root.path):
            if fix:
                with contextlib.suppress(OSError):
                    os.unlink(path)
            yield Finding(f"{path}: left by a killed process", f"rm {quote(path)}", fix)
        yield from _copies(db, root)
        yield from _too_long(root.path, settings)


def _leftovers(root: str) -> Iterator[str]:
    for folder, _, names in os.walk(root):
        yield from filter(atomic.is_leftover, (os.path.join(folder, name) for name in names))


def _too_long(root: str, settings: Config) -> Iterator[Finding]:
    """Text in MEMORY.md that hosts do not load."""
    file = os.path.join(root, MEMORY_MD)
    with contextlib.suppress(OSError), open(file, encoding="utf-8", errors="replace") as stream:
        for message in exceeded(stream.read(), managed_roots.limits(settings)):
            yield Finding(f"{file} {message}", "move text outside the block into notes")


def _copies(db: Database, root: Root) -> Iterator[Finding]:
    """Byte-equal copies of notes, and those that sync programs made when two devices changed a note."""
    hashes = {note.path: note.hash for note in notes.of_root(db, root.id)}
    equal = copies((root.id, digest, path) for path, digest in hashes.items())
    for path in sorted(hashes):
        if path in equal:
            yield Finding(f"{path}: a copy of {equal[path]}", f"rm {quote(path)}")
        elif _CONFLICT_COPY.search(os.path.basename(path)):
            yield Finding(
                f"{path}: a copy that a sync program made of a conflicting version",
                f"move what is missing into the note, then rm {quote(path)}",
            )


def _queue(queue: Queue) -> Iterator[Finding]:
    for entry in queue.entries(failing=True):
        yield Finding(
            f"{entry.path}: could not be indexed ({entry.attempts} times): {entry.error}",
            "fix it and run memcairn index --flush, or drop it with --flush --discard-failed",
        )


def _moved(home: str) -> Iterator[Finding]:
    folder = project.folder_of(os.getcwd())
    for before in moved_repositories.earlier_folders(folder, home):
        yield Finding(
            f"{folder}: its memories are still under its earlier folder {before}",
            f"memcairn take-over {quote(before)}",
        )


def _set_aside(home: str) -> Iterator[Finding]:
    for name in sorted(os.listdir(home)):
        if ".damaged-" in name and not name.endswith(("-wal", "-shm")):
            path = os.path.join(home, name)
            yield Finding(
                f"{path}: a damaged database that was set aside",
                "memcairn does not need it; delete it if you do not want to inspect it",
            )
