"""The index pages of a root: all of them, or only those that a change can reach.

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
from memcairn.store.memory_md import sort_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from memcairn.memory_md.limits import Limits
    from memcairn.memory_md.pages import PageForm, PageSpan
    from memcairn.memory_md.render_cache import RenderCache
    from memcairn.store.memory_md import MemoryMdNote, MemoryMdNotes


class PageEntry(NamedTuple):
    """A note, its line on a page, and the bytes of the line with its line end."""

    note: MemoryMdNote
    line: str
    size_bytes: int


class PageEntries:
    """The entries of notes on pages; each note is read and rendered once."""

    def __init__(self, notes: MemoryMdNotes, limits: Limits, form: PageForm) -> None:
        self._notes = notes
        self._chars = limits.entry_chars
        self._form = form
        self._runs: list[_Run] = []

    def since(self, key: bytes) -> Iterator[tuple[bytes, int]]:
        """The keys from `key` on and the bytes of their lines: the items of `pages.cut`."""
        run = _Run(key)
        self._runs.append(run)
        for note in self._notes.since(key):
            note_key = sort_key(note.path)
            one = self._entry(note)
            run.keys.append(note_key)
            run.entries.append(one)
            if one.size_bytes <= self._form.size_bytes:
                yield note_key, one.size_bytes
        run.is_complete = True

    def first_key(self) -> bytes:
        """The key of the first note; b"" if there is none."""
        return next((sort_key(note.path) for note in self._notes.since(b"")), b"")

    def within(self, span: PageSpan, elsewhere: Collection[str]) -> list[PageEntry]:
        """The entries on the page of a span: its notes except those with paths in `elsewhere`."""
        return [
            one
            for one in self._all_within(span)
            if one.note.path not in elsewhere and one.size_bytes <= self._form.size_bytes
        ]

    def _all_within(self, span: PageSpan) -> list[PageEntry]:
        for run in self._runs:
            if run.covers(span):
                first = bisect_left(run.keys, span.start)
                end = len(run.keys) if span.end is None else bisect_left(run.keys, span.end)
                return run.entries[first:end]
        found = []
        for note in self._notes.since(span.start):
            if span.end is not None and sort_key(note.path) >= span.end:
                break
            found.append(self._entry(note))
        return found

    def _entry(self, note: MemoryMdNote) -> PageEntry:
        line = entry.note_entry(
            note.title,
            note.path,
            note.description,
            up="../",
            chars=self._chars,
            size_bytes=self._form.line_bytes - 1,
        )
        return PageEntry(note, line, (len(line) if line.isascii() else len(line.encode())) + 1)


class _Run:
    """Entries that were read in order, from the key `start` on."""

    def __init__(self, start: bytes) -> None:
        self.start = start
        self.keys: list[bytes] = []
        self.entries: list[PageEntry] = []
        self.is_complete = False

    def covers(self, span: PageSpan) -> bool:
        if span.start < self.start:
            return False
        read_to = self.keys[-1] if self.keys else b""
        return self.is_complete or (span.end is not None and span.end <= read_to)


def spans(
    entries: PageEntries, form: PageForm, last: RenderCache | None, changed: Iterable[bytes]
) -> list[PageSpan]:
    """The spans of the pages of the lowest level."""
    if last is None:
        return list(pages.cut(entries.since(b""), form))
    return pages.cut_again([page.span for page in last.pages], changed, entries.since, form)


def levels(lowest: list[PageSpan], max_pages: int, form: PageForm) -> list[list[PageSpan]]:
    """The spans of all levels, the lowest first; the highest has at most `max_pages` pages.

    The spans of a higher level are runs of whole spans of the level below.
    """
    found = [lowest]
    while len(found[-1]) > max(max_pages, 1):
        last_note = {span.start: span.last for span in found[-1]}
        runs = pages.cut(((span.start, form.line_bytes) for span in found[-1]), form)
        found.append([replace(run, last=last_note[run.last]) for run in runs])
    return found


@dataclass(frozen=True, slots=True)
class PageTree:
    """All pages of a root.

    `levels` has the lowest level first. `rendered` maps the names of pages that may have changed to
    their bytes; `digests` maps the names of all pages that should exist to a digest of their bytes.
    """

    levels: tuple[tuple[Page, ...], ...]
    rendered: dict[str, bytes]
    digests: dict[str, str]


def build(
    spans_of_levels: Sequence[Sequence[PageSpan]],
    entries: PageEntries,
    elsewhere: Collection[str],
    *,
    taken: Collection[str],
    limits: Limits,
    last: RenderCache | None,
    dirty: Iterable[bytes],
) -> PageTree:
    """Build the page tree, and render the pages that may differ from the last ones.

    Args:
        spans_of_levels: from `levels`.
        entries: the entries of the notes.
        elsewhere: the paths of the notes that MEMORY.md shows itself.
        taken: the names of notes in the folder of the pages.
        limits: the limits of a page.
        last: the cache of the last update, None to render all pages.
        dirty: the keys of notes that changed since then, or moved between MEMORY.md and a page.
    """
    names = page_text.page_names(spans_of_levels, entries.first_key(), taken)
    rendered: dict[str, bytes] = {}
    digests: dict[str, str] = {}
    keys = sorted(dirty)
    old = {page.span: page for page in last.pages} if last is not None else {}
    lowest: list[Page] = []
    for span, name in zip(spans_of_levels[0], names[0], strict=True):
        page = old.get(span)
        if page is None or page.name != name or last is None or _has_any(keys, span):
            shown = entries.within(span, elsewhere)
            page = Page(span, name, page_text.contents([one.note for one in shown]))
            _render(page, [one.line for one in shown], rendered, digests)
        elif page.contents.notes:
            digests[name] = last.digests[name]
        lowest.append(page)
    tree = [tuple(lowest)]
    line_bytes = pages.tight(limits).line_bytes - 1
    for level, level_names in zip(spans_of_levels[1:], names[1:], strict=True):
        lines = page_text.page_lines(tree[-1], "", chars=limits.entry_chars, size_bytes=line_bytes)
        upper = []
        for span, name in zip(level, level_names, strict=True):
            inside = [(page, line) for page, line in lines if span.contains(page.span.start)]
            contents = page_text.merged([page.contents for page, _ in inside])
            upper.append(Page(span, name, contents))
            _render(upper[-1], [line for _, line in inside], rendered, digests)
        tree.append(tuple(upper))
    if last is not None:
        rendered = {
            name: data for name, data in rendered.items() if digests[name] != last.digests.get(name)
        }
    return PageTree(tuple(tree), rendered, digests)


def _render(
    page: Page, lines: list[str], rendered: dict[str, bytes], digests: dict[str, str]
) -> None:
    if page.contents.notes:
        # Cleaned titles and quoted paths have no surrogates.
        data = page_text.text(page.contents, lines).encode()
        rendered[page.name] = data
        digests[page.name] = hashlib.blake2b(data, digest_size=8).hexdigest()


def _has_any(keys: Sequence[bytes], span: PageSpan) -> bool:
    place = bisect_left(keys, span.start)
    return place < len(keys) and span.contains(keys[place])
