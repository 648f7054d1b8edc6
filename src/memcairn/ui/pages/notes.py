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
from memcairn.ui import TEXT, markdown
from memcairn.ui.site import PAGE_SIZE, Pages, Shown, address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.root import OpenRoot
    from memcairn.store.catalogue import CataloguedNote
    from memcairn.store.database import Database
    from memcairn.ui.site import Ask

MAX_FOUND = 50
MAX_REVISIONS = 20
TIMELINE_DAYS = 60


def page(ask: Ask) -> Shown:
    """The notes that the filter matches: by name, then by content."""
    given = {name: ask.query.get(name, "").strip() for name in ("q", "root", "type", "since")}
    query, folder = given["q"], given["root"] or os.sep
    filters: dict[str, Any] = {"text": query, "type": given["type"], "since": _day(given["since"])}
    by_time = ask.query.get("order") == "time"
    part = Pages(ask.number("page"), 0).part

    def read(db: Database) -> tuple[int, list[CataloguedNote], list[str]]:
        listed = catalogue.find(
            db, folder, by_time=by_time, limit=PAGE_SIZE, offset=part.start, **filters
        )
        return *listed, catalogue.types(db, folder)

    total, listed, types = ask.read(read)
    pages = Pages(ask.number("page"), total)
    is_last = query and pages.number == pages.last
    values = {
        **given,
        "notes": listed,
        "found": _by_content(ask, given, filters["since"]) if is_last else [],
        "pages": pages,
        "order": "time" if by_time else "",
        "types": types,
    }
    return Shown("notes", values)


def _by_content(ask: Ask, given: dict[str, str], since: float) -> list[CataloguedNote]:
    """The notes that a search finds and whose names do not match."""
    query, root, kind = given["q"], given["root"] or None, given["type"] or None
    passages = ask.memory.search(Query(query, MAX_FOUND, root=root, type=kind))
    found = dict.fromkeys(one.path for one in passages)
    notes = ask.read(lambda db: catalogue.at(db, found, unnamed=query))
    return [one for one in notes if one.mtime_ns == 0 or one.mtime_ns >= since * 1e9]


def _day(text: str) -> float:
    """The beginning of a day in UTC, in seconds since 1970."""
    try:
        return (date.fromisoformat(text) - date(1970, 1, 1)).days * 86_400.0
    except ValueError:
        return 0.0


@contextlib.contextmanager
def opened(ask: Ask) -> Iterator[tuple[OpenRoot, str]]:
    """The root of the note in the form or the address, and the path of the note in it.

    Raises:
        NoteMissing: it is not a note, and none is known to have been there.
    """
    path = _path(ask)
    with ask.opened(ask.root_of(path)) as files:
        relative = os.path.relpath(path, files.root)
        known = ask.read(lambda db: catalogue.at(db, [path]))
        if not known and not files.history.log(1, path=relative):
            raise NoteMissing(TEXT.no_note, path=path)
        yield files, relative


def _path(ask: Ask) -> str:
    return {**ask.query, **ask.form}.get("path", "")


def _done(ask: Ask, text: str) -> str:
    return ask.done(address("/note", path=_path(ask)), text)


def note(ask: Ask) -> Shown:
    """One note; `edit` shows its text to edit, `revision` what changed since then."""
    path = _path(ask)
    with opened(ask) as (files, relative):
        listed = ask.read(lambda db: catalogue.at(db, [path]))
        text, sha256, missing = _text(files, relative)
        if not missing:
            files.record_found(relative)
        revision = 0 if missing else ask.number("revision")
        trashed = [one for one in files.trash() if one.path == relative] if missing else []
        values = {
            "path": path,
            "title": listed[0].title if listed else relative,
            "note": listed[0] if listed else None,
            "changed": changed_at(listed[0]) / 1e9 if listed else 0.0,
            "missing": missing,
            "trashed": trashed,
            "html": markdown.render(text, lambda url: _linked(path, url)),
            "edited": {"text": text, "sha256": sha256} if "edit" in ask.query else None,
            "revisions": files.history.log(MAX_REVISIONS, path=relative),
            "relative": relative,
            "revision": revision,
            "diff": root_revert.diff(files, relative, revision).text if revision else "",
            "timeline": _timeline(ask, path),
            "days": TIMELINE_DAYS,
        }
    return Shown("note", values)


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
    days: list[tuple[int, str]] = []
    wanted = json.dumps(path).encode()
    for session in Sessions(ask.memory.home).latest():
        for line in session.lines(wanted):
            if str(line.get("tool")).startswith(RECALL) and line.get("path") == path:
                with contextlib.suppress(ValueError):
                    recalled = date.fromisoformat(str(line.get("time"))[:10])
                    days.append((recalled.toordinal(), "recalls"))
    used = ask.memory.engine.databases.run(lambda opened: note_use.days(opened.db, path))
    today = date.today().toordinal()  # noqa: DTZ011 - days of the reader
    found: dict[int, dict[str, int]] = {}
    for day, what in (*days, *((day, "uses") for day in used)):
        if 0 <= today - day < TIMELINE_DAYS:
            found.setdefault(today - day, {"recalls": 0, "uses": 0})[what] += 1
    return found


def save(ask: Ask) -> str | Shown:
    """Save the edited text, unless the file has changed meanwhile."""
    path, sha256 = _path(ask), ask.form.get("sha256", "")
    with opened(ask) as (files, relative):
        before = files.read_bytes(relative)
        # A browser sends each line end as CR LF, and does not show a byte order mark.
        text = ask.form.get("text", "").replace("\r\n", "\n")
        if before.count(b"\n") == before.count(b"\r\n") > 0:
            text = text.replace("\n", "\r\n")
        if before.startswith(b"\xef\xbb\xbf"):
            text = f"\ufeff{text}"
        refused: dict[str, Any] = {"path": path, "theirs": None, "diff": ""}
        try:
            files.write(relative, text, overwrite=True, if_match=sha256)
        except NoteChanged:
            theirs, sha256, _ = _text(files, relative)
            difference = files.vault.diff_text(text, relative, name=TEXT.yours).text
            refused |= {"error": TEXT.changed_meanwhile, "theirs": theirs, "diff": difference}
            return Shown("edit", {**refused, "edited": {"text": text, "sha256": sha256}}, 409)
        except MemcairnError as error:
            refused |= {"error": str(error), "edited": {"text": text, "sha256": sha256}}
            return Shown("edit", refused, 422)
    return _done(ask, TEXT.saved)


def pin(ask: Ask) -> str:
    """Pin a note, or undo that."""
    path, pinned = _path(ask), ask.form.get("pinned") == "yes"
    ask.root_of(path)
    ask.memory.pin(path, pinned=pinned)
    return ask.done(ask.back, TEXT.pinned if pinned else TEXT.unpinned)


def forget(ask: Ask) -> str:
    """Move a note to the trash."""
    with opened(ask) as (files, relative):
        files.remove(relative)
    return _done(ask, TEXT.forgotten)


def undo(ask: Ask) -> str:
    """Undo the last change of a note, or make it what it was after a revision."""
    revision = ask.form.get("revision", "")
    with opened(ask) as (files, relative):
        root_revert.revert(files, relative, int(revision) if revision.isdigit() else None)
    return _done(ask, TEXT.undone)


def restore(ask: Ask) -> str:
    """Bring a note back from the trash."""
    with opened(ask) as (files, relative):
        removed = next((one for one in files.trash() if one.path == relative), None)
        if removed is None:
            raise UsageError(TEXT.not_in_trash, path=_path(ask))
        files.restore(removed.id)
    return _done(ask, TEXT.restored)
