"""memcairn add: write a memory down in a note."""

from __future__ import annotations

import sys

import click

from memcairn.cli import options, output
from memcairn.cli.text import shown, write
from memcairn.errors import UsageError
from memcairn.memory import Memory
from memcairn.root.observe import Observation
from memcairn.settings import shared_scopes


@click.command("add")
@click.argument("text", nargs=-1, required=True)
@click.option("--title", default="", help="The title; default: derived from the text.")
@click.option(
    "--type", "kind", metavar="TYPE", help="user, feedback, project, reference, or other."
)
@click.option("--tags", default="", metavar="A,B", help="Words to find the note by.")
@click.option("--namespace", metavar="NAME", help="The namespace of the note.")
@click.option(
    "--root",
    metavar="FOLDER",
    type=click.Path(),
    help="Where to write; default: the setting memory.root.",
)
@click.option(
    "--scope", metavar="NAME", help="Write it into the notes of this scope: user, team, a name."
)
@click.option(
    "--new", is_flag=True, help="Write a new note even if one says the same or otherwise."
)
@click.option("--replaces", metavar="NOTE", type=click.Path(), help="The note that this corrects.")
@click.option(
    "--keep-old", is_flag=True, help="A corrected note keeps a line: Until DATE, what it said."
)
@click.option("--valid-from", metavar="DATE", help="The first day on which it holds: 2026-03-01.")
@click.option("--valid-until", metavar="DATE", help="The last day on which it holds: 2026-03-01.")
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="FILE:LINES",
    help="What it is based on: src/upload.py:10-24; may be repeated.",
)
@click.option(
    "--allow-secrets", is_flag=True, help="Write the note even if it seems to contain a secret."
)
@options.json_option
@options.quiet_option
def command(
    text: tuple[str, ...],
    *,
    title: str,
    kind: str | None,
    tags: str,
    namespace: str | None,
    root: str | None,
    scope: str | None,
    new: bool,
    replaces: str | None,
    keep_old: bool,
    valid_from: str | None,
    valid_until: str | None,
    sources: tuple[str, ...],
    allow_secrets: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Remember TEXT. If TEXT is -, read it from standard input.

    If a note says the same, nothing is written. If a note says otherwise of the same subject, it is
    corrected: it says TEXT alone, and its old text is in the history. The message says what happened.

    \b
    memcairn add "we deploy with blue-green" --type project --tags deploy
    memcairn add "staging listens on 5440" --replaces observed/staging-db-3f2a.md
    """
    if new and replaces is not None:
        raise click.UsageError("--new and --replaces exclude each other")
    if root is not None and scope is not None:
        raise click.UsageError("--root and --scope exclude each other")
    said = _standard_input() if text == ("-",) else " ".join(text)
    with Memory() as memory:
        if scope is not None:
            root = shared_scopes.named(memory.home, scope).root
        path = memory.observe(
            Observation(
                said,
                title,
                kind,
                tuple(tag.strip() for tag in tags.split(",") if tag.strip()),
                namespace,
                sources=sources,
                valid_until=valid_until,
                valid_from=valid_from,
                keep_old=keep_old,
            ),
            root=root,
            new=new,
            replaces=replaces,
            allow_secret=allow_secrets,
        )
        memory.embed_in_background()
        notices = list(memory.notices)
        output.print_notices(memory.notices)
    if as_json:
        output.print_json({"path": str(path), "notices": notices})
    elif not quiet:
        write(shown(str(path)))
    return 0


def _standard_input() -> str:
    """All of standard input; bytes that are not UTF-8 become U+FFFD."""
    if sys.stdin is None:
        raise UsageError("standard input is closed", hint="give the text itself")
    return sys.stdin.buffer.read().decode("utf-8", "replace")
