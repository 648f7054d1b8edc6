"""Write a man page for memcairn and for each of its commands.

python docs/man.py [FOLDER]     writes memcairn.1, memcairn-search.1, ...; FOLDER is build/man by default
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from generate import commands

from memcairn import __version__
from memcairn.cli.commands import SECTIONS, cli

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent.parent / "build" / "man"


def pages() -> dict[str, str]:
    """File name -> man page, for every command."""
    return {
        f"{name.replace(' ', '-')}.1": "\n".join(_page(name, command)) + "\n"
        for name, command in commands(cli, "memcairn")
    }


def _page(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    dashed = name.replace(" ", "-")
    opening, _, rest = inspect.cleandoc(command.help or "").partition("\n\n")
    summary, _, more = " ".join(opening.split()).partition(". ")
    usage = " ".join(command.collect_usage_pieces(context))
    yield f'.TH "{dashed.upper()}" "1" "" "memcairn {__version__}" "memcairn manual"'
    yield ".ad l"  # long option names leave lines that cannot be justified
    yield from (".SH NAME", f"{_text(dashed)} \\- {_text(summary.rstrip('.'))}")
    yield from (".SH SYNOPSIS", f".B {_text(name)}", _text(usage))
    yield ".SH DESCRIPTION"
    yield from _paragraphs(f"{summary.rstrip('.')}. {more}\n\n{rest}")
    yield ".SH OPTIONS"
    for param in command.get_params(context):
        record = param.get_help_record(context)
        if isinstance(param, click.Option) and record is not None:
            yield from (".TP", f".B {_text(record[0])}", _text(record[1]))
    yield from _below(command, context, dashed)
    if command is not cli:
        above = name.rpartition(" ")[0].replace(" ", "-")
        yield from (".SH SEE ALSO", f".BR {_text(above)} (1)")


def _below(command: click.Command, context: click.Context, dashed: str) -> Iterator[str]:
    """The commands of a group, in their sections."""
    sections: dict[str, dict[str, str]] = {}
    if command is cli:
        for title, section in SECTIONS.items():
            sections[title] = {below: entry.help for below, entry in section.items()}
    elif isinstance(command, click.Group):
        found = {
            below: command.get_command(context, below) for below in command.list_commands(context)
        }
        sections["Commands"] = {
            below: one.get_short_help_str(limit=200)
            for below, one in found.items()
            if one is not None
        }
    for title, section in sections.items():
        yield f".SH {title.upper()}"
        for below, help_ in section.items():
            yield from (".TP", f".BR {_text(dashed)}\\-{_text(below)} (1)", _text(help_))


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs are filled, but those with click's mark, a backspace, keep their lines."""
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("\b\n"):
            yield from (".PP", ".nf", *map(_text, paragraph.split("\n")[1:]), ".fi")
        elif paragraph.strip():
            yield from (".PP", _text(" ".join(paragraph.split())))


def _text(text: str) -> str:
    """Text that roff prints as it is."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for file_name, content in pages().items():
        (folder / file_name).write_text(content, encoding="utf-8")
    sys.stdout.write(f"{folder}: {len(pages())} man pages\n")
