"""memcairn init: install memcairn into the hosts."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from memcairn import paths
from memcairn.cli import options, output
from memcairn.cli.text import count, printable, shown, write
from memcairn.embedding import providers
from memcairn.errors import UsageError
from memcairn.hosts import install, plan, plugin_files
from memcairn.hosts.known_hosts import BY_NAME, SCOPES
from memcairn.memory import Memory
from memcairn.settings import config, installer, project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.hosts.known_hosts import Host
    from memcairn.settings.config import Config

_EVENTS = {
    "session-start": "when a session starts",
    "user-prompt": "before each prompt",
    "subagent-prompt": "before a subagent is started",
    "subagent-start": "when a subagent starts",
    "tool-used": "after a tool wrote a file",
    "tool-failed": "after a tool failed",
    "pre-compact": "before the context is compacted",
    "stop": "when the agent stops",
    "subagent-stop": "when a subagent stops",
    "session-end": "when a session ends",
}


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
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show the changes and make none.")
@options.quiet_option
def command(names: tuple[str, ...], scope: str, *, yes: bool, dry_run: bool, quiet: bool) -> int:
    """Install memcairn into your agents: Claude Code, Codex, Gemini, Cursor and others.

    \b
    memcairn init                        into all on this machine
    memcairn init --host claude-code     into this one only
    memcairn init --dry-run              show what would change

    Shows each change of a file, what will run and what is read; on a terminal it asks. Before the first
    change, a copy goes to the folder backups in the home. The agents' own memory stays on and in its place;
    memcairn indexes it there.
    """
    hosts = [BY_NAME[name] for name in dict.fromkeys(names)] or install.present()
    if not hosts:
        raise UsageError(
            "no agent was found on this machine",
            hint=f"name one with --host: {', '.join(BY_NAME)}",
        )
    folder, home = project.folder_of(os.getcwd()), paths.home()
    settings = config.load()
    _require_parts(settings)
    planned = install.planned_changes(
        hosts, "project" if scope == "project" else "user", folder, home
    )
    changed = [change for change in planned if change.has_effect]
    if not quiet:
        for change in changed:
            write("\n".join(printable(line) for line in change.diff().splitlines()))
        write(_explanation(hosts, folder, settings))
    if dry_run:
        write(f"{count(len(changed), 'file')} would change")
        return 0
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if changed and is_terminal and not (yes or quiet or click.confirm("Install?", default=True)):
        write("nothing was changed")
        return 1
    plan.apply(planned, home, install=True)
    _record_answers(home)
    with Memory() as memory:
        reports = [memory.index(path, embed=False) for path in install.memory_paths(hosts, folder)]
        output.print_notices(memory.notices)
    failed = {path: why for report in reports for path, why in report.failed.items()}
    for path, why in failed.items():
        output.warn(f"{shown(path)}: {why}")
    if not quiet:
        _sum_up(hosts, len(changed), sum(len(report.indexed) for report in reports))
    return 1 if failed else 0


def _record_answers(home: str) -> None:
    """Let the first session be answered before the resident process is there."""
    from memcairn.daemon import protocol  # noqa: PLC0415 - most of the start
    from memcairn.mcp import recorded_answers  # noqa: PLC0415 - as above

    if protocol.make_folder(home) is not None:
        recorded_answers.record(home)


def _require_parts(settings: Config) -> None:
    """Refuse to install what cannot work.

    Raises:
        UsageError: the server or the embedding model is not installed.
    """
    provider = providers.BY_NAME[settings["embedding.provider"]]
    missing = [*(() if find_spec("mcp") else ("mcp",)), *provider.missing]
    if missing:
        modules = [name for name in missing if "." not in name]
        hint = f"`{installer.command(*modules)}`" if modules else "install memcairn again"
        raise UsageError(f"not installed: {', '.join(missing)}; nothing was changed", hint=hint)


def _explanation(hosts: Sequence[Host], folder: str, settings: Config) -> str:
    """Say what will run and when, what is read, and what is sent."""
    events = {event.event for host in hosts for event in host.events}
    when = [text for name, text in _EVENTS.items() if name in events]
    runs = [f"a hook of memcairn {', '.join(when)}"] if when else []
    memory = [shown(path) for path in install.memory_paths(hosts, folder)]
    provider = providers.BY_NAME[settings["embedding.provider"]]
    sent = "Nothing is sent from this machine."
    if provider.name in ("ollama", "openai-compatible"):
        sent = f"Notes and queries are sent to your embedding server ({provider.name})."
    return "\n".join(
        [
            f"Runs: {'; '.join([*runs, 'the MCP server while a session is open'])}.",
            f"Reads: what hooks report, your notes, {', '.join(memory) or 'and no memory of an agent yet'}.",
            sent,
        ]
    )


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
