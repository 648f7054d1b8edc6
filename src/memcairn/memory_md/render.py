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
from memcairn.memory_md.findings import MemoryMdFinding, of_files, of_links, of_moved, of_unlisted
from memcairn.memory_md.limits import Limits, Size, room, size
from memcairn.memory_md.notes_view import ListOfNotes
from memcairn.memory_md.page_tree import PageTree
from memcairn.memory_md.rank import is_current, sort_key
from memcairn.memory_md.render_cache import RenderCache
from memcairn.paths import MEMORY_MD, PAGES_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from memcairn.memory_md.block import Surroundings
    from memcairn.memory_md.notes_view import NotesView
    from memcairn.memory_md.pages import PageForm
    from memcairn.memory_md.rank import NoteFacts

# The entries of so few pages may take twice the room, if it is there.
_FEW_PAGES = 16
_NO_PAGES = PageTree(((),), {}, {})


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
    findings: tuple[MemoryMdFinding, ...]
    kept: RenderCache


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
    kept: RenderCache | None = None,
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
    first = _FirstPage(notes, around, by_hand, total=total, today=today, limits=limits)
    form = pages.form(total, limits)

    chosen = first.all_notes()
    tree = _NO_PAGES
    if chosen is None:
        last = kept if kept is not None and kept.describes(limits, form) else None
        chosen, tree = _beside_pages(notes, first, form, last, changed)
    body = first.body(chosen, tree)
    memory_md = block.write(around, total, body, len(chosen))

    folded = sum(page.contents.notes for page in tree.levels[0])
    return Rendered(
        memory_md=memory_md,
        pages={page_path(name): data for name, data in tree.made.items()},
        removed=_removed(notes, kept, tree),
        notes=total,
        listed=len(chosen),
        by_hand=len(by_hand),
        folded=folded,
        findings=(
            *of_links(links, [page_path(name) for name in tree.files]),
            *of_moved(around.moved),
            *of_unlisted(total - len(chosen) - len(by_hand) - folded),
            *of_files({MEMORY_MD: memory_md}, limits),
        ),
        kept=RenderCache(
            limits=limits,
            form=form,
            listed=frozenset(note.path for note in chosen),
            by_hand=by_hand,
            pages=tree.levels[0],
            files=tree.files,
            written=frozenset(block.line_digest(line) for line in body),
        ),
    )


def _beside_pages(
    notes: NotesView,
    first: _FirstPage,
    form: PageForm,
    last: RenderCache | None,
    changed: Iterable[str],
) -> tuple[list[first_page.Listed], PageTree]:
    """The notes of the first page and the pages, if not all notes fit on the first page."""
    limits = first.limits
    keys = {sort_key(path) for path in changed}
    rows = page_tree.PageRows(notes, limits, form)
    lowest = page_tree.spans(rows, form, last, keys)
    levels = page_tree.levels(lowest, first.pages_allowed, pages.tight(limits))
    chosen = first.notes_beside_pages(len(levels[-1]))
    listed = {note.path for note in chosen}
    if last is not None:
        moved = (last.listed ^ listed) | (last.by_hand ^ first.by_hand)
        keys.update(sort_key(path) for path in moved)
    tree = page_tree.make(
        levels,
        rows,
        first.by_hand | listed,
        taken=page_text.taken_names(notes.in_folder(PAGES_FOLDER)),
        limits=limits,
        last=last,
        dirty=keys,
    )
    return chosen, tree


def _removed(notes: NotesView, kept: RenderCache | None, tree: PageTree) -> tuple[str, ...]:
    """The paths of the pages that are no longer needed; none where a note is now."""
    names = set() if kept is None else set(kept.files) - set(tree.files)
    if names:
        names -= page_text.taken_names(notes.in_folder(PAGES_FOLDER))
    return tuple(page_path(name) for name in sorted(names))


def page_path(name: str) -> str:
    """The path of a page from the root."""
    return f"{PAGES_FOLDER}/{name}.md"


class _FirstPage:
    """The room in MEMORY.md for entries of ours, and the notes that may stand there."""

    def __init__(
        self,
        notes: NotesView,
        around: Surroundings,
        by_hand: frozenset[str],
        *,
        total: int,
        today: date,
        limits: Limits,
    ) -> None:
        self.limits = limits
        self.by_hand = by_hand
        self._notes = notes
        self._today = today
        self._newline = around.newline
        self._waiting = total - len(by_hand)
        markers = block.begin(total, total, "0" * 12) + around.newline + block.END
        self._room = room(limits) - size(around.before + around.after) - size(markers)
        self._least_line_bytes = pages.tight(limits).line_bytes
        self._grouped = first_page.is_grouped(self._waiting, self._room)

    def all_notes(self) -> list[first_page.Listed] | None:
        """All notes, if they may all stand here and there is room; else None."""
        if self._waiting > self._room.lines:
            return None
        chosen = self._choose(self._room)
        return chosen if len(chosen) == self._waiting else None

    @property
    def pages_allowed(self) -> int:
        """How many entries of pages fit in the shortest form; 1 even if none does."""
        lines = self._room.lines - (1 if self._grouped else 0)
        size_bytes = min(self._room.size_bytes, self._room.units) - len(first_page.MORE) - 2
        return max(min(lines, size_bytes // self._least_line_bytes), 1)

    def _page_line_bytes(self, count: int) -> int:
        """The bytes that the entry of each of `count` pages may have, without its line end."""
        roomy = self._room.size_bytes >= 4 * count * self._least_line_bytes
        factor = 2 if count <= _FEW_PAGES and roomy else 1
        return factor * self._least_line_bytes - len(self._newline)

    def notes_beside_pages(self, count: int) -> list[first_page.Listed]:
        """The best notes, as many as fit beside the entries of `count` pages."""
        size_bytes = count * (self._page_line_bytes(count) + len(self._newline))
        lines = count
        if self._grouped:
            size_bytes += len(first_page.MORE + self._newline)
            lines += 1
        return self._choose(self._room - Size(lines, size_bytes, size_bytes))

    def body(self, chosen: Sequence[first_page.Listed], tree: PageTree) -> list[str]:
        """The lines of the block."""
        top = tree.levels[-1]
        lines = page_text.page_lines(
            top,
            f"{PAGES_FOLDER}/",
            chars=self.limits.entry_chars,
            size_bytes=self._page_line_bytes(len(top)),
        )
        return first_page.body(chosen, [line for _, line in lines], grouped=self._grouped)

    def _choose(self, left: Size) -> list[first_page.Listed]:
        current = (
            facts
            for facts in self._notes.best()
            if facts.path not in self.by_hand and is_current(facts, self._today)
        )
        offered = first_page.candidates(current, self.limits)
        return first_page.choose(offered, left, self._newline, grouped=self._grouped)
