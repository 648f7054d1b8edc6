"""memcairn reembed: embed pending chunks. Other commands run this module as a background process."""

from __future__ import annotations

import os
import sys

import click

from memcairn import paths
from memcairn.cli import options, output
from memcairn.cli.text import count, write
from memcairn.embedding.report import EmbedReport
from memcairn.errors import MemcairnError
from memcairn.memory import Memory

# Added to the niceness of the process in the background.
NICENESS = 10


@click.command("reembed")
@options.json_option
@options.quiet_option
def command(*, as_json: bool, quiet: bool) -> int:
    """Embed pending notes for semantic search; after a change of model, all notes.

    Other commands do this in the background; this one waits until all notes are embedded. After Ctrl-C,
    the next call continues.

    \b
    memcairn config set embedding.provider onnx
    memcairn config set embedding.folder ~/models/multilingual-e5-small
    memcairn reembed
    """
    with Memory() as memory:
        if not memory.engine.model.wanted:
            return _nothing_to_do(memory, as_json=as_json, quiet=quiet)
        waiting = memory.unembedded()
        with output.progress_bar("Embedding", quiet=quiet or as_json) as progress:
            report = memory.embed(progress=progress)
        output.print_notices(memory.notices)
    if as_json:
        output.print_json(report)
    elif not quiet:
        write(_as_text(report, waiting))
    return 1 if report.waiting else 0


def _nothing_to_do(memory: Memory, *, as_json: bool, quiet: bool) -> int:
    why = "embedding.provider is none"
    if memory.config["embedding.provider"] != "none":
        why = "no model is installed; `memcairn models` lists the models"
    if as_json:
        output.print_json(EmbedReport())
    elif not quiet:
        write(f"nothing to embed: {why}")
    return 0


def _as_text(report: EmbedReport, waiting: int) -> str:
    """`1,234 chunks embedded, 12 with a known text (4.37 s)`, and what other processes embedded."""
    parts = [f"{count(report.embedded, 'chunk')} embedded"]
    others = waiting - report.embedded - report.reused - report.waiting
    parts += [f"{others:,} by another process"] if others > 0 else []
    parts += [f"{report.reused:,} with a known text"] if report.reused else []
    parts += [f"{report.waiting:,} left"] if report.waiting else []
    return f"{', '.join(parts)} ({report.took_s:.2f} s)"


def in_background() -> int:
    """Embed pending chunks at low priority, unless another process does; errors go to the index."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    if not os.path.exists(os.path.join(paths.home(), "index.db")):
        return 0  # it was deleted meanwhile: do not recreate it
    try:
        with Memory() as memory:
            memory.embed(wait=False)
    except MemcairnError:
        return 1
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # see memcairn.cli.main
    sys.exit(in_background())
