"""How a command reports that it failed: one form for memcairn's errors, the system's and click's.

memcairn: PATH: what happened           on stderr
what to do about it

{"error": {"message", "path", "hint", "type"}}      on stdout, with --json
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import click

from memcairn.cli import output
from memcairn.cli.text import STOPPED, say
from memcairn.errors import MemcairnError, UsageError, escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REPORTED = (click.ClickException, click.Abort, KeyboardInterrupt, MemcairnError, OSError)


class Stopped(MemcairnError):  # noqa: N818 - as those in memcairn.errors
    """Ctrl-C ended the command."""

    exit_code = 130


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a command line has --json, even if the rest of it is wrong."""
    return "--json" in itertools.takewhile(lambda argument: argument != "--", arguments)


def report(error: BaseException, *, as_json: bool) -> int:
    """Print one of the errors in REPORTED; returns the exit code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return error.exit_code
        case click.ClickException():
            failed = from_click(error)
        case MemcairnError():
            failed = error
        case OSError():
            failed = MemcairnError(error.strerror or str(error), path=error.filename)
        case _:
            failed = Stopped(STOPPED.removeprefix("memcairn: "))
    if as_json:
        path = None if failed.path is None else str(failed.path)
        facts = {"message": failed.message, "path": path, "hint": failed.hint}
        output.print_json({"error": {**facts, "type": type(failed).__name__}})
    output.warn(str(failed))
    if failed.hint:
        say(f"  {escaped(failed.hint)}")
    return failed.exit_code


def from_click(error: click.ClickException) -> MemcairnError:
    """The error as memcairn words it, with the nearest command or option as its hint."""
    if not isinstance(error, click.UsageError):
        return MemcairnError(_clause(error.format_message()))
    context = error.ctx
    if isinstance(error, click.NoSuchCommand) and context is not None:
        group = context.command
        known = group.list_commands(context) if isinstance(group, click.Group) else []
        return _unknown("command", error.command_name, known, context)
    if isinstance(error, click.NoSuchOption) and context is not None:
        options = [name for param in context.command.get_params(context) for name in param.opts]
        known = [name for name in options if name.startswith("--")]
        return _unknown("option", error.option_name, known, context)
    if isinstance(error, click.MissingParameter):
        return UsageError(f"{_name(error)} is missing", hint=_see_help(context))
    if isinstance(error, click.BadParameter):
        # click calls the types of --limit and --port "integer range" and "float range".
        message = error.message.replace("integer range", "integer").replace("float range", "number")
        return UsageError(f"{_name(error)}: {_clause(message)}", hint=_see_help(context))
    return UsageError(_clause(error.format_message()), hint=_see_help(context))


def _unknown(kind: str, name: str, known: Iterable[str], context: click.Context) -> UsageError:
    below = context.command_path.partition(" ")[2]
    import difflib  # noqa: PLC0415 - for errors only

    # The dashes, which all options have, do not make two of them alike.
    by_letters = {one.strip("-"): one for one in known}
    near = difflib.get_close_matches(name.strip("-"), by_letters, n=1)
    return UsageError(
        f"{below}: there is no {kind} {name}" if below else f"there is no {kind} {name}",
        hint=f"did you mean {by_letters[near[0]]}?" if near else _see_help(context),
    )


def _name(error: click.BadParameter) -> str:
    """The option or argument as a user types it: --limit, PATH."""
    param = error.param
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return str(param.human_readable_name if param else error.param_hint).strip("[].")


def _see_help(context: click.Context | None) -> str:
    path = context.command_path if context is not None else "memcairn"
    return f"see `{path} --help`"


def _clause(sentence: str) -> str:
    """`Invalid value for '--limit': …` as a clause: without the capital and the full stop."""
    first = sentence[:1].lower() if not sentence[:2].isupper() else sentence[:1]
    return first + sentence[1:].removesuffix(".")
