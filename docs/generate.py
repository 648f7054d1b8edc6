"""Write what the documents say about the code from the code.

    docs/reference.md    every command's help, every setting, every error
    docs/hosts.md        its tables of hosts, and the hooks of Claude Code's plugin
    docs/mcp.md          its table of tools
    docs/architecture.md, docs/python-api.md, docs/plots/*.svg

python docs/generate.py            writes them
python docs/generate.py --check    exit code 1 if one is out of date
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import architecture_page
import click
import hosts_tables
import mcp_tables
import plots
import python_api_page

from memcairn import errors
from memcairn.cli.commands import COMMANDS, cli
from memcairn.settings import config

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).with_name("reference.md")
HOSTS = Path(__file__).with_name("hosts.md")
MCP = Path(__file__).with_name("mcp.md")
ARCHITECTURE = Path(__file__).with_name("architecture.md")
PYTHON_API = Path(__file__).with_name("python-api.md")


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
    pages = {
        REFERENCE: text(),
        HOSTS: hosts_tables.filled(HOSTS.read_text(encoding="utf-8")),
        MCP: mcp_tables.filled(MCP.read_text(encoding="utf-8")),
        ARCHITECTURE: architecture_page.text(),
        PYTHON_API: python_api_page.text(),
        **plots.charts(),
    }
    if "--check" in sys.argv:
        old = [
            f"docs/{page.name}"
            for page in pages
            if not page.is_file() or page.read_text(encoding="utf-8") != pages[page]
        ]
        sys.exit(f"{', '.join(old)}: run `make docs`" if old else 0)
    for page, content in pages.items():
        page.write_text(content, encoding="utf-8")
