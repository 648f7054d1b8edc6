"""Stay, and keep folders current: watchfiles says what changed, the queue decides when it is quiet."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import click
import watchfiles

from memcairn import paths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.memory import Memory
    from memcairn.report import IndexReport

# How often the queue is looked at while nothing changes: entries of other processes become ready, too.
POLL_MS = 500


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
        memory: what to keep current.
        folders: what to watch; none means all roots.
        namespace: as in `Memory.index`.
        force: as in `Memory.index`.
        quiet: print nothing.
        stop: ends the watch when it is set.

    Returns:
        The exit code: 0.
    """
    watched = [paths.real(folder) for folder in folders] or [r.path for r in memory.roots()]
    for folder in watched:
        _tell(memory.index(folder, namespace=namespace, force=force, embed=False), quiet=quiet)
    stop = stop or threading.Event()
    watching = False
    for changes in watchfiles.watch(
        *watched,
        stop_event=stop,
        watch_filter=_may_matter,
        rust_timeout=POLL_MS,
        yield_on_timeout=True,
        raise_interrupt=True,
    ):
        if not watching:
            # What was written between the first look and the start of the watcher.
            for folder in watched:
                _tell(memory.index(folder, embed=False), quiet=quiet)
            if not quiet:
                click.echo(f"watching {', '.join(watched)}; stop with Ctrl-C", err=True)
            watching = True
        if changes:
            memory.enqueue({path for _, path in changes})
        _tell(memory.drain(), quiet=quiet)
    _tell(memory.flush(), quiet=quiet)
    return 0


def _may_matter(_: watchfiles.Change, path: str) -> bool:
    """Names that are never notes; what is left the indexer decides on."""
    name = os.path.basename(path)
    suffix = os.path.splitext(name)[1].lower()
    return not name.startswith(".") and (suffix in paths.NOTE_SUFFIXES or not suffix)


def _tell(report: IndexReport, *, quiet: bool) -> None:
    if quiet:
        return
    for verb, changed in (("indexed", report.indexed), ("removed", report.removed)):
        for path in changed:
            click.echo(f"{verb} {path}")
    for path, why in report.failed.items():
        click.echo(f"memcairn: {path}: {why}", err=True)
