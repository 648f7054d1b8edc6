"""memcairn hosts: where it is installed, and whether it works."""

from __future__ import annotations

import os

import click

from memcairn.cli import options, output
from memcairn.cli.text import write
from memcairn.hosts import check
from memcairn.settings import project


@click.command("hosts")
@options.json_option
def command(*, as_json: bool) -> int:
    """Where memcairn is installed, and whether it works. Exit code 1 if something is wrong.

    Starts each command that a host calls once; it must answer.

    \b
    memcairn hosts
    """
    states = check.examine(project.folder_of(os.getcwd()))
    if as_json:
        output.print_json({"hosts": states})
    else:
        for state in states:
            _show(state)
    return 0 if all(state.is_good for state in states) else 1


def _show(state: check.HostState) -> None:
    label = f"{state.title} ({state.name})"
    if not state.installations:
        hint = f": memcairn init --host {state.name}" if state.is_present else ""
        write(f"{label}: {'not installed' if state.is_present else 'not on this machine'}{hint}")
    for found in state.installations:
        works = "works" if not found.problems else "does not work"
        calls = f", calls {found.command}" if found.command else ""
        write(f"{label}: {found.state} ({found.scope}), {works}{calls}")
        for line in (*found.problems, *found.todo):
            write(f"    {line}")
