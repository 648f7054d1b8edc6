"""memcairn forget-root: remove a folder from the index."""

from __future__ import annotations

import click

from memcairn.cli import options, output
from memcairn.cli.text import count, write
from memcairn.memory import Memory


@click.command("forget-root")
@click.argument("path")
@options.json_option
@options.quiet_option
def command(path: str, *, as_json: bool, quiet: bool) -> int:
    """Remove the root PATH from the index; its files are not changed.

    PATH may also be a file outside all roots, or a folder with such files.

    \b
    memcairn forget-root ~/notes
    """
    with Memory() as memory:
        notes = memory.forget_root(path)
        output.print_notices(memory.notices)
    if as_json:
        output.print_json({"path": path, "notes": notes})
    elif not quiet:
        write(f"{count(notes, 'note')} removed from the index; the files are still there")
    return 0
