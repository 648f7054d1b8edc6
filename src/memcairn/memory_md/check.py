"""Check a MEMORY.md, explain the place of a note, and show what a host loads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from memcairn.memory_md import block, entry
from memcairn.memory_md.first_page import note_line
from memcairn.memory_md.limits import Limits, size
from memcairn.memory_md.rank import is_current, is_expired, standing
from memcairn.memory_md.render import MemoryMdFinding, over_limit, page_path, render
from memcairn.paths import MEMORY_MD
from memcairn.store.memory_md import sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from memcairn.memory_md.rank import Standing
    from memcairn.memory_md.render import Rendered
    from memcairn.memory_md.render_cache import RenderCache
    from memcairn.store.memory_md import MemoryMdNote, MemoryMdNotes


def check(
    present: bytes | None,
    pages: Mapping[str, bytes],
    notes: MemoryMdNotes,
    *,
    today: date,
    limits: Limits | None = None,
) -> list[MemoryMdFinding]:
    """The problems of a MEMORY.md and its pages; none if rendering would change nothing.

    Args:
        present: the bytes of MEMORY.md, None if there is none.
        pages: the bytes of the existing index pages, by their paths relative to the root.
        notes: the notes of the root.
        today: the day for which MEMORY.md should be correct.
        limits: the limits of each file.
    """
    limits = limits or Limits()
    rendered = render(notes, present, today=today, limits=limits)
    found = [finding for finding in rendered.findings if finding.kind != "over-limit"]
    found += over_limit({MEMORY_MD: present or b"", **pages}, limits)
    if present is None:
        if rendered.notes:
            found.append(MemoryMdFinding("missing", MEMORY_MD, "does not exist"))
    elif present != rendered.memory_md:
        found.append(MemoryMdFinding("stale", MEMORY_MD, "does not match the notes"))
    for path, data in sorted(rendered.pages.items()):
        if path not in pages:
            found.append(MemoryMdFinding("missing", path, "does not exist, but notes belong on it"))
        elif pages[path] != data:
            found.append(MemoryMdFinding("stale", path, "does not match the notes"))
    left_over = sorted(set(pages) - set(rendered.pages))
    found += [
        MemoryMdFinding("left-over", path, "is an index page that no file links to")
        for path in left_over
    ]
    return found


@dataclass(frozen=True, slots=True)
class Loaded:
    """The part of a MEMORY.md that a host loads, and the part that it cuts off."""

    text: str
    cut: str


def as_loaded(present: bytes, limits: Limits | None = None) -> Loaded:
    """Split a MEMORY.md as a host with these limits loads it: whole lines from the start.

    Claude Code cuts after 200 lines, or at the last line end within 25,000 UTF-16 units.
    """
    limits = limits or Limits()
    text = present.decode("utf-8", "replace")
    lines = text.split("\n")
    loaded_lines: list[str] = []
    units = size_bytes = 0
    for line in lines[: limits.lines]:
        # The line end at the cut does not count.
        whole = size(line)
        if units + whole.units > limits.units or size_bytes + whole.size_bytes > limits.size_bytes:
            break
        loaded_lines.append(line)
        units += whole.units + 1
        size_bytes += whole.size_bytes + 1
    loaded = "\n".join(loaded_lines)
    if loaded_lines and len(loaded) < len(text):
        loaded += "\n"
    return Loaded(loaded, text[len(loaded) :])


How = Literal["listed", "by hand", "folded", "unlisted"]
Why = Literal["", "superseded", "expired", "long path", "rank"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The place of a note in MEMORY.md and the reasons for it.

    `how`: the note is listed in the block, linked by hand outside it, folded into a page, or
    unlisted because its path is longer than a page. `why`: the reason for folding it. `where`: the
    file. `heading`: the heading of its group in MEMORY.md, "" in a list without groups. `position`:
    its position, from 1, among the `current` notes, which are neither superseded nor expired; None
    for other notes. `standing` decides the order among pinned notes, and among the others.
    """

    path: str
    how: How
    why: Why
    where: str
    heading: str
    pinned: bool
    standing: Standing
    position: int | None
    current: int


def explain(
    notes: MemoryMdNotes,
    path: str,
    present: bytes | None,
    *,
    today: date,
    limits: Limits | None = None,
    cache: RenderCache | None = None,
    changed: Iterable[str] = (),
    pages: Mapping[str, bytes] | None = None,
) -> Explanation | None:
    """Explain the place of the note at `path`; None if there is no such note.

    Args:
        notes: the notes of the root.
        path: the note, relative to the root.
        present: the bytes of MEMORY.md, None if there is none.
        today: the day for which the explanation is correct.
        limits: the limits of each file.
        cache: of the last update, see `render`; None renders everything.
        changed: the notes that changed since then.
        pages: the bytes of the existing index pages; only needed with a cache.
    """
    limits = limits or Limits()
    note = notes.at(path)
    if note is None:
        return None
    rendered = render(notes, present, today=today, limits=limits, cache=cache, changed=changed)
    current = (one.path for one in notes.best() if is_current(one, today))
    position_of = {other: number for number, other in enumerate(current, 1)}
    how, where = _place(rendered, path, {**(pages or {}), **rendered.pages})
    return Explanation(
        path=path,
        how=how,
        why=_why(note, today, limits) if how == "folded" else "",
        where=where,
        heading=_heading(rendered.memory_md, path) if how == "listed" else "",
        pinned=note.pinned,
        standing=standing(note),
        position=position_of.get(path),
        current=len(position_of),
    )


def _place(rendered: Rendered, path: str, pages: Mapping[str, bytes]) -> tuple[How, str]:
    if path in rendered.cache.hand_linked:
        return "by hand", MEMORY_MD
    if path in rendered.cache.listed:
        return "listed", MEMORY_MD
    link = f"]({entry.destination(path, up='../')})".encode()
    key = sort_key(path)
    for page in rendered.cache.pages:
        where = page_path(page.name)
        if page.span.contains(key) and link in pages.get(where, b""):
            return "folded", where
    return "unlisted", ""


def _heading(memory_md: bytes, path: str) -> str:
    """The heading above the entry of a note in the block, "" if there is none."""
    heading = ""
    for line in block.body_of(memory_md):
        if line.startswith("## "):
            heading = line
        elif (found := entry.parse(line)) is not None and found.path == path:
            break
    return heading


def _why(note: MemoryMdNote, today: date, limits: Limits) -> Why:
    if note.superseded:
        return "superseded"
    if is_expired(note.valid_until, today):
        return "expired"
    return "rank" if note_line(note, limits) is not None else "long path"
