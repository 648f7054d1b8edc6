"""The index pages of a root: made anew, or only those that a change can reach.

    MEMORY.md ──► pages of the highest level ──► … ──► pages of the lowest level ──► notes

One level is enough while its entries fit into MEMORY.md.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from memcairn.memory_md import entry, page_text, pages
from memcairn.memory_md.page_text import Page
from memcairn.memory_md.rank import sort_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from memcairn.memory_md.limits import Limits
    from memcairn.memory_md.notes_view import NotesView
    from memcairn.memory_md.pages import PageForm, PageSpan
    from memcairn.memory_md.rank import NoteFacts
    from memcairn.memory_md.render_cache import RenderCache


class PageRows:
    """The notes as pages show them, each read and made into a line once."""

    def __init__(self, notes: NotesView, limits: Limits, form: PageForm) -> None:
        self._notes = notes
        self._chars = limits.entry_chars
        self._form = form
        self._runs: list[_Run] = []

    def since(self, key: bytes) -> Iterator[tuple[bytes, int]]:
        """The keys from `key` on and the bytes of their lines, as `pages.cut` wants them."""
        run = _Run(key)
        self._runs.append(run)
        for facts in self._notes.since(key):
            note_key = sort_key(facts.path)
            row = self._row(facts)
            run.keys.append(note_key)
            run.rows.append(row)
            if row.size_bytes <= self._form.size_bytes:
                yield note_key, row.size_bytes
        run.to_the_end = True

    def within(self, span: PageSpan, elsewhere: Collection[str]) -> list[PageRow]:
        """The notes of a span that are shown on its page: all that are not shown elsewhere."""
        return [
            row
            for row in self._all_within(span)
            if row.facts.path not in elsewhere and row.size_bytes <= self._form.size_bytes
        ]

    def _all_within(self, span: PageSpan) -> list[PageRow]:
        for run in self._runs:
            if run.covers(span):
                first = bisect_left(run.keys, span.start)
                end = len(run.keys) if span.end is None else bisect_left(run.keys, span.end)
                return run.rows[first:end]
        found = []
        for facts in self._notes.since(span.start):
            if span.end is not None and sort_key(facts.path) >= span.end:
                break
            found.append(self._row(facts))
        return found

    def _row(self, facts: NoteFacts) -> PageRow:
        line = entry.note_entry(
            facts.title,
            facts.path,
            facts.description,
            up="../",
            chars=self._chars,
            size_bytes=self._form.line_bytes - 1,
        )
        return PageRow(facts, line, (len(line) if line.isascii() else len(line.encode())) + 1)


class PageRow(NamedTuple):
    """A note, its entry on a page, and the bytes of that with its line end."""

    facts: NoteFacts
    line: str
    size_bytes: int


class _Run:
    """Rows that were read one after the other, from a key on."""

    def __init__(self, start: bytes) -> None:
        self.start = start
        self.keys: list[bytes] = []
        self.rows: list[PageRow] = []
        self.to_the_end = False

    def covers(self, span: PageSpan) -> bool:
        if span.start < self.start:
            return False
        read_to = self.keys[-1] if self.keys else b""
        return self.to_the_end or (span.end is not None and span.end <= read_to)


def spans(
    rows: PageRows, form: PageForm, last: RenderCache | None, changed: Iterable[bytes]
) -> list[PageSpan]:
    """The spans of the pages of the lowest level."""
    if last is None:
        return list(pages.cut(rows.since(b""), form))
    return pages.cut_again([page.span for page in last.pages], changed, rows.since, form)


def levels(lowest: list[PageSpan], most: int, form: PageForm) -> list[list[PageSpan]]:
    """The spans of all levels, the lowest first, until one has no more than `most` pages.

    The spans of a higher level are runs of whole spans of the one below.
    """
    found = [lowest]
    while len(found[-1]) > max(most, 1):
        last_note = {span.start: span.last for span in found[-1]}
        runs = pages.cut(((span.start, form.line_bytes) for span in found[-1]), form)
        found.append([replace(run, last=last_note[run.last]) for run in runs])
    return found


@dataclass(frozen=True, slots=True)
class PageTree:
    """All pages of a root.

    `levels` holds the lowest first; `made` the text of each page that may have changed, by name;
    `files` a digest of the bytes of each page that there should be, by name.
    """

    levels: tuple[tuple[Page, ...], ...]
    made: dict[str, bytes]
    files: dict[str, str]


def make(
    spans_of_levels: Sequence[Sequence[PageSpan]],
    rows: PageRows,
    elsewhere: Collection[str],
    *,
    taken: Collection[str],
    limits: Limits,
    last: RenderCache | None,
    dirty: Iterable[bytes],
) -> PageTree:
    """The pages, and the text of those that may differ from the last ones.

    Args:
        spans_of_levels: from `levels`.
        rows: the notes.
        elsewhere: the paths that MEMORY.md shows itself.
        taken: the names that notes have in the folder of the pages.
        limits: what a page may hold.
        last: what the last update kept, None to make all pages.
        dirty: the keys of notes that are shown elsewhere or otherwise than at that time.
    """
    names = page_text.page_names(
        [[span.start for span in level] for level in spans_of_levels], taken
    )
    made: dict[str, bytes] = {}
    files: dict[str, str] = {}
    keys = sorted(dirty)
    old = {page.span: page for page in last.pages} if last is not None else {}
    lowest: list[Page] = []
    for span, name in zip(spans_of_levels[0], names[0], strict=True):
        page = old.get(span)
        if page is None or page.name != name or last is None or _has_any(keys, span):
            shown = rows.within(span, elsewhere)
            page = Page(span, name, page_text.contents([row.facts for row in shown]))
            _add(page, [row.line for row in shown], made, files)
        elif page.contents.notes:
            files[name] = last.files[name]
        lowest.append(page)
    tree = [tuple(lowest)]
    line_bytes = pages.tight(limits).line_bytes - 1
    for level, level_names in zip(spans_of_levels[1:], names[1:], strict=True):
        lines = page_text.page_lines(tree[-1], "", chars=limits.entry_chars, size_bytes=line_bytes)
        upper = []
        for span, name in zip(level, level_names, strict=True):
            inside = [(page, line) for page, line in lines if span.holds(page.span.start)]
            contents = page_text.merged([page.contents for page, _ in inside])
            upper.append(Page(span, name, contents))
            _add(upper[-1], [line for _, line in inside], made, files)
        tree.append(tuple(upper))
    if last is not None:
        made = {name: data for name, data in made.items() if files[name] != last.files.get(name)}
    return PageTree(tuple(tree), made, files)


def _add(page: Page, lines: list[str], made: dict[str, bytes], files: dict[str, str]) -> None:
    if page.contents.notes:
        # Clean titles and quoted paths hold no surrogates.
        data = page_text.text(page.contents, lines).encode()
        made[page.name] = data
        files[page.name] = hashlib.blake2b(data, digest_size=8).hexdigest()


def _has_any(keys: Sequence[bytes], span: PageSpan) -> bool:
    place = bisect_left(keys, span.start)
    return place < len(keys) and span.holds(keys[place])
