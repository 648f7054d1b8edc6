"""How notes are divided into index pages, so that one changed note changes few of them.

All notes of a root, in the order of their paths, are cut into runs; a run is a page (which then
leaves out the notes that MEMORY.md shows itself). Where a page ends depends on the notes near its
end only:

    start                         window
    |-----------------------------|======|
    0                            least  most that fits
                                     ^ the cut: the highest change of folder in the window,
                                       among equals the smallest hash

The window lies between the fewest and the most notes that a page holds. A note more or less moves
the window by one, and the same note mostly stays the best place to cut, so that the pages after it
are the same as before. No history is needed: the pages are a function of the notes, and cutting
again from the first page that could see a change gives what cutting everything gives.

(Content-defined chunking, as backup programs do it to find unchanged parts of a file.)
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from memcairn.memory_md.limits import Limits

# Bytes of a page that are not entries: its marker and its heading.
HEAD_BYTES = 256
HEAD_LINES = 2
# Lines of MEMORY.md that are not entries of pages, and a few to spare.
_OTHER_LINES = 10
# A shorter line could not hold the link to a page and a few words.
_MIN_LINE = 100


@dataclass(frozen=True, slots=True)
class PageForm:
    """How full pages are.

    `lines` and `size_bytes` are the room for entries, `line_bytes` the most that one entry takes
    with its line end, except for a longer link. A page is filled to at least `1 - 1/slack` of what
    fits.
    """

    lines: int
    size_bytes: int
    line_bytes: int
    slack: int


def tight(limits: Limits) -> PageForm:
    """The form that holds the most notes: lines so short that only their number bounds a page."""
    size_bytes = min(limits.units, limits.size_bytes) - HEAD_BYTES
    lines = min(limits.lines - 1 - HEAD_LINES, size_bytes // _MIN_LINE)
    return PageForm(lines, size_bytes, size_bytes // lines, 17)


def form(notes: int, limits: Limits) -> PageForm:
    """The form of the pages of a root with so many notes.

    Few notes have room for long lines, and for pages that end where a folder ends. As they grow in
    number, lines get shorter, in steps, such that the pages take about half of MEMORY.md even if
    every line is as long as it may be. Then the pages are filled more. In the last form, 200 lines
    lead to 36,000 notes in two hops, but a change can reach dozens of pages, once in a hundred.
    """
    last = tight(limits)
    for numerator, denominator in ((8, 1), (4, 1), (2, 1), (5, 4)):
        line_bytes = last.line_bytes * numerator // denominator
        most = min(last.lines, last.size_bytes // line_bytes)
        if notes <= (most - most // 4) * (limits.lines // 2):
            return replace(last, line_bytes=line_bytes, slack=2)
    if notes <= (last.lines - last.lines // 3) * (limits.lines - _OTHER_LINES):
        return replace(last, slack=3)
    return last


@dataclass(frozen=True, slots=True)
class PageSpan:
    """A run of notes in the order of their paths: the keys from `start` up to `end`, exclusive.

    The first span starts at b"", the last one ends at None. `seen` is the last key that the cut at
    `end` depends on, None if it depends on all that follow.
    """

    start: bytes
    end: bytes | None
    last: bytes
    seen: bytes | None

    def holds(self, key: bytes) -> bool:
        """Whether `key` is in this span."""
        return self.start <= key and (self.end is None or key < self.end)

    def sees(self, key: bytes) -> bool:
        """Whether a change at `key` can change this span."""
        return self.start <= key and (self.seen is None or key <= self.seen)


def cut(
    items: Iterable[tuple[bytes, int]], form: PageForm, start: bytes = b""
) -> Iterator[PageSpan]:
    """Cut items, (key, bytes of the line with its end), ordered by key, into spans.

    Args:
        items: from `start` on; read no further than the spans that are taken.
        form: how full the spans are.
        start: b"" or the start of a span.
    """
    source = iter(items)
    ahead: list[tuple[bytes, int]] = []
    while True:
        most = 0
        used = 0
        while True:
            if most == len(ahead):
                item = next(source, None)
                if item is None:
                    if most:
                        yield PageSpan(start, None, ahead[-1][0], None)
                    return
                ahead.append(item)
            weight = ahead[most][1]
            if most and (most == form.lines or used + weight > form.size_bytes):
                break
            used += weight
            most += 1
        at = min(
            range(most - most // form.slack, most + 1),
            key=lambda place: _cut_rank(ahead[place - 1][0], ahead[place][0]),
        )
        end = ahead[at][0]
        yield PageSpan(start, end, ahead[at - 1][0], ahead[most][0])
        start = end
        del ahead[:at]


def _cut_rank(before: bytes, key: bytes) -> tuple[bool, int, bytes]:
    """The smaller, the better a page starts at `key`: in another folder, and far from the last."""
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
    """The spans after a change: what `cut` would give, reading only what the change can reach.

    Args:
        old: what `cut` gave before, in the same form.
        changed: the keys that came, went, or have another weight.
        items_from: the items from a key on, ordered by key.
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
