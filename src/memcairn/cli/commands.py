"""The commands, each loaded when it is called; what they raise becomes a message and an exit code.

Exit codes: 0 done, 1 something is left undone, 2 wrong usage, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from memcairn import __version__
from memcairn.cli.text import STOPPED
from memcairn.errors import MemcairnError

if TYPE_CHECKING:
    from collections.abc import Sequence

# command -> (module below memcairn.cli, one line of help): `memcairn --help` loads none of them.
COMMANDS = {
    "index": ("index", "Index a folder or a file; keep it current."),
    "search": ("search", "Find passages in your notes."),
    "add": ("add", "Remember something, in a note of its own."),
    "pin": ("pin", "Put a note at the top of MEMORY.md."),
    "unpin": ("unpin", "Take it back from there."),
    "memory-md": ("memory_md", "MEMORY.md: refresh, check, explain, show."),
    "init": ("init", "Install memcairn into your agents."),
    "uninstall": ("uninstall", "Take it out of them again."),
    "hosts": ("hosts", "Where it is installed, and whether it works."),
    "status": ("status", "What there is: roots, notes, sizes, queue, problems."),
    "doctor": ("doctor", "What is wrong and how to mend it."),
    "serve": ("serve", "Serve the memory to clients of the Model Context Protocol."),
    "session": ("session", "Sessions: start, end, list, show."),
    "trash": ("trash", "What tools have removed: list, restore, empty."),
    "hook": ("hook", "Answer an event of a host."),
    "namespaces": ("namespaces", "The namespaces, with their numbers of notes."),
    "forget-root": ("forget_root", "Take a folder out of the index; its files stay."),
    "models": ("models", "What can find by meaning here, and what it takes."),
    "reembed": ("reembed", "Embed what waits for it, all after a change of model."),
    "eval": ("eval", "Measure searches by your own questions on your own notes."),
    "config": ("config", "Show the settings, and change them."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order of the table: what is used most comes first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"memcairn.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="memcairn")
def cli() -> None:
    """Long-term memory for AI coding agents, kept as plain Markdown files.

    \b
    memcairn index ~/notes                    index a folder of notes
    memcairn search "blue-green rollout"      find a passage in it
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns its exit code."""
    try:
        result = cli.main(args=arguments, prog_name="memcairn", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(STOPPED, err=True)
        return 130
    except (BrokenPipeError, SystemExit):
        # `memcairn search … | head`: the reader has seen enough, and that is success. Click, which has
        # no other reason to exit here, would say 1.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemcairnError as error:
        show_error(error)
        return error.exit_code
    return result if isinstance(result, int) else 0


def show_error(error: MemcairnError) -> None:
    """What happened, to which path; and on the next line what to do."""
    click.echo(f"memcairn: {error}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)
