"""What somebody wrote in MEMORY.md, told apart from what we wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from memcairn.memory_md import block, entry, first_page, links
from memcairn.memory_md.rank import TYPE_ORDER
from memcairn.paths import PAGES_FOLDER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from memcairn.memory_md.limits import Limits
    from memcairn.memory_md.notes_view import NotesView

_HEADINGS = frozenset(
    [
        first_page.MORE,
        f"## {first_page.PINNED}",
        *(first_page.heading(kind) for kind in (*TYPE_ORDER, None)),
    ]
)
_PAGE_TITLE = re.compile(r"(?:.+, )?\d+ more", re.DOTALL)


class OurLines:
    """Which lines we wrote, as far as one can tell.

    A line that the last update wrote; else, when nothing is known of that, one that we would write
    now, or that leads to an index page. An entry of an older title is then taken for somebody's:
    it is kept, and nothing is lost.
    """

    def __init__(self, notes: NotesView, limits: Limits, written: Collection[str]) -> None:
        self._notes = notes
        self._limits = limits
        self._written = written

    def has(self, line: str) -> bool:
        """Whether `line`, without its line end, is ours."""
        if block.line_digest(line) in self._written or line in _HEADINGS:
            return True
        found = entry.parse(line)
        if found is None:
            return False
        facts = self._notes.at(found.path)
        if facts is not None:
            return first_page.note_line(facts, self._limits) == line
        is_page = found.path.startswith(f"{PAGES_FOLDER}/")
        return is_page and _PAGE_TITLE.fullmatch(found.title) is not None


class _Paths:
    """`links.Paths` of a view of the notes."""

    def __init__(self, notes: NotesView) -> None:
        self._notes = notes

    def has(self, path: str) -> bool:
        return self._notes.at(path) is not None

    def with_file_name(self, name: str) -> Sequence[str]:
        return self._notes.with_file_name(name)


def links_by_hand(theirs: str, notes: NotesView) -> dict[links.Target, str | None]:
    """The links in the text outside the block, and the path of the note that each leads to."""
    paths = _Paths(notes)
    return {target: links.note_of(target, paths) for target in links.targets(theirs)}
