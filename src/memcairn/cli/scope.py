"""memcairn scope and promote: whose notes are where, and copies for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from memcairn.cli import options, output
from memcairn.cli.locate import note_argument, open_note, root_option
from memcairn.cli.sync import KIND, make_and_sync
from memcairn.cli.text import printable, write
from memcairn.memory import Memory
from memcairn.settings import shared_scopes
from memcairn.sync import git, synchronize
from memcairn.sync.promote import promote as copy

if TYPE_CHECKING:
    from memcairn.settings.shared_scopes import Kind


@click.group("scope")
def command() -> None:
    """List, create, join or leave scopes: yours, a project's, a team's, an organization's.

    \b
    memcairn scope list
    memcairn scope join git@host:we/memory.git platform
    """


@command.command("list")
@options.json_option
def list_(*, as_json: bool) -> int:
    """List the scopes of this machine: name, kind, remote and folder.

    \b
    memcairn scope list
    """
    with Memory() as memory:
        scopes = shared_scopes.load(memory.home)
    if as_json:
        output.print_json({"scopes": scopes})
    else:
        rows = (f"{one.name}  {one.kind}  {one.url or 'no remote'}  {one.root}" for one in scopes)
        output.print_lines(map(printable, rows), none="there are no scopes yet")
    return 0


@command.command("create")
@click.argument("name")
@click.option("--url", default="", help="The empty repository that others join.")
@click.option("--kind", type=KIND, default="team", show_default=True, help="Who shares it.")
def create(name: str, *, url: str, kind: Kind) -> int:
    """Create a scope. Without a URL it stays on this machine until `memcairn sync init` gives it one.

    \b
    memcairn scope create platform --url git@host:we/memory.git
    """
    return make_and_sync(url, kind, name)


@command.command("join")
@click.argument("url")
@click.argument("name")
@click.option("--kind", type=KIND, default="team", show_default=True, help="Who shares it.")
def join(url: str, name: str, *, kind: Kind) -> int:
    """Join a scope that others have: get its notes, and send yours to it.

    \b
    memcairn scope join git@host:we/memory.git platform
    """
    return make_and_sync(url, kind, name)


@command.command("leave")
@click.argument("name")
def leave(name: str) -> int:
    """Stop synchronizing a scope. Its notes stay in their folder, and in the search.

    \b
    memcairn scope leave platform
    """
    with Memory() as memory:
        scope = shared_scopes.named(memory.home, name)
        synchronize.leave(memory.engine, scope)
    write(printable(f"{scope.name}: left; its notes stay in {scope.root}"))
    return 0


@click.command("promote")
@note_argument
@click.option(
    "--to", "name", required=True, metavar="SCOPE", help="A scope, or the only one of a kind."
)
@root_option
@options.json_option
def promote(note: str, *, name: str, root: str | None, as_json: bool) -> int:
    """Copy a note into a scope that others read; the next sync sends it.

    \b
    memcairn promote deploy --to team
    """
    git.check_version()
    with open_note(note, root) as (files, path):
        scope = shared_scopes.named(files.engine.home, name)
        done = copy(files, path, scope)
    if as_json:
        output.print_json(done)
    else:
        verb = "waits in the inbox of" if done.waits else "copied to"
        write(printable(f"{path}: {verb} {done.scope}"))
    return 0
