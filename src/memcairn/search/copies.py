"""Copies of notes, as file managers and synchronizers make them: `deploy 2.md`, `Copy of deploy.md`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Notes with shorter names are not known by their name; in characters.
_MIN_NAME = 3


def copies(notes: Iterable[tuple[int, bytes, str]]) -> dict[str, str]:
    """The path of each copy, and that of its note.

    A copy is byte-equal to the note, in the same root, and its name contains that of the note. The note is
    the one with the shortest path.

    Args:
        notes: root, hash and path of each.
    """
    by_content: dict[tuple[int, bytes], list[str]] = {}
    for root, digest, path in notes:
        by_content.setdefault((root, digest), []).append(path)
    found: dict[str, str] = {}
    for same in by_content.values():
        if len(same) == 1:
            continue
        named: list[tuple[str, str]] = []
        for path in sorted(same, key=lambda path: (len(path), path)):
            stem = os.path.splitext(os.path.basename(path))[0].casefold()
            first = next((of for name, of in named if name in stem), None)
            if first is not None:
                found[path] = first
            elif len(stem) >= _MIN_NAME:
                named.append((stem, path))
    return found
