"""Write docs/reference.md from the code: every command's help, every setting, every error.

python docs/generate.py            writes it
python docs/generate.py --check    exit code 1 if it is out of date
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memcairn import config, errors
from memcairn.cli.commands import COMMANDS, cli

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).with_name("reference.md")


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, with their full names."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from commands(found, f"{name} {below}")


def text() -> str:
    """The whole page."""
    parts = ["# Reference", "", "Made from the code by `make docs`.", "", "## Commands", ""]
    parts += [
        "Exit codes: 0 done, 1 something is left undone, 2 wrong usage, 130 stopped with Ctrl-C.",
        "",
    ]
    for name, command in commands(cli, "memcairn"):
        context = click.Context(command, info_name=name, terminal_width=90, max_content_width=90)
        parts += [f"### {name}", "", "```text", command.get_help(context), "```", ""]
    parts += [
        "## Settings",
        "",
        "| setting | default | environment | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for setting in config.SETTINGS:
        default = setting.default
        shown = " ".join(default) if isinstance(default, tuple) else str(default)
        parts.append(
            f"| `{setting.name}` | `{shown or '(none)'}` | `{setting.variable}` | {setting.meaning} |"
        )
    parts += ["", "## Errors", "", "```text", inspect.getdoc(errors) or "", "```", ""]
    return "\n".join(parts)


if __name__ == "__main__":
    assert COMMANDS, "the reference is about commands"
    if "--check" in sys.argv:
        sys.exit(
            REFERENCE.read_text(encoding="utf-8") != text() and "docs/reference.md: run `make docs`"
        )
    REFERENCE.write_text(text(), encoding="utf-8")
