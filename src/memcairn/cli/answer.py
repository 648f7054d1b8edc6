"""Answer a search: find passages, and print them; without click, so that a search need not load it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from memcairn import paths
from memcairn.cli import output
from memcairn.cli.passages import as_json, as_text
from memcairn.cli.text import terminal_columns, write
from memcairn.errors import UsageError
from memcairn.memory import Memory
from memcairn.search.relevance import fits
from memcairn.settings import calling_process

if TYPE_CHECKING:
    from memcairn.search.query import Query


class Request(NamedTuple):
    """What `memcairn search` is asked for, with the names of its options."""

    query: Query
    explain: bool = False
    transcripts: bool = False
    as_json: bool = False
    quiet: bool = False


class Answer(NamedTuple):
    """What `memcairn search` prints: on standard output, and line by line on standard error."""

    output: str
    messages: tuple[str, ...]


def print_answer(request: Request) -> int:
    """Search, and print what was found; returns the exit code.

    Raises:
        UsageError: the query is wrong, or no note can pass its filters.
    """
    columns = terminal_columns()
    bold = columns is not None and "NO_COLOR" not in os.environ
    with Memory() as memory:
        found = answer(memory, request, columns=columns, bold=bold)
    if found.output:
        write(found.output)
    for message in found.messages:
        output.warn(message)
    return 0


def answer(memory: Memory, request: Request, *, columns: int | None, bold: bool) -> Answer:
    """Search, and render the passages for one terminal.

    Raises:
        UsageError: the query is wrong, or no note can pass its filters.
    """
    query = request.query
    if query.root is not None:
        query = query._replace(
            root=os.path.join(calling_process.current().cwd, os.fspath(query.root))
        )
        request = request._replace(query=query)
    if request.transcripts:
        found = _of_transcripts(memory, request, columns=columns, bold=bold)
    else:
        found = _of_notes(memory, request, columns=columns, bold=bold)
    is_quiet = request.quiet and not request.as_json
    return found._replace(output="") if is_quiet else found


def _of_notes(memory: Memory, request: Request, *, columns: int | None, bold: bool) -> Answer:
    query = request.query
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
    if request.as_json:
        text = as_json(passages)
    else:
        text = as_text(passages, explain=request.explain, columns=columns, bold=bold)
    return Answer(text, tuple(messages))


def _of_transcripts(memory: Memory, request: Request, *, columns: int | None, bold: bool) -> Answer:
    from memcairn.cli import transcripts  # noqa: PLC0415 - most searches are for notes

    query = request.query
    unused = {
        "--namespace": query.namespace,
        "--type": query.type,
        "--as-of": query.as_of,
        "--budget": query.budget_words,
        "--scope": query.scope,
        "--explain": request.explain or None,
    }
    for option, value in unused.items():
        if value is not None:
            raise UsageError(f"--transcripts cannot be combined with {option}")
    passages, messages = transcripts.search(memory, query)
    if request.as_json:
        return Answer(transcripts.as_json_text(passages), messages)
    return Answer(transcripts.as_text(passages, columns=columns, bold=bold), messages)


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
