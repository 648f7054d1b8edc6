"""The text of an index page, and the entry of an index page in MEMORY.md.

    index/observed.md
        <!-- memcairn:page 159 notes; generated, edits are lost -->
        # observed/, 159 notes
        - [Build fails on arm](../observed/arm.md) — …
    in MEMORY.md
        - [observed/, 159 more](index/observed.md) — build, quirks, 2025-03 to 2025-11

The entry of a page names the folder of its notes, or its first and last path; then the most frequent
words of their titles, and the months of their changes.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from memcairn.memory_md import entry, graphemes
from memcairn.notes.stop_words import STOP_WORDS
from memcairn.paths import PAGE_MARKER, PAGES_FOLDER
from memcairn.store.memory_md import sort_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from memcairn.memory_md.pages import PageSpan
    from memcairn.store.memory_md import MemoryMdNote

_MAX_WORDS = 8
_MAX_WORD_CHARS = 40
# Up to this many notes are described by their titles, not by words that titles share.
_MAX_TITLES = 3
_WORD = re.compile(r"[^\W\d_]{3,}")
# Scripts without spaces between words: each pair of characters counts as a word.
_UNSPACED = re.compile(
    "[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_MAX_STEP_CHARS = 16
# Names that Windows reserves for devices.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)")
_MAX_NAME_CHARS = 32


@dataclass(frozen=True, slots=True)
class Contents:
    """A summary of a page, for the entries that lead to it.

    `notes` counts the notes that the page leads to; `first` and `last` are the paths of the first
    and the last. `words` are the most frequent words of their titles, the most frequent first.
    `months` are the first and last month of change ("2025-03").
    """

    notes: int
    first: str = ""
    last: str = ""
    words: tuple[str, ...] = ()
    months: tuple[str, str] = ("", "")


def contents(shown: Sequence[MemoryMdNote]) -> Contents:
    """The summary of a page with these notes, in the order of their paths."""
    if not shown:
        return Contents(0)
    days = [note.changed for note in shown]
    return Contents(
        notes=len(shown),
        first=shown[0].path,
        last=shown[-1].path,
        words=_words([entry.shown_title(note.title, note.path) for note in shown]),
        months=(_month(min(days)), _month(max(days))),
    )


def merged(parts: Sequence[Contents]) -> Contents:
    """The summary of a page that leads to pages with these summaries, in order."""
    parts = [part for part in parts if part.notes]
    if not parts:
        return Contents(0)
    common = Counter(word for part in parts for word in part.words)
    return Contents(
        notes=sum(part.notes for part in parts),
        first=parts[0].first,
        last=parts[-1].last,
        words=_most_common(common),
        months=(min(part.months[0] for part in parts), max(part.months[1] for part in parts)),
    )


def _words(titles: Sequence[str]) -> tuple[str, ...]:
    if len(titles) <= _MAX_TITLES:
        return tuple(title[:_MAX_WORD_CHARS] for title in titles)
    common = Counter(word for title in titles for word in _title_words(title))
    shared = {word: n for word, n in common.items() if n > 1 and len(word) <= _MAX_WORD_CHARS}
    return _most_common(shared)


def _title_words(title: str) -> set[str]:
    title = title.casefold()
    if title.isascii():
        return set(_WORD.findall(title)) - STOP_WORDS
    runs = _UNSPACED.findall(title)
    words = set(_WORD.findall(_UNSPACED.sub(" ", title))) - STOP_WORDS
    return words.union(run[at : at + 2] for run in runs for at in range(max(len(run) - 1, 1)))


def _most_common(counts: Mapping[str, int]) -> tuple[str, ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(word for word, _ in ordered[:_MAX_WORDS])


def _month(day: int) -> str:
    return date.fromordinal(max(day, 1)).isoformat()[:7]


@dataclass(frozen=True, slots=True)
class Page:
    """An index page: its span, its name without folder and suffix, and its summary."""

    span: PageSpan
    name: str
    contents: Contents


# ── the page itself ──


def text(page: Contents, lines: Iterable[str]) -> str:
    """The text of an index page with these entries."""
    notes = page.notes
    noun = "note" if notes == 1 else "notes"
    folder = folder_of(page.first, page.last)
    place = entry.fit(entry.clean(folder), chars=60, size_bytes=100).replace("#", "\\#")
    heading = f"{place}, {notes} {noun}" if place else f"{notes} {noun}"
    head = f"{PAGE_MARKER}{notes} {noun}; generated, edits are lost -->\n# {heading}\n"
    return head + "".join([line + "\n" for line in lines])


def is_page(data: bytes) -> bool:
    """Whether a file is an index page that memcairn wrote, by its first bytes."""
    return data.startswith(PAGE_MARKER.encode())


def folder_of(first: str, last: str) -> str:
    """The folder of all notes from `first` to `last`: "", or with a slash at the end."""
    common = 0
    for place, (one, other) in enumerate(zip(first, last, strict=False)):
        if one != other:
            break
        if one == "/":
            common = place + 1
    return first[:common]


# ── the entry of a page ──


def page_lines(
    level: Sequence[Page], folder: str, *, chars: int, size_bytes: int
) -> list[tuple[Page, str]]:
    """The entries of the pages of a level; an empty page has none.

    Args:
        level: all pages of the level, in order.
        folder: the path to the pages, relative to the file with the entries: "index/" or "".
        chars: the maximum of user-perceived characters in a line.
        size_bytes: the maximum of bytes in a line, without its line end.
    """
    lines: list[tuple[Page, str]] = []
    for place, page in enumerate(level):
        if page.contents.notes:
            neighbours = [other.span.last for other in level[max(place - 1, 0) : place]]
            neighbours += [other.span.start for other in level[place + 1 : place + 2]]
            link = f"{folder}{page.name}.md"
            lines.append((page, _page_line(page.contents, link, neighbours, chars, size_bytes)))
    return lines


def _page_line(
    page: Contents, link: str, neighbours: Sequence[bytes], chars: int, size_bytes: int
) -> str:
    more = f"{page.notes} more"
    fixed = len(f"- [, {more}]({link})")
    # Half of the remaining room is for the label, the rest for the words.
    label = entry.fit(
        _label(page, neighbours),
        chars=max((chars - fixed) // 2, 8),
        size_bytes=max((size_bytes - fixed) // 2, 24),
    )
    start = f"- [{label}, {more}]({link})" if label else f"- [{more}]({link})"
    return start + _summary(page, chars - len(start), size_bytes - len(start.encode()))


def _label(page: Contents, neighbours: Sequence[bytes]) -> str:
    """The folder of a page's notes, and the first and last of them if other pages share the folder."""
    folder = folder_of(page.first, page.last)
    key = sort_key(folder)
    place = entry.clean(folder)
    if not any(other.startswith(key) for other in neighbours):
        return place
    first, last = (_step(path[len(folder) :]) for path in (page.first, page.last))
    return f"{place}{first}" if first == last else f"{place}{first} – {last}"


