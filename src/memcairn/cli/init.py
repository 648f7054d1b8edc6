"""memcairn init: install memcairn into the hosts."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING

import click

from memcairn import paths
from memcairn.cli import options, output
from memcairn.cli.text import count, printable, shown, write
from memcairn.errors import UsageError
from memcairn.hosts import install, plan, plugin_files
from memcairn.hosts.table import BY_NAME, SCOPES
from memcairn.memory import Memory
from memcairn.settings import project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.hosts.table import Host


@click.command("init")
@click.option(
    "--host",
    "names",
    multiple=True,
    type=click.Choice(list(BY_NAME)),
    help="Default: all on this machine.",
)
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    default="user",
    show_default=True,
    help="Your own settings, or those of the current project.",
)
@click.option("--dry-run", is_flag=True, help="Show the changes and make none.")
@options.quiet_option
def command(names: tuple[str, ...], scope: str, *, dry_run: bool, quiet: bool) -> int:
    """Install memcairn into your agents: Claude Code, Codex, Gemini, Cursor, OpenCode, Copilot.

    \b
    memcairn init                        into all on this machine
    memcairn init --host claude-code     into this one only
    memcairn init --dry-run              show what would change

    Shows each change of a file. Before the first change, a copy goes to the folder backups in the home. The
    agents' own memory stays on and in its place; memcairn indexes it there.
    """
    hosts = [BY_NAME[name] for name in dict.fromkeys(names)] or install.present()
    if not hosts:
        raise UsageError(
            "no agent was found on this machine",
            hint=f"name one with --host: {', '.join(BY_NAME)}",
        )
    folder, home = project.folder_of(os.getcwd()), paths.home()
    planned = install.planned_changes(
        hosts, "project" if scope == "project" else "user", folder, home
    )
    changed = [change for change in planned if change.has_effect]
    if not quiet:
        for change in changed:
            write("\n".join(printable(line) for line in change.diff().splitlines()))
    if dry_run:
        write(f"{count(len(changed), 'file')} would change")
        return 0
    plan.apply(planned, home, install=True)
    with Memory() as memory:
        reports = [memory.index(path, embed=False) for path in install.memory_paths(hosts, folder)]
        output.print_notices(memory.notices)
    failed = {path: why for report in reports for path, why in report.failed.items()}
    for path, why in failed.items():
        click.echo(f"memcairn: {shown(path)}: {why}", err=True)
    if not quiet:
        _sum_up(hosts, len(changed), sum(len(report.indexed) for report in reports))
    if importlib.util.find_spec("mcp") is None:
        click.echo("memcairn: the MCP server is not installed", err=True)
        click.echo("  install it with: pip install 'memcairn[mcp]'", err=True)
    return 1 if failed else 0


def _sum_up(hosts: Sequence[Host], files: int, notes: int) -> None:
    write(f"{', '.join(host.title for host in hosts)}: {count(files, 'file')} changed")
    if notes:
        write(f"indexed {count(notes, 'note')} of the agents' own in place")
    for host in hosts:
        if host.plugin and plugin_files.installed_from_marketplace(
            host.folder_of("user", "", os.environ)
        ):
            write(f"{host.title}: already has the plugin from a marketplace")
        if host.after_install:
            write(f"{host.title}: {host.after_install}")
    write("start a new session to use memcairn; `memcairn hosts` checks it")
