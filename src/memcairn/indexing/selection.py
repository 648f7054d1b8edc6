"""Which files of a root are notes: by name, folder, ignore files and configuration.

Nothing is read but ignore files.
"""

from __future__ import annotations

import functools
import os
import stat

from memcairn import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import Any, Protocol

    from memcairn.indexing.ignore_file import IgnoreFile

    class Settings(Protocol):
        """As much of a `Config` as is asked here."""

        def __getitem__(self, name: str, /) -> Any: ...


IGNORE_FILES = (".gitignore", ".memcairnignore")


class Selection:
    """The choice that holds in one root.

    Symlinks are not followed: a link out of the root would list notes that are not in it, a link inside
    it would list them twice.
    """

    def __init__(self, root: str, settings: Settings, other_roots: Collection[str] = ()) -> None:
        self.root = root
        self._suffixes = frozenset(s.lower() for s in settings["index.extensions"])
        self._others = frozenset(other_roots) - {root}
        self._ignores: dict[str, tuple[IgnoreFile, ...]] = {}
        patterns = settings["index.exclude"]
        self._configured = (_ignore_file(root, patterns),) if patterns else ()

    def rules(self, folder: str, names: Collection[str] | None = None) -> tuple[IgnoreFile, ...]:
        """The ignore files that hold in `folder`, outermost first.

        Args:
            folder: the root or a folder below it.
            names: what stands in the folder, if the caller has listed it: saves looking.
        """
        found = self._ignores.get(folder)
        if found is None:
            is_root = folder == self.root
            found = self._configured if is_root else self.rules(os.path.dirname(folder))
            for name in IGNORE_FILES:
                if names is None or name in names:
                    lines = _read_lines(os.path.join(folder, name))
                    if lines:
                        found = (*found, _ignore_file(folder, lines))
            self._ignores[folder] = found
        return found

    def takes_folder(self, path: str, name: str, rules: tuple[IgnoreFile, ...]) -> bool:
        """Whether a folder is walked; `rules` are those of the folder that it stands in."""
        return (
            paths.may_hold_notes(name)
            and path not in self._others
            and not (rules and _is_ignored(rules, path + "/"))
        )

    def takes_file(self, path: str, name: str, rules: tuple[IgnoreFile, ...]) -> bool:
        """Whether a file is a note, by its name; `rules` are those of its folder."""
        return (
            paths.is_note_name(name, self._suffixes)
            and path not in self._others
            and not (rules and _is_ignored(rules, path))
        )

    def takes(self, path: str, *, is_folder: bool = False) -> bool:
        """Whether a walk from the root would come upon `path`. The root itself is always taken."""
        if path == self.root:
            return True
        folder = self.root
        names = os.path.relpath(path, self.root).split(os.sep)
        for name in names[:-1]:
            inner = os.path.join(folder, name)
            if not self.takes_folder(inner, name, self.rules(folder)):
                return False
            folder = inner
        takes = self.takes_folder if is_folder else self.takes_file
        return takes(path, names[-1], self.rules(folder))


def _is_ignored(rules: tuple[IgnoreFile, ...], path: str) -> bool:
    # The innermost file that says something about the path decides, as in git.
    for rule in reversed(rules):
        verdict = rule.verdict(path)
        if verdict is not None:
            return verdict
    return False


def _read_lines(path: str) -> list[str] | None:
    try:
        # A FIFO of that name would hold us up for ever.
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return None


def _ignore_file(folder: str, lines: Iterable[str]) -> IgnoreFile:
    # Files are read again at each call, which must not cost compiling the patterns again.
    return _compiled(folder, tuple(lines))


@functools.lru_cache(maxsize=256)
def _compiled(folder: str, lines: tuple[str, ...]) -> IgnoreFile:
    # pathspec takes 20 ms to import, and most roots have no ignore file.
    from memcairn.indexing.ignore_file import IgnoreFile  # noqa: PLC0415

    return IgnoreFile(folder, lines)