def _step(path: str) -> str:
    """The first part of a path, shortened: a folder with its slash, or a file without its suffix."""
    head, slash, _ = path.partition("/")
    step = entry.clean(head if slash else head.rpartition(".")[0] or head)
    if len(step) > _MAX_STEP_CHARS:
        step = "".join(graphemes.clusters(step[: _MAX_STEP_CHARS * 4])[: _MAX_STEP_CHARS - 1])
        step += entry.ELLIPSIS
    return step + slash


def _summary(page: Contents, chars: int, size_bytes: int) -> str:
    """The end of a page's entry: the words that fit, then the months; "" if there is no room."""
    first, last = page.months
    months = first if first == last else f"{first} to {last}"
    chars -= len(entry.SEPARATOR) + len(months) + 2
    size_bytes -= len(entry.SEPARATOR.encode()) + len(months) + 2
    if chars < 0 or size_bytes < 0:
        return ""
    parts: list[str] = []
    for word in page.words:
        part = entry.fit(word, chars=min(chars, 40), size_bytes=min(size_bytes, 80))
        chars -= len(part) + 2
        size_bytes -= len(part.encode()) + 2
        if not part or chars < 0 or size_bytes < 0:
            break
        parts.append(part)
    return entry.SEPARATOR + ", ".join([*parts, months])


# ── names ──


def page_names(
    levels: Sequence[Sequence[PageSpan]], first: bytes, taken: Collection[str]
) -> list[list[str]]:
    """Distinct names for the pages, without folder and suffix, of the characters [a-z0-9-].

    A page is named by the folder of all its notes, and by the first of them if other pages share it.

    Args:
        levels: for each level, the lowest first, the spans of its pages, in order.
        first: the key of the first note.
        taken: names that must not be used: those of notes in the folder, case-folded, without suffix.
    """
    used = set(taken)
    names: list[list[str]] = []
    for level, spans in enumerate(levels):
        names.append([])
        for place, span in enumerate(spans):
            neighbours = [other.last for other in spans[max(place - 1, 0) : place]]
            neighbours += [other.start for other in spans[place + 1 : place + 2]]
            start, last = _text(span.start or first), _text(span.last)
            folder = folder_of(start, last)
            shared = any(other.startswith(sort_key(folder)) for other in neighbours)
            slug = _slug(folder + (_step(start[len(folder) :]) if shared and span.start else ""))
            name = _name("all-" * level + (slug or ("" if level else "more")), span.start, used)
            used.add(name)
            names[-1].append(name)
    return names


def _text(key: bytes) -> str:
    return key.decode("utf-8", "surrogateescape")


def _name(slug: str, start: bytes, used: Collection[str]) -> str:
    name = slug[:_MAX_NAME_CHARS].strip("-") or "page"
    if name not in used and not _RESERVED.fullmatch(name):
        return name
    checksum = hashlib.blake2b(start, digest_size=16).hexdigest()
    short = f"{name}-{checksum[:8]}"
    return short if short not in used else f"{name}-{checksum}"


def _slug(path: str) -> str:
    head, dot, suffix = path.rpartition(".")
    stem = head if dot and "/" not in suffix else path
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")


def taken_names(paths: Iterable[str]) -> set[str]:
    """The names that notes in the folder of the pages (in any letter case) have."""
    names: set[str] = set()
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder.casefold() == PAGES_FOLDER:
            names.add(name.casefold().rpartition(".")[0] or name.casefold())
    return names
