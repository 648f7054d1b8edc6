"""List the files below a folder, and search them for a line."""

from __future__ import annotations

import contextlib
import fnmatch
import marshal
import stat
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from memcairn.errors import NoteError, UsageError
from memcairn.fs import walk
from memcairn.vault import matching
from memcairn.vault.text import BOM

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from memcairn.fs.sandbox import Folder, FolderItem

MAX_PATTERN_CHARACTERS = 1_000
MAX_CONTEXT_LINES = 20

# The total matching time of one call; only a backtracking expression needs more.
_TIME_LIMIT_S = 5
_BATCH_CHARACTERS = 1 << 20
_SHOWN_CHARACTERS = 500
_SKIPPED_SHOWN = 20
_SPECIAL = frozenset(".^$*+?{}[]\\|()")


Kind = Literal["file", "folder", "symlink", "other"]
_KINDS: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "symlink"}


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A line of a listing.

    Attributes:
        path: relative to the root.
        kind: a symlink is listed, but neither followed nor read.
        size_bytes: of a file; 0 for everything else.
        mtime_ns: the time of the last change, in nanoseconds since 1970.
    """

    path: str
    kind: Kind
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a listing, in the order of the paths' components.

    Attributes:
        entries: the page.
        next_after: the `after` of the next page; None on the last page.
    """

    entries: tuple[ListEntry, ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class Match:
    """A line that matches. A long line is cut around the match.

    Attributes:
        path: relative to the root.
        line: from 1.
        text: without its line ending; `before` and `after`: the lines around it.
    """

    path: str
    line: int
    text: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """The matching lines of a search, ordered by path and line.

    Attributes:
        matches: up to the limit of the call.
        truncated: there are more.
        timed_out: the expression took too long; the matches found until then are included.
        searched: the number of files that were searched.
        skipped: path and reason of the first 20 files that could not be searched; links, reserved
            files and binary files are skipped silently.
    """

    matches: tuple[Match, ...]
    truncated: bool
    timed_out: bool
    searched: int
    skipped: tuple[tuple[str, str], ...]


def listing(
    folder: Folder, *, recursive: bool, glob: str | None, limit: int, after: tuple[str, ...]
) -> Listing:
    """List one page of a folder; with `recursive`, including all subfolders."""
    pattern = Glob(glob) if glob else None
    deep = recursive or (pattern is not None and pattern.is_deep)
    entries: list[ListEntry] = []

    def enter(parts: tuple[str, ...]) -> bool:
        # Everything before the cursor was on an earlier page.
        return deep and (parts >= after or parts == after[: len(parts)])

    for place, item in walk.items(folder, enter=enter):
        parts = (*place.parts, item.name)
        if parts <= after or not (pattern is None or pattern.matches(parts[len(folder.parts) :])):
            continue
        if len(entries) == limit:
            return Listing(tuple(entries), entries[-1].path)
        entries.append(_entry(place, item))
    return Listing(tuple(entries), None)


def search(
    folder: Folder,
    expression: str,
    *,
    glob: str | None,
    limit: int,
    ignore_case: bool,
    context: int,
    max_file_bytes: int,
) -> Matches:
    """Find the lines below a folder that match an expression of `re`, line by line.

    Raises:
        UsageError: the pattern is not a regular expression, or is too long.
    """
    if not expression or len(expression) > MAX_PATTERN_CHARACTERS:
        raise UsageError(f"a pattern has 1 to {MAX_PATTERN_CHARACTERS:,} characters")
    found: list[Match] = []
    skipped: list[tuple[str, str]] = []
    searched = 0
    timed_out = False
    with _matcher(expression, ignore_case=ignore_case) as matcher:
        for batch in _batches(folder, Glob(glob) if glob else None, max_file_bytes, skipped):
            try:
                answer = matcher.matches([text for _, text in batch], limit + 1 - len(found))
            except TimeoutError:
                timed_out = True
                break
            searched += len(batch)
            for (path, text), lines in zip(batch, answer, strict=True):
                found += _matches(path, text, lines, context)
            if len(found) > limit:
                break
    return Matches(
        tuple(found[:limit]),
        len(found) > limit,
        timed_out,
        searched,
        tuple(skipped[:_SKIPPED_SHOWN]),
    )


class Glob:
    """A pattern for paths: `*`, `?` and `[…]` within a component, `**` for any number of them.

    A pattern without a slash matches the name in any folder.
    """

    def __init__(self, pattern: str) -> None:
        components = pattern.strip("/").split("/")
        self.is_deep = len(components) > 1
        self._components = components if self.is_deep else ["**", *components]

    def matches(self, parts: tuple[str, ...]) -> bool:
        """Whether the whole path matches."""
        # Simulates a nondeterministic automaton: no backtracking.
        states = self._skipping({0})
        for name in parts:
            after = set()
            for state in states:
                if state == len(self._components):
                    continue
                if self._components[state] == "**":
                    after.add(state)
                elif fnmatch.fnmatchcase(name, self._components[state]):
                    after.add(state + 1)
            states = self._skipping(after)
        return len(self._components) in states

    def _skipping(self, states: set[int]) -> set[int]:
        """Add the states that are reachable if each `**` matches nothing."""
        reached = set(states)
        for state in sorted(states):
            here = state
            while here < len(self._components) and self._components[here] == "**":
                here += 1
                reached.add(here)
        return reached


class _Here:
    """Searches plain text in this process: it cannot backtrack."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def matches(self, texts: list[str], limit: int) -> list[list[tuple[int, int]]]:
        return matching.matches(self._pattern, texts, limit)


class _Child:
    """Searches with an expression in a child process, which is killed at the time limit."""

    def __init__(self, expression: str, *, ignore_case: bool) -> None:
        program = [sys.executable, "-I", "-S", "-W", "ignore", str(Path(matching.__file__))]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a file of memcairn
                program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            raise NoteError(
                "the process for the search could not be started",
                hint="search for plain text, without the characters " + "".join(sorted(_SPECIAL)),
            ) from error
        self._left_s: float = _TIME_LIMIT_S
        self._first = (expression, ignore_case, _TIME_LIMIT_S)

    def __enter__(self) -> Self:
        try:
            problem = self._ask(self._first)
        except TimeoutError:
            problem = "it takes too long to read"
        except BaseException:
            self._end()
            raise
        if problem:
            self._end()
            raise UsageError(f"the pattern is not a regular expression: {problem}")
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def matches(self, texts: list[str], limit: int) -> list[list[tuple[int, int]]]:
        return cast("list[list[tuple[int, int]]]", self._ask((texts, limit)))

    def _ask(self, request: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # The time limit covers matching only, not reading the files between requests.
        asked = time.monotonic()
        timer = threading.Timer(max(self._left_s, 0), self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            marshal.dump(request, self._process.stdin)
            self._process.stdin.flush()
            return marshal.load(self._process.stdout)  # noqa: S302 - memcairn's own child
        except (EOFError, OSError) as error:
            raise TimeoutError from error
        finally:
            timer.cancel()
            self._left_s -= time.monotonic() - asked

    def _end(self) -> None:
        self._process.kill()
        with contextlib.suppress(OSError):
            self._process.communicate()


def _matcher(
    expression: str, *, ignore_case: bool
) -> contextlib.AbstractContextManager[_Here | _Child]:
    if _SPECIAL.isdisjoint(expression):
        return contextlib.nullcontext(_Here(matching.compiled(expression, ignore_case=ignore_case)))
    return _Child(expression, ignore_case=ignore_case)


def _batches(
    folder: Folder, glob: Glob | None, max_file_bytes: int, skipped: list[tuple[str, str]]
) -> Iterator[list[tuple[str, str]]]:
    batch: list[tuple[str, str]] = []
    size = 0
    for place, item in walk.items(folder):
        parts = (*place.parts, item.name)
        if not stat.S_ISREG(item.status.st_mode):
            continue
        if glob is not None and not glob.matches(parts[len(folder.parts) :]):
            continue
        try:
            data = place.read(item.name, max_file_bytes).data
            if b"\0" in data[:8192]:
                continue
            text = data.decode()
        except UnicodeDecodeError:
            skipped.append((place.shown(item.name), "is not UTF-8 text"))
            continue
        except NoteError as error:
            skipped.append((place.shown(item.name), error.message))
            continue
        text = text.removeprefix(BOM).replace("\r\n", "\n").removesuffix("\n")
        batch.append((place.shown(item.name), text))
        size += len(text)
        if size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _matches(path: str, text: str, found: list[tuple[int, int]], context: int) -> Iterator[Match]:
    lines = text.split("\n") if found else []
    for number, column in found:
        yield Match(
            path,
            number,
            _cut(lines[number - 1], column),
            tuple(_cut(line, 0) for line in lines[max(0, number - 1 - context) : number - 1]),
            tuple(_cut(line, 0) for line in lines[number : number + context]),
        )


def _cut(line: str, column: int) -> str:
    if len(line) <= _SHOWN_CHARACTERS:
        return line
    start = max(0, min(column - _SHOWN_CHARACTERS // 4, len(line) - _SHOWN_CHARACTERS))
    end = start + _SHOWN_CHARACTERS
    return ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")


def _entry(folder: Folder, item: FolderItem) -> ListEntry:
    kind = _KINDS.get(stat.S_IFMT(item.status.st_mode), "other")
    size = item.status.st_size if kind == "file" else 0
    return ListEntry(folder.shown(item.name), kind, size, item.status.st_mtime_ns)
