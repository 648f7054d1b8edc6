"""The table of commands; each is imported when it is called.

Exit codes: 0 done, 1 something is left undone, 2 wrong usage, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import click
from click.shell_completion import CompletionItem

from memcairn import __version__
from memcairn.cli import failure

if TYPE_CHECKING:
    from collections.abc import Sequence


class Entry(NamedTuple):
    """Where a command is: the module below memcairn.cli, and its name there."""

    module: str
    help: str
    name: str = "command"


# `memcairn --help` imports none of these modules. The most used commands come first.
SECTIONS = {
    "Notes": {
        "search": Entry("search", "Find passages in your notes."),
        "add": Entry("add", "Remember something in a note."),
        "list": Entry("note_files", "List the notes.", "list_"),
        "show": Entry("note_files", "Print a note.", "show"),
        "edit": Entry("note_files", "Edit a note in your editor.", "edit"),
        "rm": Entry("note_files", "Move a note into the trash.", "remove"),
        "pin": Entry("pin", "Put a note at the top of MEMORY.md."),
        "unpin": Entry("pin", "Remove a note from the top of MEMORY.md.", "unpin"),
        "review": Entry("review", "Decide what waits: proposals, and what agents wrote."),
        "tidy": Entry("review", "Propose what could be put in order.", "tidy"),
        "log": Entry("history", "List the changes of the notes.", "log"),
        "diff": Entry("history", "Show how a note changed.", "diff"),
        "revert": Entry("history", "Undo a change of a note.", "revert"),
        "trash": Entry("trash", "List, restore or delete removed notes."),
        "snapshot": Entry("snapshot", "Create, list or restore snapshots of all notes."),
        "export": Entry("archive", "Write all notes to an archive.", "export"),
        "import": Entry("archive", "Bring notes from other programs or an archive.", "import_"),
        "ui": Entry("ui", "Open the local page: what memory does, and how to put it right."),
        "transcripts": Entry("transcripts", "Make what was said in earlier sessions searchable."),
        "memory-md": Entry("memory_md", "Refresh, check, explain or show MEMORY.md."),
    },
    "Sessions": {
        "handoff": Entry(
            "handoff", "Print what the last session on this branch did and left open."
        ),
        "session": Entry("session", "Start, end, list or show sessions."),
        "task": Entry("task", "Add, list, close or resume tasks."),
    },
    "Setup": {
        "init": Entry("init", "Install memcairn into your agents."),
        "hosts": Entry("hosts", "Show where memcairn is installed, and check that it works."),
        "uninstall": Entry("uninstall", "Remove memcairn from your agents."),
        "index": Entry("index", "Index a folder or a file, and keep it current."),
        "forget-root": Entry("forget_root", "Remove a folder from the index; its files stay."),
        "take-over": Entry("take_over", "Bring the memories of a moved repository along."),
        "consent": Entry("review", "Show or set what agents may write without asking.", "consent"),
        "status": Entry("status", "Show roots, notes, sizes, queue and problems."),
        "doctor": Entry("doctor", "Find problems, and fix them."),
        "config": Entry("config", "Show and change the settings."),
        "models": Entry("models", "List the models for semantic search."),
        "completion": Entry("completion", "Print the completion script of a shell."),
    },
    "Sharing": {
        "sync": Entry("sync", "Have the same notes on every machine, over any git remote."),
        "scope": Entry("scope", "List, create, join or leave scopes: whose notes are where."),
        "promote": Entry("scope", "Copy a note into a scope that others read.", "promote"),
    },
    "Plumbing": {
        "serve": Entry("serve", "Run the MCP server."),
        "hook": Entry("hook", "Answer an event of an agent."),
        "daemon": Entry("daemon", "Run, start or stop the resident process."),
        "recall": Entry("recall", "Show what an agent would be shown with a prompt."),
        "pause": Entry("recall", "Keep hooks silent in one session.", "pause"),
        "resume": Entry("recall", "Let hooks speak again in it.", "resume"),
        "namespaces": Entry("namespaces", "List the namespaces and how many notes each has."),
        "reembed": Entry("reembed", "Embed what waits; everything after a change of model."),
        "eval": Entry("eval", "Measure search with your own questions and notes."),
    },
}
COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names of all commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(f"memcairn.cli.{entry.module}")
        command: click.Command = getattr(module, entry.name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the table of commands without importing them."""
        width = max(map(len, COMMANDS))
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(width), entry.help) for name, entry in section.items()]
                )

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command without importing any."""
        found = [
            CompletionItem(name, help=entry.help)
            for name, entry in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


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
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = cli.main(args=given, prog_name="memcairn", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except (BrokenPipeError, SystemExit):
        # `memcairn search … | head`: the reader has seen enough, and that is success. Click, which has
        # no other reason to exit here, would say 1.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except failure.REPORTED as error:
        return failure.report(error, as_json=failure.wants_json(given))
    return result if isinstance(result, int) else 0
