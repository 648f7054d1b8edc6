"""Which notes MEMORY.md lists itself, and the lines of its block.

It lists the most useful notes: as long a prefix of the order in `rank` as there is room for. They
are grouped by type, those without a type by folder, and keep that order within a group.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from memcairn.memory_md import block, entry, page_text
from memcairn.memory_md.limits import Size, room, size
from memcairn.memory_md.pages import tight
from memcairn.memory_md.rank import TYPE_ORDER, is_current, type_name, type_order
from memcairn.paths import PAGES_FOLDER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date

    from memcairn.memory_md.block import Surroundings
    from memcairn.memory_md.limits import Limits
    from memcairn.memory_md.page_text import Page
    from memcairn.store.memory_md import MemoryMdNote, MemoryMdNotes

# Up to this many notes stand in one list without headings.
_MAX_UNGROUPED = 12
# With less room than this there are no headings.
_MIN_GROUPED_LINES = 24
_MIN_GROUPED_BYTES = 100 * _MIN_GROUPED_LINES
# This many types and folders beside the types of TYPE_ORDER have a heading; other notes are under Other.
_MAX_CATEGORIES = 8
# The entries of up to this many pages may have twice the bytes, if there is room.
_MAX_ROOMY_PAGES = 16
_PINNED = "## Pinned"
_OTHER = "## Other"
_FOLDERS = type_order("type")[0] + 1
_MORE = "## More"
_PAGE_TITLE = re.compile(r"(?:.+, )?\d+ more", re.DOTALL)


class ListedNote(NamedTuple):
    """A note on the first page, its line, the sort key of its group and the heading of that."""

    note: MemoryMdNote
    line: str
    group: tuple[int, str]
    heading: str


def note_line(note: MemoryMdNote, limits: Limits) -> str | None:
    """The entry of a note in MEMORY.md, None if its link alone is longer than an entry may be."""
    # Scripts with several bytes per character need more bytes than `chars`.
    chars, size_bytes = limits.entry_chars, 8 * tight(limits).line_bytes
    line = entry.note_entry(
        note.title, note.path, note.description, up="", chars=chars, size_bytes=size_bytes
    )
    return line if entry.fits(line, chars=chars, size_bytes=size_bytes) else None


def is_loaded(around: Surroundings, total: int, limits: Limits) -> bool:
    """Whether a host loads a block in this place: its markers and, if there are notes, one entry."""
    line_ends = around.newline * (2 if total else 1)
    needed = size(around.before + block.begin(total, total, "0" * 12) + line_ends + block.END)
    if total:
        needed += Size(1, *[tight(limits).line_bytes] * 2)
    return needed.fits(room(limits))


class FirstPage:
    """The room for generated lines in MEMORY.md, and the notes that may stand there.

    `hand_linked` are the paths of the notes that the text outside the block links to; `total` counts
    all notes.
    """

    def __init__(
        self,
        notes: MemoryMdNotes,
        around: Surroundings,
        hand_linked: frozenset[str],
        *,
        total: int,
        today: date,
        limits: Limits,
    ) -> None:
        self.limits = limits
        self.hand_linked = hand_linked
        self._notes = notes
        self._today = today
        self._newline = around.newline
        self._unlinked = total - len(hand_linked)
        markers = block.begin(total, total, "0" * 12) + around.newline + block.END
        self._room = room(limits) - size(around.before + around.after) - size(markers)
        self._line_bytes = tight(limits).line_bytes
        self._grouped = (
            self._unlinked > _MAX_UNGROUPED
            and self._room.lines >= _MIN_GROUPED_LINES
            and self._room.size_bytes >= _MIN_GROUPED_BYTES
        )

    def all_notes(self) -> list[ListedNote] | None:
        """All notes, if all may be listed and there is room; else None."""
        if self._unlinked > self._room.lines:
            return None
        listed = self._choose(self._room)
        return listed if len(listed) == self._unlinked else None

    @property
    def max_pages(self) -> int:
        """The number of page entries that fit in the shortest form, at least 1."""
        lines = self._room.lines - (1 if self._grouped else 0)
        size_bytes = min(self._room.size_bytes, self._room.units) - len(_MORE) - 2
        return max(min(lines, size_bytes // self._line_bytes), 1)

    def notes_beside_pages(self, count: int) -> list[ListedNote]:
        """The best notes that fit beside the entries of `count` pages."""
        size_bytes = count * (self._page_line_bytes(count) + len(self._newline))
        lines = count
        if self._grouped:
            size_bytes += len(_MORE + self._newline)
            lines += 1
        return self._choose(self._room - Size(lines, size_bytes, size_bytes))

    def body(self, listed: Sequence[ListedNote], pages: Sequence[Page]) -> list[str]:
        """The lines of the block: the entries of notes, in groups, then those of pages."""
        page_lines = page_text.page_lines(
            pages,
            f"{PAGES_FOLDER}/",
            chars=self.limits.entry_chars,
            size_bytes=self._page_line_bytes(len(pages)),
        )
        lines: list[str] = []
        if self._grouped:
            by_group = sorted(listed, key=lambda one: one.group)
            for _, members in groupby(by_group, key=lambda one: one.group):
                group = list(members)
                if len(group) < len(listed) or group[0].heading != _OTHER:
                    lines.append(group[0].heading)
                lines += [one.line for one in group]
            lines += [_MORE] if page_lines else []
        else:
            lines += [one.line for one in listed]
        return [*lines, *(line for _, line in page_lines)]

    def _page_line_bytes(self, count: int) -> int:
        """The bytes that the entry of each of `count` pages may have, without its line end."""
        roomy = self._room.size_bytes >= 4 * count * self._line_bytes
        factor = 2 if count <= _MAX_ROOMY_PAGES and roomy else 1
        return factor * self._line_bytes - len(self._newline)

    def _candidates(self) -> Iterator[ListedNote]:
        """The notes that may be listed, the most useful first."""
        categories: set[tuple[int, str]] = set()
        for note in self._notes.best():
            if note.path not in self.hand_linked and is_current(note, self._today):
                line = note_line(note, self.limits)
                if line is not None:
                    yield ListedNote(note, line, *_group(note, categories))

    def _choose(self, left: Size) -> list[ListedNote]:
        """The first candidates that fit into `left`, together with their headings."""
        listed: list[ListedNote] = []
        if left.lines < 1:
            return listed
        used = Size(0, 0, 0)
        groups: set[tuple[int, str]] = set()
        for one in self._candidates():
            needed = used + size(one.line + self._newline)
            if self._grouped and one.group not in groups:
                needed += size(one.heading + self._newline)
            if not needed.fits(left):
                break
            used = needed
            groups.add(one.group)
            listed.append(one)
            if used.lines == left.lines:
                break
        return listed


def _group(note: MemoryMdNote, categories: set[tuple[int, str]]) -> tuple[tuple[int, str], str]:
    """The sort key of a note's group, and its heading."""
    if note.pinned:
        return (-1, ""), _PINNED
    kind = type_name(entry.clean(note.type)) if note.type else None
    folder = entry.clean(note.path.partition("/")[0]) if kind is None and "/" in note.path else ""
    place = (_FOLDERS, folder) if folder else type_order(kind)
    if place[1]:
        if place not in categories and len(categories) == _MAX_CATEGORIES:
            return type_order(None), _OTHER
        categories.add(place)
    if folder:
        return place, _heading(f"{folder}/")
    return place, _OTHER if kind is None else _heading(kind[:1].upper() + kind[1:])


def _heading(name: str) -> str:
    return "## " + (entry.fit(name, chars=40, size_bytes=120).replace("#", "\\#") or "…")


# ── which lines are generated ──

_HEADINGS = frozenset(
    [_MORE, _PINNED, _OTHER, *(_heading(kind.capitalize()) for kind in TYPE_ORDER)]
)


def is_generated(line: str, digests: Collection[str], notes: MemoryMdNotes, limits: Limits) -> bool:
    """Whether memcairn wrote a line of the block.

    This is so for a line that the last update wrote, one that this update would write, and an entry
    of an index page. Without the digests of the last update, the entry of an older title counts as
    written by hand: it is kept, and nothing is lost.

    Args:
        line: without its line end.
        digests: the `block.line_digest` of each line that the last update wrote.
        notes: the notes of the root.
        limits: of MEMORY.md.
    """
    if block.line_digest(line) in digests or line in _HEADINGS:
        return True
    found = entry.parse(line)
    if found is None:
        return False
    note = notes.at(found.path)
    if note is not None:
        return note_line(note, limits) == line
    is_page = found.path.startswith(f"{PAGES_FOLDER}/")
    return is_page and _PAGE_TITLE.fullmatch(found.title) is not None
