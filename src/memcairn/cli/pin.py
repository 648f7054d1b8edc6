"""memcairn pin and unpin: the notes at the top of MEMORY.md."""

from __future__ import annotations

import click

from memcairn.cli import options, output
from memcairn.cli.locate import note_argument, open_note, root_option
from memcairn.cli.text import shown, write


@click.command("pin")
@note_argument
@root_option
@options.json_option
@options.quiet_option
def command(note: str, *, root: str | None, as_json: bool, quiet: bool) -> int:
    """Put NOTE, a path or a name, at the top of MEMORY.md.

    \b
    memcairn pin plan
    memcairn pin ~/notes/plan.md
    """
    return _set(note, root, pinned=True, as_json=as_json, quiet=quiet)


@click.command("unpin")
@note_argument
@root_option
@options.json_option
@options.quiet_option
def unpin(note: str, *, root: str | None, as_json: bool, quiet: bool) -> int:
    """Remove NOTE, a path or a name, from the top of MEMORY.md.

    \b
    memcairn unpin plan
    memcairn unpin ~/notes/plan.md
    """
    return _set(note, root, pinned=False, as_json=as_json, quiet=quiet)


def _set(note: str, root: str | None, *, pinned: bool, as_json: bool, quiet: bool) -> int:
    with open_note(note, root) as (files, path):
        changed = files.pin(path, pinned=pinned)
        output.print_notices(files.engine.notices)
    if as_json:
        output.print_json({"path": note, "pinned": pinned, "changed": changed})
    elif not quiet:
        already = "" if changed else " already"
        write(f"{shown(note)}: {'pinned' if pinned else 'not pinned'}{already}")
    return 0
