"""memcairn status: what there is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from memcairn.cli import output
from memcairn.cli.index import queue_lines
from memcairn.cli.text import shown, write
from memcairn.memory import Memory

if TYPE_CHECKING:
    from memcairn.status import EmbeddingStatus


@click.command("status")
@output.json_option
@output.quiet_option
def command(*, as_json: bool, quiet: bool) -> int:
    """What there is: home, roots, notes, chunks, sizes, queue, problems by file and line.

    \b
    memcairn status
    """
    with Memory() as memory:
        status = memory.status()
        output.print_notices(memory.notices)
    undone = status.failing or any(problem.unread for problem in status.problems)
    if as_json:
        output.print_json(status)
        return 1 if undone else 0
    if quiet:
        return 1 if undone else 0
    write(f"home: {shown(status.home)}")
    write(
        f"index: {output.count(status.notes, 'note')}, {output.count(status.chunks, 'chunk')}, "
        f"{output.size(status.index_bytes)}; queue.db {output.size(status.queue_bytes)}"
    )
    for root in status.roots:
        when = "never scanned"
        if root.scanned_at is not None:
            when = f"scanned {output.age(max(0.0, time.time() - root.scanned_at))} ago"
        gone = "" if root.exists else "  (gone)"
        write(f"root: {shown(root.path)}{gone}")
        write(f"  {output.count(root.notes, 'note')}, {when}")
    if not status.roots:
        write("roots: none yet; `memcairn index FOLDER` makes one")
    for line in [*_embedding_lines(status.embedding), *queue_lines(status.queue)]:
        write(line)
    for entry in status.failing:
        write(f"  failing: {shown(entry.path)}: {entry.error}")
    if status.problems:
        write("problems:")
    for problem in status.problems:
        write(f"  {shown(problem.path)}:{problem.line}: {problem.message}")
    return 1 if undone else 0


def _embedding_lines(embedding: EmbeddingStatus) -> list[str]:
    """How many chunks are found by their meaning, how many wait for it, and why; no line without a model."""
    if not embedding.wanted:
        return []
    line = f"embedding: {output.count(embedding.embedded, 'chunk')}"
    line += f" with {embedding.model}" if embedding.model else ""
    line += f", {embedding.waiting:,} waiting" if embedding.waiting else ""
    return [line, *([f"  failing: {embedding.failed}"] if embedding.failed else [])]
