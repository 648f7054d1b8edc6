"""memcairn search: ranked passages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from memcairn.cli import options
from memcairn.cli.answer import Answer, Request, answer, print_answer
from memcairn.search.query import Query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memcairn.memory import Memory


@click.command("search")
@click.argument("query", nargs=-1, required=True)
@click.option(
    "--limit", "-n", default=10, show_default=True, help="The maximum number of passages."
)
@click.option("--namespace", metavar="NAME", help="Only notes of this namespace.")
@click.option("--root", metavar="FOLDER", type=click.Path(), help="Only notes below this folder.")
@click.option("--scope", metavar="NAME", help="Only notes of this scope: user, team, a name ...")
@click.option(
    "--type", metavar="TYPE", help="Only notes of this type: user, feedback, project, reference."
)
@click.option("--since", metavar="DATE", help="Only notes of this date or later.")
@click.option("--until", metavar="DATE", help="Only notes of this date or earlier.")
@click.option("--as-of", metavar="DATE", help="Search what was known and valid at that date.")
@click.option(
    "--budget", metavar="WORDS", type=int, help="The maximum number of words in all passages."
)
@click.option("--explain", is_flag=True, help="Show every part of each score.")
@click.option(
    "--transcripts", is_flag=True, help="Search what was said in earlier sessions, not the notes."
)
@options.json_option
@options.quiet_option
def command(**given: Any) -> int:
    """Find passages in your notes. QUERY is words, a question or an error message.

    \b
    memcairn search "blue-green rollout"
    memcairn search --namespace work --limit 3 why did we pick Postgres
    memcairn search --type feedback --since 2026-06 commit messages
    memcairn search --as-of "last month" rollout
    memcairn search --explain which database did we pick and why
    memcairn search --transcripts what did we try for the flaky test

    A DATE is 2026, 2026-06, 2026-06-03, a moment such as 2026-06-03T14:00, or words: yesterday,
    last week, 3 days ago. A note's date comes from its frontmatter (date, modified or created) or
    its file name, or else from the time when its file was last changed.

    With --transcripts, FOLDER is one that the sessions worked in. `memcairn transcripts on` makes them
    searchable.
    """
    return print_answer(_request(given))


def _request(given: Mapping[str, Any]) -> Request:
    """What the arguments and options, as click reads them, ask for."""
    query = Query(
        " ".join(given["query"]),
        given["limit"],
        given["namespace"],
        given["root"],
        given["budget"],
        given["type"],
        given["since"],
        given["until"],
        given["as_of"],
        given["scope"],
    )
    return Request(
        query,
        explain=given["explain"],
        transcripts=given["transcripts"],
        as_json=given["as_json"],
        quiet=given["quiet"],
    )


def answer_remotely(
    memory: Memory, arguments: list[str], *, columns: int | None, bold: bool
) -> Answer | None:
    """Answer a command line for another process; None if it is wrong, or asks for help."""
    try:
        given = command.make_context("search", arguments, resilient_parsing=False).params
    except (click.ClickException, click.exceptions.Exit):
        return None
    return answer(memory, _request(given), columns=columns, bold=bold)
