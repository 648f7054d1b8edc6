"""memcairn uninstall: remove memcairn from the hosts."""

from __future__ import annotations

import os

import click

from memcairn import paths
from memcairn.cli import options
from memcairn.cli.daemon import stop_resident
from memcairn.cli.text import count, printable, shown, write
from memcairn.errors import UsageError
from memcairn.hosts import plan, uninstall
from memcairn.hosts.known_hosts import BY_NAME, HOSTS
from memcairn.memory import Memory
from memcairn.settings import installer, project


@click.command("uninstall")
@click.option(
    "--host", "names", multiple=True, type=click.Choice(list(BY_NAME)), help="Default: all of them."
)
@click.option("--keep-memory", is_flag=True, help="Keep notes, index and MEMORY.md as they are.")
@click.option("--yes", is_flag=True, help="Remove the notes in the home, too.")
@click.option("--dry-run", is_flag=True, help="Show the changes and make none.")
@options.quiet_option
def command(
    names: tuple[str, ...], *, keep_memory: bool, yes: bool, dry_run: bool, quiet: bool
) -> int:
    """Remove memcairn from your agents without a trace; their own settings stay.

    \b
    memcairn uninstall                      from all, with index and MEMORY.md blocks
    memcairn uninstall --keep-memory        from all; notes and index stay
    memcairn uninstall --host cursor        from this one; everything else stays

    A file that nobody else changed is restored byte for byte. Close your agents first: a running one still
    uses its server. Trash and snapshots are removed with the home. It says what is left: notes in your own
    folders, your settings, and the program itself.
    """
    hosts = [BY_NAME[name] for name in dict.fromkeys(names)] or list(HOSTS)
    folder, home = project.folder_of(os.getcwd()), paths.home()
    planned = uninstall.planned_changes(hosts, folder, home)
    changed = [change for change in planned if change.has_effect]
    with_memory = not keep_memory and not names
    if not quiet:
        for change in changed:
            write("\n".join(printable(line) for line in change.diff().splitlines()))
    if dry_run:
        write(f"{count(len(changed), 'file')} would change")
        return 0
    notes = uninstall.notes_in(home) if with_memory else 0
    if notes and not yes:
        raise UsageError(
            f"contains {count(notes, 'note')} that would be removed; nothing was changed",
            path=os.path.join(home, uninstall.NOTES),
            hint="keep them with --keep-memory, or remove them with --yes",
        )
    if with_memory:
        stop_resident(home)  # it would write MEMORY.md again
    plan.apply(planned, home, install=False)
    uninstall.remove_leftovers(hosts, folder)
    left: list[str] = []
    if with_memory:
        with Memory() as memory:
            left = _notes_outside(memory)
            left += uninstall.remove_memory(memory)
    if not quiet:
        write(f"{count(len(changed), 'file')} changed")
        if not with_memory and os.path.isdir(home):
            write(f"kept: {shown(home)}")
        _show_left(left, with_program=not names)
    return 0


def _notes_outside(memory: Memory) -> list[str]:
    return [
        f"your notes in {root.path}"
        for root in memory.roots()
        if os.path.isdir(root.path) and not paths.is_inside(root.path, paths.real(memory.home))
    ]


def _show_left(what: list[str], *, with_program: bool) -> None:
    if with_program:
        if os.path.isfile(paths.config_file()):
            what.append(f"your settings in {paths.config_file()}")
        what.append(f"the program; remove it with `{installer.removal()}`")
    for item in what:
        write(f"left: {shown(item)}")
