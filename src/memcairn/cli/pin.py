"""memcairn pin and unpin: the notes at the top of MEMORY.md."""

from __future__ import annotations

import click

from memcairn.cli import options, output
from memcairn.cli.text import shown, write
from memcairn.memory import Memory


@click.command("pin")
@click.argument("path")
@options.json_option
@options.quiet_option
def command(path: str, *, as_json: bool, quiet: bool) -> int:
    """Put the note PATH at the top of MEMORY.md.

    \b
    memcairn pin ~/notes/plan.md
    """
    return _set(path, pinned=True, as_json=as_json, quiet=quiet)


@click.command("unpin")
@click.argument("path")
@options.json_option
@options.quiet_option
def unpin(path: str, *, as_json: bool, quiet: bool) -> int:
    """Remove the note PATH from the top of MEMORY.md.

    \b
    memcairn unpin ~/notes/plan.md
    """
    return _set(path, pinned=False, as_json=as_json, quiet=quiet)


def _set(path: str, *, pinned: bool, as_json: bool, quiet: bool) -> int:
    with Memory() as memory:
        changed = memory.pin(path, pinned=pinned)
        output.print_notices(memory.notices)
    if as_json:
        output.print_json({"path": path, "pinned": pinned, "changed": changed})
    elif not quiet:
        already = "" if changed else " already"
        write(f"{shown(path)}: {'pinned' if pinned else 'not pinned'}{already}")
    return 0
