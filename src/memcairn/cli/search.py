"""memcairn search: ranked passages."""

from __future__ import annotations

import os
from typing import NamedTuple

import click

from memcairn import paths
from memcairn.cli import options, output
from memcairn.cli.passages import as_json as as_json_text
from memcairn.cli.passages import as_text
from memcairn.cli.text import terminal_columns, write
from memcairn.errors import UsageError
from memcairn.memory import Memory
from memcairn.search.query import Query
from memcairn.search.relevance import fits
from memcairn.settings import calling_process


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
def command(
    query: tuple[str, ...],
    *,
    limit: int,
    namespace: str | None,
    root: str | None,
    scope: str | None,
    type: str | None,  # noqa: A002 - the option's name
    since: str | None,
    until: str | None,
    as_of: str | None,
    budget: int | None,
    explain: bool,
    transcripts: bool,
    as_json: bool,
    quiet: bool,
) -> int:
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
    columns = terminal_columns()
    with Memory() as memory:
        found = answer(
            memory,
            Query(
                " ".join(query), limit, namespace, root, budget, type, since, until, as_of, scope
            ),
            explain=explain,
            transcripts=transcripts,
            as_json=as_json,
            columns=columns,
            bold=columns is not None and "NO_COLOR" not in os.environ,
        )
    if found.output and (as_json or not quiet):
        write(found.output)
    for message in found.messages:
        output.warn(message)
    return 0


class Answer(NamedTuple):
    """What `memcairn search` prints: on standard output, and line by line on standard error."""

    output: str
    messages: tuple[str, ...]


def answer(
    memory: Memory,
    query: Query,
    *,
    explain: bool,
    transcripts: bool,
    as_json: bool,
    columns: int | None,
    bold: bool,
) -> Answer:
    """Search, and render the passages for one terminal.

    Raises:
        UsageError: the query is wrong, or no note can pass its filters.
    """
    if query.root is not None:
        query = query._replace(
            root=os.path.join(calling_process.current().cwd, os.fspath(query.root))
        )
    if transcripts:
        return _of_transcripts(
            memory, query, explain=explain, as_json=as_json, columns=columns, bold=bold
        )
    passages = memory.search(query)
    memory.embed_in_background()
    messages = [*memory.notices]
    memory.notices.clear()
    if not passages:
        _refuse_unknown(memory, root=query.root, namespace=query.namespace, type=query.type)
        is_empty = not memory.namespaces()
        messages.append(
            "nothing is indexed yet: `memcairn index FOLDER`" if is_empty else "nothing found"
        )
    elif not any(fits(passage.score, passage.why) for passage in passages):
        messages.append("nothing fits well; these are the nearest passages")
    if as_json:
        text = as_json_text(passages)
    else:
        text = as_text(passages, explain=explain, columns=columns, bold=bold)
    return Answer(text, tuple(messages))


def _of_transcripts(
    memory: Memory,
    query: Query,
    *,
    explain: bool,
    as_json: bool,
    columns: int | None,
    bold: bool,
) -> Answer:
    """The answer of a search with --transcripts."""
    from memcairn.cli import transcripts  # noqa: PLC0415 - most searches are for notes

    unused = {
        "--namespace": query.namespace,
        "--type": query.type,
        "--as-of": query.as_of,
        "--budget": query.budget_words,
        "--explain": explain or None,
    }
    for option, value in unused.items():
        if value is not None:
            raise UsageError(f"--transcripts cannot be combined with {option}")
    passages, messages = transcripts.search(memory, query)
    if as_json:
        return Answer(transcripts.as_json_text(passages), messages)
    return Answer(transcripts.as_text(passages, columns=columns, bold=bold), messages)


def answer_remotely(
    memory: Memory, arguments: list[str], *, columns: int | None, bold: bool
) -> Answer | None:
    """Answer a command line for another process; None if it is wrong, or asks for help."""
    try:
        given = command.make_context("search", arguments, resilient_parsing=False).params
    except (click.ClickException, click.exceptions.Exit):
        return None
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
    )
    found = answer(
        memory,
        query,
        explain=given["explain"],
        transcripts=given["transcripts"],
        as_json=given["as_json"],
        columns=columns,
        bold=bold,
    )
    is_quiet = given["quiet"] and not given["as_json"]
    return found._replace(output="") if is_quiet else found


def _refuse_unknown(
    memory: Memory, *, root: str | os.PathLike[str] | None, **filters: str | None
) -> None:
    """Raise UsageError for a filter that no note can pass."""
    from memcairn.cli.locate import not_a_root, notes_in, require_used  # noqa: PLC0415 - for errors only

    roots = [known.path for known in memory.roots()]
    if root is not None:
        real = paths.real(os.fspath(root))
        if not os.path.lexists(real):
            raise UsageError("there is no such file or folder", path=real)
        is_known = any(paths.is_inside(real, one) or paths.is_inside(one, real) for one in roots)
        if not is_known and not notes_in(memory, real):  # a file may be indexed outside all roots
            raise not_a_root(real, roots)
    notes = notes_in(memory, os.path.abspath(os.sep))
    for name, value in filters.items():
        if value is not None and notes:
            require_used(name, value, {getattr(note, name) for note in notes})
