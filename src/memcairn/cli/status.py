"""memcairn status: the roots, sizes, queue and problems."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from memcairn.cli import daemon, options, output
from memcairn.cli.index import queue_lines
from memcairn.cli.text import count, shown, write
from memcairn.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from memcairn.health.status import EmbeddingStatus, LooseStatus, RootStatus

# More files outside all roots are counted, not listed.
MAX_LOOSE_FILES = 10


@click.command("status")
@options.json_option
@options.quiet_option
def command(*, as_json: bool, quiet: bool) -> int:
    """Show the home, roots, notes, sizes, the queue, and problems by file and line.

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
        f"index: {count(status.notes, 'note')}, {count(status.chunks, 'chunk')}, "
        f"{output.size(status.index_bytes)}; queue.db {output.size(status.queue_bytes)}"
    )
    for line in [
        *_root_lines(status.roots),
        *_loose_lines(status.loose),
        *_embedding_lines(status.embedding),
        *queue_lines(status.queue),
        daemon.status_line(status.home),
    ]:
        write(line)
    for entry in status.failing:
        write(f"  failing: {shown(entry.path)}: {entry.error}")
    if status.problems:
        write("problems:")
    for problem in status.problems:
        write(f"  {shown(problem.path)}:{problem.line}: {problem.message}")
    return 1 if undone else 0


def _root_lines(roots: Sequence[RootStatus]) -> Iterator[str]:
    if not roots:
        yield "roots: none yet; add one with `memcairn index FOLDER`"
    empty = [root for root in roots if root.exists and root.scanned_at and not root.notes]
    folded = empty if len(empty) > 1 else []
    for root in roots:
        if root in folded:
            continue
        when = "never scanned"
        if root.scanned_at is not None:
            when = f"scanned {output.age(max(0.0, time.time() - root.scanned_at))} ago"
        yield f"root: {shown(root.path)}{'  (away)' if root.away else ''}"
        yield f"  {count(root.notes, 'note')}, {when}"
        if root.away:
            yield f"  {root.away}"
        yield from output.not_scanned(root.links, root.named_out)
    if folded:
        yield f"{count(len(folded), 'root')} without notes; `--json` lists them"


def _loose_lines(loose: LooseStatus) -> list[str]:
    """The files outside every root: how many, and the first of them; no line if there are none."""
    if not loose.files:
        return []
    listed = [f"  {shown(path)}" for path in loose.files[:MAX_LOOSE_FILES]]
    more = len(loose.files) - len(listed)
    last = [f"  and {more:,} more; `--json` lists all"] if more else []
    return [f"files outside all roots: {count(loose.notes, 'note')}", *listed, *last]


def _embedding_lines(embedding: EmbeddingStatus) -> list[str]:
    """How many chunks have an embedding, how many wait for one, and why; no line without a model."""
    if not embedding.wanted:
        return []
    line = f"embedding: {count(embedding.embedded, 'chunk')}"
    line += f" with {embedding.model}" if embedding.model else ""
    if embedding.multilingual:
        line += f", {embedding.multilingual_embedded:,} with {embedding.multilingual}"
    line += f", {embedding.waiting:,} waiting" if embedding.waiting else ""
    return [line, *([f"  failing: {embedding.failed}"] if embedding.failed else [])]
