"""Watch folders and keep them current: watchfiles reports changes, the queue waits until a path is quiet."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

import watchfiles

from memcairn import paths
from memcairn.cli import output
from memcairn.cli.text import say, write
from memcairn.embedding.worker import EmbedThread
from memcairn.errors import ConfigError, escaped
from memcairn.indexing.note_selection import IGNORE_FILES, suffixes
from memcairn.settings.config import PROJECT_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from memcairn.indexing.report import IndexReport
    from memcairn.memory import Memory
    from memcairn.settings.config import Config

# How often the queue is checked while nothing changes: entries of other processes become ready, too.
POLL_MS = 500
# Files that decide which other files are notes.
_RULES = frozenset({*IGNORE_FILES, PROJECT_FILE})


def watch(
    memory: Memory,
    folders: Iterable[str],
    *,
    namespace: str | None = None,
    force: bool = False,
    quiet: bool = False,
    stop: threading.Event | None = None,
) -> int:
    """Index folders, then keep them current until Ctrl-C or `stop`.

    Args:
        memory: the index to keep current.
        folders: the folders to watch; none means all roots.
        namespace: as in `Memory.index`.
        force: as in `Memory.index`.
        quiet: print errors only.
        stop: ends the watch when it is set.

    Returns:
        The exit code: 0.
    """
    reported: set[str] = set()
    failing: dict[str, str] = {}

    def print_report(report: IndexReport) -> None:
        _print(report, failing, quiet=quiet)
        for notice in memory.notices:
            if notice not in reported:
                reported.add(notice)
                _warn(notice)

    watched = [paths.real(folder) for folder in folders] or [r.path for r in memory.roots()]
    for folder in watched:
        print_report(memory.index(folder, namespace=namespace, force=force, embed=False))
    embedding = EmbedThread(memory.unembedded, memory.embed, _warn)
    if memory.engine.model.wanted:
        embedding.start()
    try:
        _follow(memory, watched, stop or threading.Event(), embedding, print_report, quiet=quiet)
    finally:
        embedding.stop()
    print_report(memory.flush())
    return 0


def _follow(
    memory: Memory,
    watched: Sequence[str],
    stop: threading.Event,
    embedding: EmbedThread,
    print_report: Callable[[IndexReport], None],
    *,
    quiet: bool,
) -> None:
    of_notes = frozenset().union(*(_suffixes(memory.config, folder) for folder in watched))
    watching = False
    for changes in watchfiles.watch(
        *watched,
        stop_event=stop,
        watch_filter=lambda _, path: _may_matter(path, of_notes),
        rust_timeout=POLL_MS,
        yield_on_timeout=True,
        raise_interrupt=True,
    ):
        if not watching:
            # Finds what was written between the first scan and the start of the watcher.
            for folder in watched:
                print_report(memory.index(folder, embed=False))
            if not quiet:
                say(f"watching {', '.join(watched)}; stop with Ctrl-C")
            watching = True
        if changes:
            memory.enqueue({_to_index(path) for _, path in changes})
        drained = memory.drain()
        if drained.indexed:
            embedding.wake()
        print_report(drained)


def _suffixes(settings: Config, root: str) -> frozenset[str]:
    """The endings of notes' names in a root; the user's, if the settings of the root are broken."""
    with contextlib.suppress(ConfigError):
        settings = settings.for_root(root)
    return suffixes(settings)


def _may_matter(path: str, of_notes: frozenset[str]) -> bool:
    """Whether a path is a note or a folder, by its name, or a file that decides which files are notes."""
    name = os.path.basename(path)
    suffix = os.path.splitext(name)[1].lower()
    return name in _RULES or (not name.startswith(".") and (suffix in of_notes or not suffix))


def _to_index(path: str) -> str:
    """The path to index after a change: the file itself, or the folder whose rules changed."""
    return os.path.dirname(path) if os.path.basename(path) in _RULES else path


def _warn(message: str) -> None:
    output.warn(message)


def _print(report: IndexReport, failing: dict[str, str], *, quiet: bool) -> None:
    """Print what was done, and each new failure: the queue tries again, and the same one is printed once."""
    done = () if quiet else (("indexed", report.indexed), ("removed", report.removed))
    for verb, changed in done:
        for path in changed:
            write(f"{verb} {escaped(path)}")
    for path in (*report.indexed, *report.removed):
        failing.pop(path, None)
    for path, why in report.failed.items():
        if failing.get(path) != why:
            failing[path] = why
            _warn(f"{path}: {why}")
