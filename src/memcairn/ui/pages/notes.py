"""Notes: the list, and one note with its text, history and use; edit, pin, forget, undo."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import posixpath
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from memcairn import paths
from memcairn.errors import MemcairnError, NoteChanged, NoteMissing, NoteUnreadable, UsageError
from memcairn.hosts.recall_text import RECALL
from memcairn.root import revert as root_revert
from memcairn.root.overview import changed_at
from memcairn.search.query import Query
from memcairn.sessions import Sessions
from memcairn.store import catalogue, note_use
from memcairn.ui import markdown
from memcairn.ui.site import PAGE_SIZE, Pages, Shown, address
from memcairn.ui.strings import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from memcairn.memory import Memory
    from memcairn.root import OpenRoot
    from memcairn.store.catalogue import CataloguedNote
    from memcairn.store.database import Database
    from memcairn.ui.site import Ask

MAX_FOUND = 50
MAX_REVISIONS = 20
TIMELINE_DAYS = 60


def page(ask: Ask) -> Mapping[str, object]:
    """The notes that the filter matches: by name, then by content."""
    query = ask.query.get("q", "").strip()
    root, kind, since = (ask.query.get(name, "") for name in ("root", "type", "since"))
    folder = root or os.sep
    since_s = _day(since)
    by_time = ask.query.get("order") == "time"
    pages_asked = ask.number("page")

    def read(db: Database) -> tuple[int, list[CataloguedNote], catalogue.Counts]:
        filters: dict[str, Any] = {
            "text": query,
            "type": kind,
            "since": since_s,
            "by_time": by_time,
        }
        offset = pages_asked * PAGE_SIZE
        return (
            *catalogue.find(db, folder, limit=PAGE_SIZE, offset=offset, **filters),
            catalogue.counts(db, folder),
        )

    total, listed, counts = ask.read(read)
    named = {note.path for note in listed}
    pages = Pages(pages_asked, total)
    found: list[CataloguedNote] = []
    if query and pages_asked == pages.last:
        if total > PAGE_SIZE:
            every = ask.read(
                lambda db: catalogue.find(
                    db, folder, text=query, type=kind, since=since_s, limit=total
                )
            )
            named = {note.path for note in every[1]}
        passages = ask.memory.search(Query(query, MAX_FOUND, root=root or None, type=kind or None))
        by_text = [
            path for path in dict.fromkeys(one.path for one in passages) if path not in named
        ]
        found = [
            note
            for note in ask.read(lambda db: catalogue.at(db, by_text))
            if note.mtime_ns == 0 or note.mtime_ns >= since_s * 1e9
        ]
    return {
        "notes": listed,
        "found": found,
        "pages": pages,
        "q": query,
        "root": root,
        "type": kind,
        "since": since,
        "order": "time" if by_time else "",
        "roots": [one.path for one in ask.memory.roots()],
        "types": list(counts.types),
    }


def _day(text: str) -> float:
    try:
        return date.fromisoformat(text).toordinal() * 86_400.0 - 719_163 * 86_400.0 if text else 0.0
    except ValueError:
        return 0.0


def root_of(memory: Memory, path: str) -> str:
    """The innermost root around a path.

    Raises:
        NoteMissing: there is none, or the path is not plain.
    """
    plain = os.path.isabs(path) and os.path.normpath(path) == path and "\0" not in path
    around = [root.path for root in memory.roots() if plain and paths.is_inside(path, root.path)]
    around = [root for root in around if os.path.isdir(root) and root != path]
    if not around:
        raise NoteMissing(TEXT.no_note, path=path or None)
    return max(around, key=len)


@contextlib.contextmanager
def opened(ask: Ask, path: str) -> Iterator[tuple[OpenRoot, str]]:
    """The root of a note, and the path of the note in it.

    Raises:
        NoteMissing: it is not a note, and none is known to have been there.
    """
    files = ask.memory.open_root(root_of(ask.memory, path))
    try:
        relative = os.path.relpath(path, files.root)
        known = ask.read(lambda db: catalogue.at(db, [path]))
        if not known and not files.history.log(1, path=relative):
            raise NoteMissing(TEXT.no_note, path=path)
        yield files, relative
    finally:
        files.close()


def note(ask: Ask) -> Mapping[str, object]:
    """One note; `edit` shows its text to edit, `revision` what changed since then."""
    path = ask.query.get("path", "")
    with opened(ask, path) as (files, relative):
        listed = ask.read(lambda db: catalogue.at(db, [path]))
        text, sha256, missing = _text(files, relative)
        if not missing:
            files.record_found(relative)
        revision = ask.number("revision")
        difference = (
            root_revert.diff(files, relative, revision) if revision and not missing else None
        )
        trashed = [one for one in files.trash() if one.path == relative] if missing else []
        return {
            "path": path,
            "root": files.root,
            "relative": relative,
            "note": listed[0] if listed else None,
            "changed": changed_at(listed[0]) / 1e9 if listed else 0.0,
            "text": text,
            "sha256": sha256,
            "missing": missing,
            "trashed": trashed[0] if trashed else None,
            "html": markdown.render(text, lambda url: _linked(path, url)),
            "is_edited": "edit" in ask.query,
            "error": "",
            "theirs": None,
            "revisions": files.history.log(MAX_REVISIONS, path=relative),
            "revision": revision,
            "diff": difference,
            "timeline": _timeline(ask, path),
            "days": TIMELINE_DAYS,
        }


def _text(files: OpenRoot, relative: str) -> tuple[str, str, str]:
    """The text, its SHA-256, and why there is none."""
    try:
        data = files.read_bytes(relative)
        return data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest(), ""
    except UnicodeDecodeError:
        return "", "", TEXT.not_utf8
    except NoteUnreadable as error:
        return "", "", error.message


def _linked(path: str, url: str) -> str | None:
    """The page of a file that a note links to."""
    target = unquote(url.partition("#")[0], errors="surrogateescape")
    if not target.endswith(tuple(paths.NOTE_SUFFIXES)):
        return None
    return address("/note", path=posixpath.normpath(posixpath.join(os.path.dirname(path), target)))


def _timeline(ask: Ask, path: str) -> dict[int, dict[str, int]]:
    """The recalls and the uses of a note in the last TIMELINE_DAYS, by the number of days ago."""
    today = date.today()  # noqa: DTZ011 - days of the reader
    found: dict[int, dict[str, int]] = {}

    def add(day: date, what: str) -> None:
        ago = (today - day).days
        if 0 <= ago < TIMELINE_DAYS:
            counts = found.setdefault(ago, {"recalls": 0, "uses": 0})
            counts[what] += 1

    wanted = json.dumps(path).encode()
    for session in Sessions(ask.memory.home).latest():
        for line in session.lines(wanted):
            tool, time = str(line.get("tool")), str(line.get("time"))
            if tool.startswith(RECALL) and line.get("path") == path:
                with contextlib.suppress(ValueError):
                    add(date.fromisoformat(time[:10]), "recalls")
    for day in ask.memory.engine.databases.run(lambda opened: note_use.days(opened.db, path)):
        add(date.fromordinal(day), "uses")
    return dict(sorted(found.items()))


def save(ask: Ask) -> str | Shown:
    """Save the edited text, unless the file has changed meanwhile."""
    path, sha256 = ask.form.get("path", ""), ask.form.get("sha256", "")
    with opened(ask, path) as (files, relative):
        before = files.read_bytes(relative)
        # A browser sends each line end as CR LF, and does not show a byte order mark.
        text = ask.form.get("text", "").replace("\r\n", "\n")
        if before.count(b"\n") == before.count(b"\r\n") > 0:
            text = text.replace("\n", "\r\n")
        if before.startswith(b"\xef\xbb\xbf"):
            text = f"\ufeff{text}"
        try:
            files.write(relative, text, overwrite=True, if_match=sha256)
        except NoteChanged:
            theirs, now, _ = _text(files, relative)
            difference = files.vault.diff_text(text, relative, name=TEXT.yours)
            return _refused(path, text, TEXT.changed_meanwhile, theirs, now, difference, 409)
        except MemcairnError as error:
            return _refused(path, text, str(error), None, sha256, None, 422)
    ask.say(TEXT.saved)
    return address("/note", path=path)


def _refused(
    path: str, text: str, why: str, theirs: str | None, sha256: str, diff: object, status: int
) -> Shown:
    """The form again with the reader's version, and the version of somebody else."""
    values = {
        "path": path, "text": text, "sha256": sha256, "error": why, "theirs": theirs, "diff": diff,
        "title": os.path.basename(path),
    }  # fmt: skip
    return Shown("edit", values, status)


