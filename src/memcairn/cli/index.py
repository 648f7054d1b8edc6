"""memcairn index: index, enqueue, flush, status of the queue, watch."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import click

from memcairn import paths
from memcairn.cli import options, output
from memcairn.cli.index_paths import index_paths
from memcairn.cli.text import count, shown, write
from memcairn.memory import Memory
from memcairn.store import roots, signatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.engine import Opened
    from memcairn.queue import QueueStatus

# The agent waits for this call: it works off a backlog for so long, and the next call goes on.
DRAIN_S = 1.0
# Queued entries have their namespace and force already; a watch never ends, so it has no report.
_NOT_WITH = {
    "--flush": ("--namespace", "--force"),
    "--status": ("--namespace", "--force"),
    "--watch": ("--json",),
}


@click.command("index")
@click.argument("path", nargs=-1, type=click.Path())
@click.option(
    "--debounce-window",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Record that PATH changed, and index what has not changed for SECONDS.",
)
@click.option("--flush", is_flag=True, help="Index everything that is queued, and wait for it.")
@click.option("--paths", "only", is_flag=True, help="With --flush: only the paths that follow.")
@click.option("--discard-failed", is_flag=True, help="With --flush: drop entries that fail.")
@click.option("--status", is_flag=True, help="Show the queue.")
@click.option("--watch", is_flag=True, help="Keep running, and keep PATH current.")
@click.option("--namespace", metavar="NAME", help="The namespace of these notes from now on.")
@click.option("--force", is_flag=True, help="Index unchanged notes, too.")
@options.json_option
@options.quiet_option
def command(
    path: tuple[str, ...],
    *,
    debounce_window: float | None,
    flush: bool,
    only: bool,
    discard_failed: bool,
    status: bool,
    watch: bool,
    namespace: str | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Index PATH (a folder or a file), and keep it current.

    \b
    memcairn index ~/notes                       index a folder
    memcairn index --watch ~/notes               keep running, and keep it current
    memcairn index --debounce-window 5 PATH      record that PATH changed
    memcairn index --flush                       index everything that is queued
    memcairn index --flush --paths A B           only these
    """
    modes = {
        "--debounce-window": debounce_window is not None,
        "--flush": flush,
        "--status": status,
        "--watch": watch,
    }
    _refuse_combinations(
        [name for name, given in modes.items() if given],
        has_path=bool(path),
        given={"--paths": only, "--discard-failed": discard_failed, "--force": force}
        | {"--namespace": namespace is not None, "--json": as_json},
    )
    if "" in path:
        # An empty variable in a script. "" would mean the working directory.
        raise click.UsageError("PATH is empty")
    with Memory() as memory:
        if status:
            return _status(memory, as_json=as_json, quiet=quiet)
        if flush:
            changed = path if only else None
            return _flush(memory, changed, discard=discard_failed, as_json=as_json, quiet=quiet)
        if debounce_window is not None:
            known, unknown = _split_unknown(memory, path)
            memory.enqueue(known, namespace=namespace, force=force)
            report = memory.drain(debounce_window, deadline=time.monotonic() + DRAIN_S)
            report.failed.update(unknown)
            output.print_notices(memory.notices)
            return output.print_report(report, as_json=as_json, quiet=quiet or not as_json)
        if watch:
            from memcairn.cli.watch import watch as run_watch  # noqa: PLC0415

            return run_watch(memory, path, namespace=namespace, force=force, quiet=quiet)
        return index_paths(
            memory, path, namespace=namespace, force=force, as_json=as_json, quiet=quiet
        )


def _refuse_combinations(modes: list[str], *, has_path: bool, given: dict[str, bool]) -> None:
    """Raise a usage error that names the two options that exclude each other."""
    if len(modes) > 1:
        raise click.UsageError(f"{modes[0]} and {modes[1]} exclude each other")
    mode = modes[0] if modes else None
    for option in ("--paths", "--discard-failed"):
        if given[option] and mode != "--flush":
            raise click.UsageError(f"{option} goes with --flush only")
    for option in _NOT_WITH.get(mode or "", ()):
        if given[option]:
            raise click.UsageError(f"{mode} and {option} exclude each other")
    if mode == "--status" and has_path:
        raise click.UsageError("--status takes no PATH: --status and PATH exclude each other")
    if mode == "--flush" and has_path and not given["--paths"]:
        raise click.UsageError("--flush takes no plain PATH: write --flush --paths PATH")
    if given["--paths"] and not has_path:
        raise click.UsageError("--paths needs at least one PATH")
    if mode in (None, "--debounce-window") and not has_path:
        raise click.UsageError("PATH is missing: which folder or file?")


def _flush(
    memory: Memory,
    changed: tuple[str, ...] | None,
    *,
    discard: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    unknown: dict[str, str] = {}
    if changed is not None:
        changed, unknown = _split_unknown(memory, changed)
    with output.progress_bar("Flushing", quiet=quiet or as_json) as progress:
        report = memory.flush(changed, progress=progress)
    output.print_notices(memory.notices)
    if discard and report.failed:
        for entry in memory.discard_failed():
            report.failed.pop(entry.path, None)
            report.left_out[entry.path] = f"dropped from the queue: {entry.error}"
    report.failed.update(unknown)
    waiting = memory.embed_in_background()
    return output.print_report(report, as_json=as_json, quiet=quiet, waiting=waiting)


def _split_unknown(memory: Memory, given: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The paths that exist or are known, and the others with the error to report.

    A path that was deleted is known as long as the index or the queue has it, or something below it.
    """
    gone = {paths.real(path) for path in given}
    gone = {real for real in gone if not os.path.lexists(real)}

    def known(opened: Opened) -> list[str]:
        queued = [entry.path for entry in opened.queue.entries()] if gone else []
        known = [*queued, *(root.path for root in roots.roots(opened.db))]
        return [
            real
            for real in gone
            if opened.indexer.known(real)
            or signatures.below(opened.db, real)
            or any(paths.is_inside(path, real) for path in known)
        ]

    unknown = gone.difference(memory.engine.databases.run(known)) if gone else gone
    return (
        tuple(path for path in given if paths.real(path) not in unknown),
        dict.fromkeys(sorted(unknown), "there is no such file or folder"),
    )


def _status(memory: Memory, *, as_json: bool, quiet: bool) -> int:
    status = memory.queue_status()
    output.print_notices(memory.notices)
    if as_json:
        output.print_json(status)
    elif not quiet:
        for line in queue_lines(status):
            write(line)
    return 1 if status.failing else 0


def queue_lines(status: QueueStatus) -> list[str]:
    """The state of the queue as one or two lines of text."""
    if not status.depth:
        return ["queue: empty"]
    counts = f"{status.ready:,} ready, {status.claimed:,} claimed, {status.failing:,} failing"
    lines = [f"queue: {count(status.depth, 'path')} ({counts})"]
    if status.oldest_path is not None and status.oldest_age_s is not None:
        oldest = shown(status.oldest_path)
        lines.append(f"  oldest: {oldest}, {output.age(status.oldest_age_s)}")
    return lines
