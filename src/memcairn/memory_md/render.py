"""Render MEMORY.md and its index pages from the notes in index.db and the present file.

    present MEMORY.md ──block.read──► text outside the block ──links──► notes linked by hand
                                            │ the room that is left
    notes by path ──pages.cut──► pages, levels of pages
                                            │ the room that the entries of pages leave
    notes by rank ──first_page──► listed notes
                                            ▼
                     block.write, page_text.text: every note once, somewhere

Nothing here reads a file. The result is a function of the notes, the present file, the limits and
the day. The cache of the last update only avoids rendering what cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from memcairn.memory_md import block, links, page_text, page_tree, pages
from memcairn.memory_md.first_page import FirstPage, is_generated, is_loaded
from memcairn.memory_md.limits import Limits, exceeded
from memcairn.memory_md.page_tree import PageTree
from memcairn.memory_md.render_cache import RenderCache
from memcairn.paths import MEMORY_MD, PAGES_FOLDER
from memcairn.store.memory_md import sort_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date

    from memcairn.memory_md.first_page import ListedNote
    from memcairn.memory_md.pages import PageForm
    from memcairn.store.memory_md import MemoryMdNotes

_NO_PAGES = PageTree(((),), {}, {})


@dataclass(frozen=True, slots=True)
class MemoryMdFinding:
    """A problem in MEMORY.md or an index page.

    `kind` is one of: orphan, a link written by hand leads to no note; moved, a line written inside
    the block now stands above it; unlisted, the paths of notes are longer than a page; over-limit;
    stale, a file differs from what the notes require; missing, a file does not exist; left-over, no
    file links to a page. `where` is a path relative to the root.
    """

    kind: Literal["orphan", "moved", "unlisted", "over-limit", "stale", "missing", "left-over"]
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """The new MEMORY.md and the pages to write.

    `pages` maps paths relative to the root to the bytes of new or changed pages. `removed` are the
    paths of pages that are no longer needed. Write the pages, then MEMORY.md, then remove pages, so
    that no reader finds a link to a missing page. `listed` counts the notes in the block,
    `hand_linked` those linked outside it, `folded` those on pages.
    """

    memory_md: bytes
    pages: dict[str, bytes]
    removed: tuple[str, ...]
    notes: int
    listed: int
    hand_linked: int
    folded: int
    findings: tuple[MemoryMdFinding, ...]
    cache: RenderCache


def render(
    notes: MemoryMdNotes,
    present: bytes | None,
    *,
    today: date,
    limits: Limits | None = None,
    cache: RenderCache | None = None,
    changed: Iterable[str] = (),
) -> Rendered:
    """Render MEMORY.md and the pages that may have changed.

    Args:
        notes: the notes as they are now.
        present: the bytes of MEMORY.md, None if there is none.
        today: notes that expired before this day are not listed.
        limits: the limits of each file.
        cache: the cache of the last update; None renders everything.
        changed: the paths of the notes that were added or removed, or have another title,
            description or day of change since then. Rank, pin, type, use and validity do not
            matter: the listed notes are chosen again each time.
    """
    limits = limits or Limits()
    digests = frozenset[str]() if cache is None else cache.line_digests
    around = block.read(present, lambda line: is_generated(line, digests, notes, limits))
    total = notes.count()
    if not is_loaded(around, total, limits):
        around = block.at_top(around)
    note_of = {
        target: links.note_of(target, notes) for target in links.targets(around.outside_text)
    }
    hand_linked = frozenset(path for path in note_of.values() if path is not None)
    first = FirstPage(notes, around, hand_linked, total=total, today=today, limits=limits)
    form = pages.form(total, limits)

    listed = first.all_notes()
    tree = _NO_PAGES
    if listed is None:
        last = cache if cache is not None and cache.has_pages_for(limits, form) else None
        listed, tree = _fold(notes, first, form, last, changed)
    body = first.body(listed, tree.levels[-1])
    memory_md = block.write(around, total, body, len(listed))

    folded = sum(page.contents.notes for page in tree.levels[0])
    unlisted = total - len(listed) - len(hand_linked) - folded
    return Rendered(
        memory_md=memory_md,
        pages={page_path(name): data for name, data in tree.rendered.items()},
        removed=_removed(notes, cache, tree),
        notes=total,
        listed=len(listed),
        hand_linked=len(hand_linked),
        folded=folded,
        findings=(
            *_orphans(note_of, [page_path(name) for name in tree.digests]),
            *_moved_and_unlisted(around.moved, unlisted),
            *over_limit({MEMORY_MD: memory_md}, limits),
        ),
        cache=RenderCache(
            limits=limits,
            form=form,
            listed=frozenset(one.note.path for one in listed),
            hand_linked=hand_linked,
            pages=tree.levels[0],
            digests=tree.digests,
            line_digests=frozenset(block.line_digest(line) for line in body),
        ),
    )


def _fold(
    notes: MemoryMdNotes,
    first: FirstPage,
    form: PageForm,
    last: RenderCache | None,
    changed: Iterable[str],
) -> tuple[list[ListedNote], PageTree]:
    """The listed notes and the pages of a root whose notes do not all fit on the first page."""
    limits = first.limits
    keys = {sort_key(path) for path in changed}
    entries = page_tree.PageEntries(notes, limits, form)
    lowest = page_tree.spans(entries, form, last, keys)
    levels = page_tree.levels(lowest, first.max_pages, pages.tight(limits))
    listed = first.notes_beside_pages(len(levels[-1]))
    listed_paths = {one.note.path for one in listed}
    if last is not None:
        moved = (last.listed ^ listed_paths) | (last.hand_linked ^ first.hand_linked)
        keys.update(sort_key(path) for path in moved)
    tree = page_tree.build(
        levels,
        entries,
        first.hand_linked | listed_paths,
        taken=page_text.taken_names(notes.beside_pages()),
        limits=limits,
        last=last,
        dirty=keys,
    )
    return listed, tree


def _removed(notes: MemoryMdNotes, cache: RenderCache | None, tree: PageTree) -> tuple[str, ...]:
    """The paths of the pages that are no longer needed, except where a note is now."""
    names = set() if cache is None else set(cache.digests) - set(tree.digests)
    if names:
        names -= page_text.taken_names(notes.beside_pages())
    return tuple(page_path(name) for name in sorted(names))


def page_path(name: str) -> str:
    """The path of a page, relative to the root."""
    return f"{PAGES_FOLDER}/{name}.md"


# ── findings ──


def _orphans(
    note_of: Mapping[links.Target, str | None], known_pages: Collection[str]
) -> Iterator[MemoryMdFinding]:
    """Links to neither a note nor a page. Whether they lead to another file is not checked."""
    for target, path in note_of.items():
        missing = links.missing_note(target) if path is None else None
        if missing is not None and missing not in known_pages:
            yield MemoryMdFinding(
                "orphan", missing, "is linked in MEMORY.md, but there is no such note"
            )


def _moved_and_unlisted(moved: Iterable[str], unlisted: int) -> Iterator[MemoryMdFinding]:
    for line in moved:
        yield MemoryMdFinding(
            "moved", MEMORY_MD, f"a line written inside the block now stands above it: {line}"
        )
    if unlisted:
        noun = "1 note has a path" if unlisted == 1 else f"{unlisted} notes have paths"
        yield MemoryMdFinding("unlisted", MEMORY_MD, f"{noun} longer than an index page may be")


def over_limit(files: Mapping[str, bytes], limits: Limits) -> Iterator[MemoryMdFinding]:
    """The limits that files exceed."""
    for path, data in files.items():
        for message in exceeded(data.decode("utf-8", "surrogateescape"), limits):
            yield MemoryMdFinding("over-limit", path, message)
