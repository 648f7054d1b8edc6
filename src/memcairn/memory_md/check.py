"""Is a MEMORY.md as it should be, why is a note where it is, and what does a host load of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from memcairn.memory_md import block, entry
from memcairn.memory_md.findings import MemoryMdFinding, of_files
from memcairn.memory_md.first_page import note_line
from memcairn.memory_md.limits import Limits, size
from memcairn.memory_md.rank import is_current, is_expired, order, sort_key, standing
from memcairn.memory_md.render import page_path, render
from memcairn.paths import MEMORY_MD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from memcairn.memory_md.rank import NoteFacts, Standing
    from memcairn.memory_md.render import Rendered


def check(
    present: bytes | None,
    pages: Mapping[str, bytes],
    facts: Iterable[NoteFacts],
    *,
    today: date,
    limits: Limits | None = None,
) -> list[MemoryMdFinding]:
    """What is wrong with a MEMORY.md and its pages; nothing, if a render would change nothing.

    Args:
        present: the bytes of MEMORY.md, None if there is none.
        pages: the bytes of the index pages that are there, by their paths from the root.
        facts: what is known of each note of the root.
        today: the day for which MEMORY.md should be right.
        limits: what a file may hold.
    """
    limits = limits or Limits()
    rendered = render(facts, present, today=today, limits=limits)
    found = [finding for finding in rendered.findings if finding.kind != "over-limit"]
    found += of_files({MEMORY_MD: present or b"", **pages}, limits)
    if present is None:
        found.append(MemoryMdFinding("missing", MEMORY_MD, "is not there"))
    elif present != rendered.memory_md:
        found.append(MemoryMdFinding("stale", MEMORY_MD, "is not what the notes say"))
    for path, data in sorted(rendered.pages.items()):
        if path not in pages:
            found.append(
                MemoryMdFinding("missing", path, "is not there, and notes are listed on it")
            )
        elif pages[path] != data:
            found.append(MemoryMdFinding("stale", path, "is not what the notes say"))
    left_over = sorted(set(pages) - set(rendered.pages))
    found += [
        MemoryMdFinding("left-over", path, "is a page that nothing leads to") for path in left_over
    ]
    return found


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a host loads of a MEMORY.md, and what it cuts off at the end."""

    text: str
    cut: str


def as_loaded(present: bytes, limits: Limits | None = None) -> Loaded:
    """A MEMORY.md as a host with these limits loads it: whole lines from the start.

    Claude Code cuts after 200 lines, or at the last line end within 25,000 UTF-16 units.
    """
    limits = limits or Limits()
    text = present.decode("utf-8", "replace")
    lines = text.split("\n")
    kept: list[str] = []
    units = size_bytes = 0
    for line in lines[: limits.lines]:
        # The line end at which the cut falls is not counted.
        whole = size(line)
        if units + whole.units > limits.units or size_bytes + whole.size_bytes > limits.size_bytes:
            break
        kept.append(line)
        units += whole.units + 1
        size_bytes += whole.size_bytes + 1
    loaded = "\n".join(kept)
    if kept and len(loaded) < len(text):
        loaded += "\n"
    return Loaded(loaded, text[len(loaded) :])


How = Literal["listed", "by hand", "folded", "unlisted"]
Why = Literal["", "superseded", "expired", "long path", "rank"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a note stands where it stands.

    `how` says where: listed in the block, linked by hand outside of it, folded into a page, or
    unlisted because its path is longer than a page may be. `why` says why it is folded. `where` is
    the file, `heading` the line above its group in MEMORY.md, "" in a list without groups.
    `position` counts from 1 among the `current` notes, those that are neither superseded nor
    expired; None for another. `standing` is what the order among notes that are both pinned, or
    both not, depends on.
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
    facts: Iterable[NoteFacts],
    path: str,
    present: bytes | None,
    *,
    today: date,
    limits: Limits | None = None,
) -> Explanation | None:
    """Why the note at `path` stands where it stands; None if there is no such note.

    Args:
        facts: what is known of each note of the root.
        path: the note, relative to the root.
        present: the bytes of MEMORY.md, None if there is none.
        today: the day for which to say it.
        limits: what a file may hold.
    """
    limits = limits or Limits()
    notes = list(facts)
    note = next((note for note in notes if note.path == path), None)
    if note is None:
        return None
    rendered = render(notes, present, today=today, limits=limits)
    current = [other for other in notes if is_current(other, today)]
    ahead = [other for other in current if order(other) < order(note)]
    how, where = _place(rendered, path)
    return Explanation(
        path=path,
        how=how,
        why=_why(note, today, limits) if how == "folded" else "",
        where=where,
        heading=_heading(rendered.memory_md, path) if how == "listed" else "",
        pinned=note.pinned,
        standing=standing(note),
        position=len(ahead) + 1 if is_current(note, today) else None,
        current=len(current),
    )


def _place(rendered: Rendered, path: str) -> tuple[How, str]:
    if path in rendered.kept.by_hand:
        return "by hand", MEMORY_MD
    if path in rendered.kept.listed:
        return "listed", MEMORY_MD
    link = f"]({entry.destination(path, up='../')})".encode()
    key = sort_key(path)
    for page in rendered.kept.pages:
        where = page_path(page.name)
        if page.span.holds(key) and link in rendered.pages.get(where, b""):
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


def _why(note: NoteFacts, today: date, limits: Limits) -> Why:
    if note.superseded:
        return "superseded"
    if is_expired(note.valid_until, today):
        return "expired"
    return "rank" if note_line(note, limits) is not None else "long path"
