"""memcairn index: index, enqueue, flush, status of the queue, watch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from memcairn.cli import output
from memcairn.cli.text import shown, write
from memcairn.errors import NoteError
from memcairn.indexing.report import IndexReport
from memcairn.memory import Memory

if TYPE_CHECKING:
    from memcairn.queue import QueueStatus

# A hook's host waits for the call that finds a backlog: what is left is for the next one.
DRAIN_S = 1.0
# What labels or forces has no meaning for what is queued already; a watch has no end to report.
_NOT_WITH = {
    "--flush": ("--namespace", "--force"),
    "--status": ("--namespace", "--force"),
    "--watch": ("--json",),
}


@click.command("index")
@click.argument("path", nargs=-1)
@click.option(
    "--debounce-window",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Record PATH as changed, and index what has been silent for SECONDS.",
)
@click.option("--flush", is_flag=True, help="Index everything that is queued; return when done.")
@click.option("--paths", "only", is_flag=True, help="With --flush: just the paths that follow.")
@click.option("--discard-failed", is_flag=True, help="With --flush: drop entries that fail.")
@click.option("--status", is_flag=True, help="What waits in the queue.")
@click.option("--watch", is_flag=True, help="Stay, and keep PATH current.")
@click.option("--namespace", metavar="NAME", help="The label that the notes get from now on.")
@click.option("--force", is_flag=True, help="Index even what looks unchanged.")
@output.json_option
@output.quiet_option
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
    memcairn index --watch ~/notes               stay, and keep it current
    memcairn index --debounce-window 5 PATH      record that PATH changed
    memcairn index --flush                       index everything that is queued
    memcairn index --flush --paths A B           just these
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
        # An empty variable in a script: the working folder, which "" would be, is not what it means.
        raise click.UsageError("PATH is empty")
    with Memory() as memory:
        if status:
            return _status(memory, as_json=as_json, quiet=quiet)
        if flush:
            changed = path if only else None
            return _flush(memory, changed, discard=discard_failed, as_json=as_json, quiet=quiet)
        if debounce_window is not None:
            memory.enqueue(path, namespace=namespace, force=force)
            report = memory.drain(debounce_window, deadline=time.monotonic() + DRAIN_S)
            output.print_notices(memory.notices)
            return output.print_report(report, as_json=as_json, quiet=quiet or not as_json)
        if watch:
            from memcairn.watch import watch as run_watch  # noqa: PLC0415

            return run_watch(memory, path, namespace=namespace, force=force, quiet=quiet)
        return _index(memory, path, namespace=namespace, force=force, as_json=as_json, quiet=quiet)


def _refuse_combinations(modes: list[str], *, has_path: bool, given: dict[str, bool]) -> None:
    """Usage errors, each naming the two things that do not go together."""
    if len(modes) > 1:
        raise click.UsageError(f"{modes[0]} and {modes[1]} exclude one another")
    mode = modes[0] if modes else None
    for option in ("--paths", "--discard-failed"):
        if given[option] and mode != "--flush":
            raise click.UsageError(f"{option} goes with --flush only")
    for option in _NOT_WITH.get(mode or "", ()):
        if given[option]:
            raise click.UsageError(f"{mode} and {option} exclude one another")
    if mode == "--status" and has_path:
        raise click.UsageError("--status takes no PATH: --status and PATH exclude one another")
    if mode == "--flush" and has_path and not given["--paths"]:
        raise click.UsageError("--flush takes no plain PATH: write --flush --paths PATH")
    if given["--paths"] and not has_path:
        raise click.UsageError("--paths needs at least one PATH")
    if mode in (None, "--debounce-window") and not has_path:
        raise click.UsageError("PATH is missing: which folder or file?")


def _index(
    memory: Memory,
    path: tuple[str, ...],
    *,
    namespace: str | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    report = IndexReport()
    with output.progress_bar("Indexing", quiet=quiet or as_json) as progress:
        for one in path:
            try:
                part = memory.index(
                    one, namespace=namespace, force=force, embed=False, progress=progress
                )
            except NoteError as error:
                # One that is not there does not keep the others from being indexed.
                part = IndexReport(failed={str(error.path or one): error.message})
            report.add(part)
            report.took_s += part.took_s
    waiting = memory.embed_in_background()
    output.print_notices(memory.notices)
    return output.print_report(report, as_json=as_json, quiet=quiet, waiting=waiting)


def _flush(
    memory: Memory,
    changed: tuple[str, ...] | None,
    *,
    discard: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    with output.progress_bar("Flushing", quiet=quiet or as_json) as progress:
        report = memory.flush(changed, progress=progress)
    output.print_notices(memory.notices)
    if discard and report.failed:
        for entry in memory.discard_failed():
            report.failed.pop(entry.path, None)
            report.left_out[entry.path] = f"dropped from the queue: {entry.error}"
    waiting = memory.embed_in_background()
    return output.print_report(report, as_json=as_json, quiet=quiet, waiting=waiting)


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
    """The queue for people, a line or two."""
    if not status.depth:
        return ["queue: empty"]
    counts = f"{status.ready:,} ready, {status.claimed:,} claimed, {status.failing:,} failing"
    lines = [f"queue: {output.count(status.depth, 'path')} ({counts})"]
    if status.oldest_path is not None and status.oldest_age_s is not None:
        oldest = shown(status.oldest_path)
        lines.append(f"  oldest: {oldest}, {output.age(status.oldest_age_s)}")
    return lines
