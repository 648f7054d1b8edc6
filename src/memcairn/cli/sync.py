"""memcairn sync: the same notes on every machine, over any git remote."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from memcairn import paths
from memcairn.cli import options, output, sync_now
from memcairn.cli.text import count, shown, write
from memcairn.errors import UsageError
from memcairn.memory import Memory
from memcairn.settings import project, shared_scopes
from memcairn.sync import git, synchronize

if TYPE_CHECKING:
    from memcairn.settings.shared_scopes import Kind, SharedScope
    from memcairn.sync.synchronize import ScopeState

KIND = click.Choice(shared_scopes.KINDS)


@click.group("sync", invoke_without_command=True)
@click.option("--dry-run", is_flag=True, help="Only say what would be sent and taken.")
@click.option("--scope", "only", metavar="NAME", help="Synchronize this scope only.")
@options.json_option
@click.pass_context
def command(context: click.Context, *, dry_run: bool, only: str | None, as_json: bool) -> int:
    """Send what changed here, and take what changed on other machines.

    Both texts of a note that changed on two machines in the same place are kept, and wait in the inbox
    (`memcairn review`). Exit code 1: something is left to do, and the output says what.

    \b
    memcairn sync init git@host:me/memory.git
    memcairn sync --dry-run
    memcairn sync
    memcairn sync status
    """
    if context.invoked_subcommand is not None:
        return 0
    git.check_version()
    return sync_now.run(paths.home(), only, dry_run=dry_run, as_json=as_json)


@command.command("init")
@click.argument("url")
@click.option(
    "--scope", "kind", type=KIND, help="Whose notes: default, the project's in one, else yours."
)
@click.option("--root", metavar="FOLDER", type=click.Path(), help="Another notes folder.")
@click.argument("name", required=False)
def init(url: str, *, kind: Kind | None, root: str | None, name: str | None) -> int:
    """Make a notes folder the checkout of a remote repository, and synchronize it.

    A repository that has notes already is joined: nothing is overwritten on either side.

    \b
    memcairn sync init git@host:me/memory.git --scope user
    memcairn sync init git@host:we/memory.git --scope team platform
    """
    return make_and_sync(url, kind, name, root)


def make_and_sync(url: str, kind: Kind | None, name: str | None, root: str | None = None) -> int:
    """Create or join a scope, synchronize it, and print what was done; returns the exit code."""
    git.check_version()
    with Memory() as memory:
        scope, joined = make(memory, url, kind, name, root)
        done = synchronize.synchronize(memory.home, scope, lambda: memory.engine)
        output.print_notices(memory.notices)
    write(f"{scope.name}: {'joined' if joined else 'created'}, in {shown(scope.root)}")
    sync_now.print_text(sync_now.text(done))
    return 1 if done.left else 0


@command.command("status")
@options.json_option
def status(*, as_json: bool) -> int:
    """Show each scope: what waits to be sent or taken, conflicts, the last sync, and why not.

    \b
    memcairn sync status
    """
    with Memory() as memory:
        states = [synchronize.status(memory.engine, one) for one in sync_now.scopes(memory.home)]
    if as_json:
        output.print_json({"scopes": states})
    else:
        for one in states:
            sync_now.print_text(_state_text(one))
    return 1 if any(one.left for one in states) else 0


def make(
    memory: Memory, url: str, kind: Kind | None, name: str | None, root: str | None
) -> tuple[SharedScope, bool]:
    """Create or join a scope; returns it, and whether the remote had it already.

    Raises:
        UsageError: the name is missing, not allowed or taken.
        SyncError: git or the remote cannot be used.
    """
    here = os.getcwd()
    if os.path.isdir(url):  # git is called in the notes folder
        url = os.path.abspath(url)
    if kind is None:
        kind = "team" if name else "project" if project.repository_of(here) and not root else "user"
    if kind in ("team", "org"):
        if name is None:
            raise UsageError(
                f"a {kind} needs a name", hint=f"memcairn sync init URL --scope {kind} NAME"
            )
        name = shared_scopes.valid_name(name)
        root = root or os.path.join(memory.home, "scopes", name)
    elif kind == "project":
        folder = project.folder_of(here)
        name = name or synchronize.project_name(folder)
        root = root or _project_root(memory, folder)
    else:
        name = name or ("user" if root is None else os.path.basename(os.path.abspath(root)))
        root = root or memory.config["memory.root"] or os.path.join(memory.home, "memory")
    os.makedirs(root, mode=0o700, exist_ok=True)
    return synchronize.initialize(memory.engine, url, kind, name, root)


def _project_root(memory: Memory, folder: str) -> str:
    """The root of a project: where its host will look for its memories on this machine."""
    found = project.root(folder, memory.config, memory.home)
    if not os.path.isdir(found):
        found = project.claude_folder(folder, may_be_new=True) or found
    return found


def _state_text(state: ScopeState) -> str:
    parts = [
        f"{state.ahead} ahead",
        f"{state.behind} behind",
        f"{count(state.changed, 'file')} changed",
    ]
    parts += [count(state.conflicts, "conflict")] if state.conflicts else []
    lines = [f"{state.name} ({state.kind}): {', '.join(parts)}; last sync: {state.last or 'never'}"]
    lines += [f"  {shown(state.url) or 'no remote yet'}  {shown(state.root)}"]
    lines += [f"  left: {state.left}"] if state.left else []
    return "\n".join(lines)
