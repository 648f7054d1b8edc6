"""How notes are divided into index pages, so that one changed note changes few of them.

The notes of a root, in the order of their paths, are cut into runs. A run is a page, which omits
the notes that MEMORY.md shows itself. The end of a page depends only on the notes near it:

    start                         window
    |-----------------------------|======|
    0                            min    max that fits
                                     ^ the cut: the highest change of folder in the window,
                                       among equals the smallest hash

The window lies between the minimum and the maximum number of notes on a page. One note more or less
moves the window by one; the best place to cut mostly stays the same, and so do the pages after it.
The pages are a function of the notes, without history: cutting again from the first page that a
change can affect gives the same result as cutting everything.

This is content-defined chunking, which backup programs use to find unchanged parts of a file.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from memcairn.memory_md.limits import Limits

# Room for the marker and the heading of a page.
HEAD_BYTES = 256
HEAD_LINES = 2
# Lines of MEMORY.md that are not entries of pages, with a reserve.
_OTHER_LINES = 10
# A shorter line has no room for the link to a page and a few words.
_MIN_LINE_BYTES = 100


@dataclass(frozen=True, slots=True)
class PageForm:
    """The limits of the entries on a page, and how full pages are.

    `lines` and `size_bytes` are the room for entries. `line_bytes` is the maximum of one entry with
    its line end; only a longer link may exceed it. A page is at least `1 - 1/slack` full.
    """

    lines: int
    size_bytes: int
    line_bytes: int
    slack: int


def tight(limits: Limits) -> PageForm:
    """The form with the most notes per page: lines so short that only their number is limited."""
    size_bytes = min(limits.units, limits.size_bytes) - HEAD_BYTES
    lines = min(limits.lines - 1 - HEAD_LINES, size_bytes // _MIN_LINE_BYTES)
    return PageForm(lines, size_bytes, size_bytes // lines, 17)


def form(notes: int, limits: Limits) -> PageForm:
    """The form of the pages of a root with this number of notes.

    With few notes, lines may be long and pages can end where a folder ends. With more notes, lines
    get shorter in steps, so that the entries of pages take about half of MEMORY.md even if every
    line has the maximum length. Then the pages get fuller. In the last form, 200 lines lead to
    36,000 notes in two hops, but one change in a hundred affects dozens of pages.
    """
    tightest = tight(limits)
    for numerator, denominator in ((8, 1), (4, 1), (2, 1), (5, 4)):
        line_bytes = tightest.line_bytes * numerator // denominator
        capacity = min(tightest.lines, tightest.size_bytes // line_bytes)
        if notes <= (capacity - capacity // 4) * (limits.lines // 2):
            return replace(tightest, line_bytes=line_bytes, slack=2)
    if notes <= (tightest.lines - tightest.lines // 3) * (limits.lines - _OTHER_LINES):
        return replace(tightest, slack=3)
    return tightest


@dataclass(frozen=True, slots=True)
class PageSpan:
    """A run of notes in the order of their paths: the keys from `start` up to `end`, exclusive.

    The first span starts at b"", the last one ends at None. `last` is the last key in the span.
    `seen` is the last key that the cut at `end` depends on, None if it depends on all that follow.
    """

    start: bytes
    end: bytes | None
    last: bytes
    seen: bytes | None

    def contains(self, key: bytes) -> bool:
        """Whether `key` is in this span."""
        return self.start <= key and (self.end is None or key < self.end)

    def sees(self, key: bytes) -> bool:
        """Whether a change of the note at `key` can change this span."""
        return self.start <= key and (self.seen is None or key <= self.seen)


def cut(
    items: Iterable[tuple[bytes, int]], form: PageForm, start: bytes = b""
) -> Iterator[PageSpan]:
    """Cut items into spans.

    Args:
        items: pairs of a key and the bytes of its line with the line end, ordered by key, from
            `start` on. They are read only as far as the consumed spans require.
        form: the form of the pages.
        start: b"" or the start of a span.
    """
    source = iter(items)
    ahead: list[tuple[bytes, int]] = []
    while True:
        count = 0
        used = 0
        while True:
            if count == len(ahead):
                item = next(source, None)
                if item is None:
                    if count:
                        yield PageSpan(start, None, ahead[-1][0], None)
                    return
                ahead.append(item)
            size_bytes = ahead[count][1]
            if count and (count == form.lines or used + size_bytes > form.size_bytes):
                break
            used += size_bytes
            count += 1
        at = min(
            range(count - count // form.slack, count + 1),
            key=lambda place: _cut_rank(ahead[place - 1][0], ahead[place][0]),
        )
        end = ahead[at][0]
        yield PageSpan(start, end, ahead[at - 1][0], ahead[count][0])
        start = end
        del ahead[:at]


def _cut_rank(before: bytes, key: bytes) -> tuple[bool, int, bytes]:
    """How well a page can start at `key`; smaller is better.

    The best start is in another folder than the note before, with few parent folders in common.
    """
    folder, other = before.rpartition(b"/")[0], key.rpartition(b"/")[0]
    common = 0
    if folder and other:
        pairs = zip(folder.split(b"/"), other.split(b"/"), strict=False)
        common = next((at for at, (one, two) in enumerate(pairs) if one != two), folder.count(b"/"))
    return folder == other, common, hashlib.blake2b(key, digest_size=8).digest()


def cut_again(
    old: Sequence[PageSpan],
    changed: Iterable[bytes],
    items_from: Callable[[bytes], Iterable[tuple[bytes, int]]],
    form: PageForm,
) -> list[PageSpan]:
    """The result of `cut` after a change, reading only the items that the change can affect.

    Args:
        old: the result of `cut` before, with the same form.
        changed: the keys that were added, removed, or have a line of another size.
        items_from: returns the items from a key on, ordered by key.
        form: as for `cut`.
    """
    if not old:
        return list(cut(items_from(b""), form))
    keys = sorted(set(changed))
    place_of = {span.start: place for place, span in enumerate(old)}
    spans: list[PageSpan] = []
    place = 0
    while place < len(old):
        span = old[place]
        next_key = bisect_left(keys, span.start)
        if next_key == len(keys) or not span.sees(keys[next_key]):
            spans.append(span)
            place += 1
            continue
        place = len(old)
        for new in cut(items_from(span.start), form, span.start):
            spans.append(new)
            if new.end is not None and new.end in place_of:
                place = place_of[new.end]
                break
    return spans
