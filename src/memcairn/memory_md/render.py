"""MEMORY.md and its index pages, from what index.db knows of the notes and from the present file.

    present MEMORY.md ──block.read──► what is theirs ──links──► notes shown by hand
                                            │ what room is left
    notes in the order of their paths ──pages.cut──► pages, levels of pages
                                            │ what room the entries of pages leave
    notes in the order of their rank ──first_page.choose──► notes listed
                                            ▼
                     block.write, page_text.text: every note once, somewhere

Nothing here reads a file or a database, and the result is a function of the notes, the present
file, the limits and the day. With what the last update kept, only the parts are made that can
differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.memory_md import block, first_page, page_text, page_tree, pages
from memcairn.memory_md.by_hand import OurLines, links_by_hand
from memcairn.memory_md.findings import Finding, of_files, of_links, of_moved, of_unlisted
from memcairn.memory_md.kept import Kept
from memcairn.memory_md.limits import Limits, Size, room, size
from memcairn.memory_md.notes_view import ListOfNotes
from memcairn.memory_md.page_tree import PageTree
from memcairn.memory_md.rank import is_current, sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from memcairn.memory_md.block import Surroundings
    from memcairn.memory_md.notes_view import NotesView
    from memcairn.memory_md.rank import NoteFacts

# The entries of so few pages may take twice the room, if it is there.
_FEW_PAGES = 16


@dataclass(frozen=True, slots=True)
class Rendered:
    """The new MEMORY.md and the pages to write.

    `pages` maps paths from the root to the bytes of the pages that are new or changed; `removed`
    are the paths of pages that are no longer needed. Write the pages, then MEMORY.md, then remove:
    so no reader finds a link to a page that is not there. `listed` counts the notes in the block,
    `by_hand` those that are linked outside of it, `folded` those on pages.
    """

    memory_md: bytes
    pages: dict[str, bytes]
    removed: tuple[str, ...]
    notes: int
    listed: int
    by_hand: int
    folded: int
    findings: tuple[Finding, ...]
    kept: Kept


def render(
    facts: Iterable[NoteFacts], present: bytes | None, *, today: date, limits: Limits | None = None
) -> Rendered:
    """MEMORY.md and all its pages, from nothing but the notes and the present file.

    Args:
        facts: what is known of each note of the root; no two with the same path.
        present: the bytes of MEMORY.md, None if there is none.
        today: notes that expired before this day do not stand on the first page.
        limits: what a file may hold.
    """
    return update(ListOfNotes(facts), present, today=today, limits=limits)


def update(
    notes: NotesView,
    present: bytes | None,
    *,
    today: date,
    limits: Limits | None = None,
    kept: Kept | None = None,
    changed: Iterable[str] = (),
) -> Rendered:
    """What `render` gives, from a view of the notes and from what the last update kept.

    Args:
        notes: the notes as they are now.
        present: the bytes of MEMORY.md, None if there is none.
        today: notes that expired before this day do not stand on the first page.
        limits: what a file may hold.
        kept: what the last update kept; None to make everything anew.
        changed: the paths of the notes that came, went, or have another title, description or
            day of change since then. Rank, pin, type, use and validity need not be told: the
            first page is chosen anew each time.
    """
    limits = limits or Limits()
    written = frozenset() if kept is None else kept.written
    around = block.read(present, OurLines(notes, limits, written).has)
    links = links_by_hand(around.theirs, notes)
    by_hand = frozenset(path for path in links.values() if path is not None)
    total = notes.count()
    form = pages.form(total, limits)
    first = _FirstPage.of(notes, around, by_hand, today, limits)

    if first.complete:
        chosen, page_lines, tree = first.chosen, [], PageTree(((),), {}, {})
    else:
        last = kept
        if last is None or not last.pages or (last.limits, last.form) != (limits, form):
            last = None
        keys = {sort_key(path) for path in changed}
        rows = page_tree.PageRows(notes, limits, form)
        lowest = page_tree.spans(rows, form, last, keys)
        levels = page_tree.levels(lowest, first.pages_allowed, pages.tight(limits))
        line_bytes = first.page_line_bytes(len(levels[-1]))
        chosen = first.beside_pages(len(levels[-1]), line_bytes)
        listed = {note.path for note in chosen}
        if last is not None:
            moved = (last.listed ^ listed) | (last.by_hand ^ by_hand)
            keys.update(sort_key(path) for path in moved)
        tree = page_tree.make(
            levels,
            rows,
            by_hand | listed,
            taken=page_text.taken_names(notes.in_folder(page_text.FOLDER)),
            limits=limits,
            last=last,
            dirty=keys,
        )
        page_lines = [
            line
            for _, line in page_text.page_lines(
                tree.levels[-1],
                f"{page_text.FOLDER}/",
                chars=limits.entry_chars,
                size_bytes=line_bytes,
            )
        ]

    body = first_page.body(chosen, page_lines, grouped=first.grouped)
    memory_md = block.write(around, total, body, len(chosen))
    folded = sum(page.contents.notes for page in tree.levels[0])
    old_files = {} if kept is None else kept.files
    return Rendered(
        memory_md=memory_md,
        pages={page_path(name): data for name, data in tree.made.items()},
        removed=tuple(page_path(name) for name in sorted(old_files) if name not in tree.files),
        notes=total,
        listed=len(chosen),
        by_hand=len(by_hand),
        folded=folded,
        findings=(
            *of_links(links),
            *of_moved(around.moved),
            *of_unlisted(total - len(chosen) - len(by_hand) - folded),
            *of_files({"MEMORY.md": memory_md}, limits),
        ),
        kept=Kept(
            limits=limits,
            form=form,
            listed=frozenset(note.path for note in chosen),
            by_hand=by_hand,
            pages=tree.levels[0],
            files=tree.files,
            written=frozenset(block.line_digest(line) for line in body),
        ),
    )


def page_path(name: str) -> str:
    """The path of a page from the root."""
    return f"{page_text.FOLDER}/{name}.md"


@dataclass(frozen=True, slots=True)
class _FirstPage:
    """The room in MEMORY.md for entries of ours, and the notes that may stand there.

    `offered` are the best notes, as many as there are lines at most. If `complete`, all notes fit,
    and `chosen` are they.
    """

    room: Size
    newline: str
    offered: list[first_page.Listed]
    grouped: bool
    complete: bool
    least_line_bytes: int

    @classmethod
    def of(
        cls,
        notes: NotesView,
        around: Surroundings,
        by_hand: frozenset[str],
        today: date,
        limits: Limits,
    ) -> _FirstPage:
        total = notes.count()
        markers = block.begin(total, total, "0" * 12) + around.newline + block.END
        left = room(limits) - size(around.before + around.after) - size(markers)
        least = pages.tight(limits).line_bytes
        current = (
            facts
            for facts in notes.best()
            if facts.path not in by_hand and is_current(facts, today)
        )
        offered = first_page.candidates(current, limits, left.lines)
        grouped = first_page.is_grouped(offered, left)
        waiting = total - len(by_hand)
        complete = waiting == len(offered) and waiting == len(
            first_page.choose(offered, left, around.newline, grouped=grouped)
        )
        return cls(left, around.newline, offered, grouped, complete, least)

    @property
    def chosen(self) -> list[first_page.Listed]:
        return self.offered

    @property
    def pages_allowed(self) -> int:
        """How many entries of pages fit in the shortest form; 1 even if none does."""
        lines = self.room.lines - (1 if self.grouped else 0)
        size_bytes = min(self.room.size_bytes, self.room.units) - len(first_page.MORE) - 2
        return max(min(lines, size_bytes // self.least_line_bytes), 1)

    def page_line_bytes(self, count: int) -> int:
        """The bytes that the entry of each of `count` pages may have, without its line end."""
        roomy = self.room.size_bytes >= 4 * count * self.least_line_bytes
        factor = 2 if count <= _FEW_PAGES and roomy else 1
        return factor * self.least_line_bytes - len(self.newline)

    def beside_pages(self, count: int, line_bytes: int) -> list[first_page.Listed]:
        """The notes that fit beside the entries of `count` pages."""
        taken = count * (line_bytes + len(self.newline))
        lines = count
        if self.grouped:
            taken += len(first_page.MORE + self.newline)
            lines += 1
        left = self.room - Size(lines, taken, taken)
        return first_page.choose(self.offered, left, self.newline, grouped=self.grouped)
