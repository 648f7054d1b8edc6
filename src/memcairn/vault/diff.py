"""A unified diff of two texts, in bounded time and size."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# difflib takes cubic time in the worst case: half a second for this many lines. If the changed region is
# longer, all of it is shown as removed and added.
_COMPARED_LINES = 2_000
_CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Diff:
    """A unified diff.

    Attributes:
        text: empty if the texts are equal; otherwise whole lines, in the form of diff -u.
        added: the number of added lines; `removed`: of removed lines.
        truncated: lines are missing at the end of `text`.
    """

    text: str
    added: int
    removed: int
    truncated: bool


def unified(before: str, after: str, *, names: tuple[str, str], max_bytes: int) -> Diff:
    """Compare two texts. Line endings count as differences.

    Args:
        before: the earlier text.
        after: the later text.
        names: their names in the header of the diff.
        max_bytes: the maximum size of the diff in UTF-8.
    """
    old, new = _lines(before), _lines(after)
    lines: list[str] = []
    added = removed = 0
    for group in _groups(old, new):
        a, b = group[0][1], group[0][3]
        a_end, b_end = group[-1][2], group[-1][4]
        lines.append(f"@@ -{_span(a, a_end)} +{_span(b, b_end)} @@\n")
        for kind, i, i_end, j, j_end in group:
            if kind == "equal":
                lines += _marked(" ", old[i:i_end])
                continue
            removed += i_end - i
            added += j_end - j
            lines += _marked("-", old[i:i_end])
            lines += _marked("+", new[j:j_end])
    if lines:
        lines[:0] = [f"--- {names[0]}\n", f"+++ {names[1]}\n"]
    text, truncated = _bounded(lines, max_bytes)
    return Diff(text, added, removed, truncated)


_Change = tuple[str, int, int, int, int]


def _groups(old: Sequence[str], new: Sequence[str]) -> list[list[_Change]]:
    shorter = min(len(old), len(new))
    head = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    room = shorter - head
    tail = next((i for i in range(room) if old[-1 - i] != new[-1 - i]), room)
    a, b = len(old) - tail, len(new) - tail
    if max(a, b) - head > _COMPARED_LINES:
        inner = [("replace", head, a, head, b)]
    else:
        # autojunk stays on: without it, new paragraphs separated by empty lines take 30 s.
        matcher = difflib.SequenceMatcher(None, old[head:a], new[head:b], autojunk=True)
        inner = [
            (kind, i + head, i_end + head, j + head, j_end + head)
            for kind, i, i_end, j, j_end in matcher.get_opcodes()
        ]
    return _with_context([c for c in inner if c[0] != "equal"], len(old), len(new))


def _with_context(changes: list[_Change], old: int, new: int) -> list[list[_Change]]:
    """Add the equal lines around each change; nearby changes form one group."""
    groups: list[list[_Change]] = []
    for change in changes:
        _, i, _, j, _ = change
        previous = groups[-1][-1] if groups else None
        if previous is not None and i - previous[2] <= 2 * _CONTEXT:
            groups[-1] += [("equal", previous[2], i, previous[4], j), change]
        else:
            if previous is not None:
                groups[-1].append(_after(previous, old, new))
            lead = min(_CONTEXT, i, j)
            groups.append([("equal", i - lead, i, j - lead, j), change])
    if groups:
        groups[-1].append(_after(groups[-1][-1], old, new))
    return groups


def _after(change: _Change, old: int, new: int) -> _Change:
    _, _, i, _, j = change
    trail = min(_CONTEXT, old - i, new - j)
    return "equal", i, i + trail, j, j + trail


def _lines(text: str) -> list[str]:
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _marked(mark: str, lines: Sequence[str]) -> list[str]:
    return [
        f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"
        for line in lines
    ]


def _span(start: int, end: int) -> str:
    """A span of lines in the form of diff -u: an empty span names the line before it."""
    length = end - start
    first = start + 1 if length else start
    return f"{first}" if length == 1 else f"{first},{length}"


def _bounded(lines: list[str], max_bytes: int) -> tuple[str, bool]:
    room = max_bytes
    for count, line in enumerate(lines):
        room -= len(line.encode())
        if room < 0:
            return "".join(lines[:count]), True
    return "".join(lines), False
