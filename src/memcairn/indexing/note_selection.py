"""Which files of a root are notes: by name, folder, ignore files and configuration.

Only ignore files are read.
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

    from pathspec import GitIgnoreSpec

    class Settings(Protocol):
        """The part of a `Config` that is used here."""

        def __getitem__(self, name: str, /) -> Any: ...


IGNORE_FILES = (".gitignore", ".memcairnignore")


def suffixes(settings: Settings) -> frozenset[str]:
    """The endings of notes' names, in lower case."""
    return frozenset(suffix.lower() for suffix in settings["index.extensions"])


class Selection:
    """The rules that decide which files of one root are notes.

    Symlinks are not followed: a link out of the root would list notes that are not in it, a link inside
    it would list them twice.
    """

    def __init__(self, root: str, settings: Settings, other_roots: Collection[str] = ()) -> None:
        self.root = root
        self._suffixes = suffixes(settings)
        self._others = frozenset(other_roots) - {root}
        self._ignores: dict[str, tuple[IgnoreFile, ...]] = {}
        patterns = settings["index.exclude"]
        self._configured = (_ignore_file(root, patterns),) if patterns else ()

    def rules(self, folder: str, names: Collection[str] | None = None) -> tuple[IgnoreFile, ...]:
        """The ignore files that apply in `folder`, outermost first.

        Args:
            folder: the root or a folder below it.
            names: the entries of the folder, if the caller has listed it: no file is looked up then.
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
        """Whether a folder is walked; `rules` are those of its parent folder."""
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
        """Whether a walk from the root would reach `path`. It starts at the root itself, a folder."""
        if path == self.root:
            return is_folder
        folder = self.root
        names = os.path.relpath(path, self.root).split(os.sep)
        for name in names[:-1]:
            inner = os.path.join(folder, name)
            if not self.takes_folder(inner, name, self.rules(folder)):
                return False
            folder = inner
        takes = self.takes_folder if is_folder else self.takes_file
        return takes(path, names[-1], self.rules(folder))


class IgnoreFile:
    """The patterns of one .gitignore or .memcairnignore.

    Args:
        folder: the folder of the file; its patterns are relative to it.
        lines: the file's lines, in the syntax of .gitignore.
    """

    def __init__(self, folder: str, lines: Iterable[str]) -> None:
        self._prefix = folder.rstrip(os.sep) + os.sep
        self._spec = _compile(list(lines))

    def verdict(self, path: str) -> bool | None:
        """True: ignored; False: included again by a `!` pattern; None: no pattern matches.

        Args:
            path: absolute; a folder's ends with a slash.
        """
        relative = path[len(self._prefix) :].replace(os.sep, "/")
        return self._spec.check_file(relative).include


def _is_ignored(rules: tuple[IgnoreFile, ...], path: str) -> bool:
    # The innermost file with a matching pattern decides, as in git.
    for rule in reversed(rules):
        verdict = rule.verdict(path)
        if verdict is not None:
            return verdict
    return False


def _read_lines(path: str) -> list[str] | None:
    try:
        # Reading a FIFO of that name would block for ever.
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return None


def _ignore_file(folder: str, lines: Iterable[str]) -> IgnoreFile:
    # Each call reads the files again, but need not compile the patterns again.
    return _ignore_file_of(folder, tuple(lines))


_ignore_file_of = functools.lru_cache(maxsize=256)(IgnoreFile)


def _compile(lines: list[str]) -> GitIgnoreSpec:
    # pathspec takes 20 ms to import, and most roots have no ignore file.
    from pathspec import GitIgnoreSpec  # noqa: PLC0415

    def is_valid(line: str) -> bool:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            return False
        return True

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        # One pattern that git would skip, too, must not cost the others.
        return GitIgnoreSpec.from_lines(filter(is_valid, lines))