def pin(ask: Ask) -> str:
    """Pin a note, or undo that."""
    path, pinned = ask.form.get("path", ""), ask.form.get("pinned") == "yes"
    root_of(ask.memory, path)
    ask.memory.pin(path, pinned=pinned)
    ask.say(TEXT.pinned if pinned else TEXT.unpinned)
    return ask.form.get("back", address("/note", path=path))


def forget(ask: Ask) -> str:
    """Move a note to the trash."""
    path = ask.form.get("path", "")
    with opened(ask, path) as (files, relative):
        files.remove(relative)
    ask.say(TEXT.forgotten)
    return address("/note", path=path)


def undo(ask: Ask) -> str:
    """Undo the last change of a note, or make it what it was after a revision."""
    path, revision = ask.form.get("path", ""), ask.form.get("revision", "")
    with opened(ask, path) as (files, relative):
        root_revert.revert(files, relative, int(revision) if revision.isdigit() else None)
    ask.say(TEXT.undone)
    return address("/note", path=path)


def restore(ask: Ask) -> str:
    """Bring a note back from the trash."""
    path = ask.form.get("path", "")
    with opened(ask, path) as (files, relative):
        removed = next((one for one in files.trash() if one.path == relative), None)
        if removed is None:
            raise UsageError(TEXT.not_in_trash, path=path)
        files.restore(removed.id)
    ask.say(TEXT.restored)
    return address("/note", path=path)
