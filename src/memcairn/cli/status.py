"""memcairn status: what there is."""

from __future__ import annotations

import time

import click

from memcairn.cli import output
from memcairn.cli.index import queue_lines
from memcairn.memory import Memory


@click.command("status")
@output.json_option
@output.quiet_option
def command(*, as_json: bool, quiet: bool) -> int:
    """What there is: home, roots, notes, chunks, sizes, queue, problems by file and line."""
    with Memory() as memory:
        status = memory.status()
        output.print_notices(memory)
    undone = status.failing or any(problem.unread for problem in status.problems)
    if as_json:
        output.print_json(status)
        return 1 if undone else 0
    if quiet:
        return 1 if undone else 0
    output.echo(f"home: {output.shown(status.home)}")
    output.echo(
        f"index: {output.count(status.notes, 'note')}, {output.count(status.chunks, 'chunk')}, "
        f"{output.size(status.index_bytes)}; queue.db {output.size(status.queue_bytes)}"
    )
    for root in status.roots:
        when = "never scanned"
        if root.scanned_at is not None:
            when = f"scanned {output.age(max(0.0, time.time() - root.scanned_at))} ago"
        gone = "" if root.exists else "  (gone)"
        output.echo(f"root: {output.shown(root.path)}{gone}")
        output.echo(f"  {output.count(root.notes, 'note')}, {when}")
    if not status.roots:
        output.echo("roots: none yet; `memcairn index FOLDER` makes one")
    for line in queue_lines(status.queue):
        output.echo(line)
    for entry in status.failing:
        output.echo(f"  failing: {output.shown(entry.path)}: {entry.error}")
    if status.problems:
        output.echo("problems:")
    for problem in status.problems:
        output.echo(f"  {output.shown(problem.path)}:{problem.line}: {problem.message}")
    return 1 if undone else 0
