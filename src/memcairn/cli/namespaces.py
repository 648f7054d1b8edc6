"""memcairn namespaces: the namespaces in use."""

from __future__ import annotations

import click

from memcairn.cli import options, output
from memcairn.cli.text import count, shown
from memcairn.memory import Memory


@click.command("namespaces")
@options.json_option
@options.quiet_option
def command(*, as_json: bool, quiet: bool) -> int:
    """List the namespaces and how many notes each has.

    \b
    memcairn namespaces
    """
    with Memory() as memory:
        namespaces = memory.namespaces()
        output.print_notices(memory.notices)
    if as_json:
        rows = [{"name": name, "notes": notes} for name, notes in namespaces.items()]
        output.print_json({"namespaces": rows})
    elif not quiet:
        lines = (f"{shown(name)}  {count(notes, 'note')}" for name, notes in namespaces.items())
        output.print_lines(lines, none="there are no notes yet: `memcairn index FOLDER`")
    return 0
