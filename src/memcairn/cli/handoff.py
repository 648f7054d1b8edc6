"""memcairn handoff: what the last session on a branch did, for a person or another agent."""

from __future__ import annotations

import os

import click

from memcairn import paths
from memcairn.cli import options, output
from memcairn.cli.text import printable, write
from memcairn.errors import UsageError
from memcairn.sessions import note
from memcairn.sessions.note_files import Notes
from memcairn.settings import config, project


@click.command("handoff")
@click.option("--branch", metavar="B", help="The git branch; default: the one that is checked out.")
@options.json_option
def command(branch: str | None, *, as_json: bool) -> int:
    """Print what the last session on this branch did, failed at, decided and left open.

    It has at most 150 words. The project is that of the working directory.

    \b
    memcairn handoff
    memcairn handoff --branch feature/x
    """
    here = os.getcwd()
    notes = Notes(paths.home(), config.load())
    if not notes.are_written:
        raise UsageError(
            "session notes are turned off", hint="`memcairn config set sessions.notes true`"
        )
    wanted = project.place_of(here) if branch is None else branch
    found = notes.last(project.folder_of(here), wanted)
    if as_json:
        fields = (
            {} if found is None else {name: found.fields.get(name) for name in ("session", "host")}
        )
        text = None if found is None else found.text
        output.print_json({"branch": wanted, "text": text, **fields})
    elif found is None:
        write(printable(f"no session of this project did anything {note.where(wanted)}"))
    else:
        write("\n".join(printable(line) for line in found.text.split("\n")))
    return 1 if found is None else 0
