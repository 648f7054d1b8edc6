"""memcairn search: ranked passages."""

from __future__ import annotations

import os

import click

from memcairn import paths
from memcairn.cli import output
from memcairn.cli.passages import as_json as as_json_text
from memcairn.cli.passages import as_text
from memcairn.cli.text import shown, write
from memcairn.memory import Memory
from memcairn.search.query import Query


@click.command("search")
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", "-n", default=10, show_default=True, help="The most passages.")
@click.option("--namespace", metavar="NAME", help="Only notes with this label.")
@click.option("--root", metavar="FOLDER", help="Only notes below this folder.")
@click.option(
    "--type", metavar="TYPE", help="Only notes of this type: user, feedback, project, reference."
)
@click.option("--since", metavar="DATE", help="Only notes of this date or later.")
@click.option("--until", metavar="DATE", help="Only notes of this date or earlier.")
@click.option("--as-of", metavar="DATE", help="What was known then, and what was valid then.")
@click.option("--budget", metavar="WORDS", type=int, help="The most words in all.")
@click.option("--explain", is_flag=True, help="Show every part of each score.")
@output.json_option
@output.quiet_option
def command(
    query: tuple[str, ...],
    *,
    limit: int,
    namespace: str | None,
    root: str | None,
    type: str | None,  # noqa: A002 - the option's name
    since: str | None,
    until: str | None,
    as_of: str | None,
    budget: int | None,
    explain: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Find passages in your notes. QUERY is words, a question, an error message: anything.

    \b
    memcairn search "blue-green rollout"
    memcairn search --namespace work --limit 3 why did we pick Postgres
    memcairn search --type feedback --since 2026-06 commit messages
    memcairn search --as-of "last month" rollout
    memcairn search --explain which database did we pick and why

    A DATE is 2026, 2026-06, 2026-06-03, a moment such as 2026-06-03T14:00, or words: yesterday,
    last week, 3 days ago. The date of a note is its own (date, modified or created in its
    frontmatter, or in its file's name), else the day when its file was changed.
    """
    with Memory() as memory:
        passages = memory.search(
            Query(" ".join(query), limit, namespace, root, budget, type, since, until, as_of)
        )
        memory.embed_in_background()
        known = {} if passages else memory.namespaces()
        output.print_notices(memory.notices)
    if as_json:
        write(as_json_text(passages))
    elif not quiet and passages:
        write(as_text(passages, explain=explain))
    if not passages:
        hint = "nothing found"
        if not known:
            hint = "nothing is indexed yet: `memcairn index FOLDER`"
        elif namespace is not None and namespace not in known:
            hint = f"there is no namespace {namespace!r}; there are: {', '.join(known)}"
        elif root is not None and not os.path.exists(root):
            hint = f"{shown(paths.real(root))}: there is no such file or folder"
        click.echo(f"memcairn: {hint}", err=True)
    return 0
