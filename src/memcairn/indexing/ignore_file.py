"""One .gitignore or .memcairnignore: what it says about the paths below its folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

if TYPE_CHECKING:
    from collections.abc import Iterable


class IgnoreFile:
    """The patterns of one file.

    Args:
        folder: where the file stands; its patterns are relative to it.
        lines: the file's lines, in the language of .gitignore.
    """

    def __init__(self, folder: str, lines: Iterable[str]) -> None:
        self._prefix = folder.rstrip(os.sep) + os.sep
        self._spec = _compile(lines)

    def verdict(self, path: str) -> bool | None:
        """True: ignored; False: taken back by a `!` pattern; None: it says nothing.

        Args:
            path: absolute; a folder's ends with a slash.
        """
        relative = path[len(self._prefix) :].replace(os.sep, "/")
        return self._spec.check_file(relative).include


def _compile(lines: Iterable[str]) -> GitIgnoreSpec:
    lines = list(lines)
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        # One pattern that git would pass over, too, must not cost the others.
        return GitIgnoreSpec.from_lines([line for line in lines if _is_valid(line)])


def _is_valid(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
