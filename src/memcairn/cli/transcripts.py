"""memcairn transcripts: copies of what was said in the sessions of agents, for `search --transcripts`.

Other commands run this module as a background process.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from memcairn import paths
from memcairn.cli import options, output
from memcairn.cli.passages import wrapped
from memcairn.cli.text import count, printable, shown, write
from memcairn.errors import MemcairnError
from memcairn.memory import Memory
from memcairn.sessions.transcripts import copying
from memcairn.settings import config_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from memcairn.search.query import Query
    from memcairn.search.transcripts import TranscriptPassage

SETTING = "transcripts.copy"
# Added to the niceness of the process in the background.
NICENESS = 19


@click.group("transcripts")
def command() -> None:
    """Copy what is said in the sessions of your agents, so that it can be searched.

    \b
    memcairn transcripts on
    memcairn search --transcripts what did we try for the flaky test
    """


@command.command("on")
@options.json_option
@options.quiet_option
def on(*, as_json: bool, quiet: bool) -> int:
    """Copy the transcripts that your agents have, and what they add from now on.

    Claude Code, Codex, Gemini CLI, Copilot CLI and OpenCode are supported. A copy stays when an agent
    deletes its transcript, as Claude Code does after 30 days. The output of tools, secrets and <private>
    parts are not copied. Nothing of it is shown to an agent that does not ask for it.

    \b
    memcairn transcripts on
    """
    config_toml.set_value(SETTING, "true")
    with Memory() as memory:
        report = memory.update_transcripts()
        return _print_status(memory, report, as_json=as_json, quiet=quiet)


@command.command("off")
@click.option("--delete", is_flag=True, help="Also delete all copies.")
@options.json_option
@options.quiet_option
def off(*, delete: bool, as_json: bool, quiet: bool) -> int:
    """Copy no more transcripts; the copies stay searchable.

    \b
    memcairn transcripts off
    memcairn transcripts off --delete
    """
    config_toml.set_value(SETTING, "false")
    deleted = copying.delete(paths.home()) if delete else False
    if as_json:
        output.print_json({"on": False, "deleted": deleted})
    elif not quiet:
        write("transcripts are off" + ("; all copies are deleted" if deleted else ""))
    return 0


@command.command("status")
@options.json_option
@options.quiet_option
def status(*, as_json: bool, quiet: bool) -> int:
    """Show how many sessions are copied, and what waits.

    \b
    memcairn transcripts status
    """
    with Memory() as memory:
        return _print_status(memory, None, as_json=as_json, quiet=quiet)


@command.command("show")
@click.argument("session")
@click.option("--turn", metavar="N", type=int, help="Only this turn.")
@options.json_option
@options.quiet_option
def show(session: str, *, turn: int | None, as_json: bool, quiet: bool) -> int:
    """Print what was said in a session; the beginning of its ID suffices.

    \b
    memcairn transcripts show 0c8148db
    memcairn transcripts show 0c8148db --turn 3
    """
    with Memory() as memory:
        passages = memory.transcript(session, turn)
    if as_json:
        write(as_json_text(passages))
    elif not quiet:
        write(as_text(passages))
    return 0


def search(memory: Memory, query: Query) -> tuple[list[TranscriptPassage], tuple[str, ...]]:
    """The passages of a search, and messages for the user."""
    passages, report = memory.search_transcripts(query)
    messages = [] if passages else ["nothing found"]
    if report.left_bytes:
        messages.append(f"{output.size(report.left_bytes)} of transcripts are still being copied")
    return passages, tuple(messages)


def as_json_text(passages: Sequence[TranscriptPassage]) -> str:
    """One JSON document: an object with the list `passages`."""
    import json  # noqa: PLC0415 - people read text

    return json.dumps(
        {"passages": [passage._asdict() for passage in passages]}, ensure_ascii=False, indent=2
    )


def as_text(
    passages: Sequence[TranscriptPassage], *, columns: int | None = None, bold: bool = False
) -> str:
    """Each passage as its session, turn and folder, then path:line and time, then its indented text."""
    return "\n\n".join("\n".join(_lines(passage, columns, bold=bold)) for passage in passages)


def _lines(passage: TranscriptPassage, columns: int | None, *, bold: bool) -> Iterator[str]:
    where = shown(passage.cwd) + (f" ({printable(passage.branch)})" if passage.branch else "")
    title = f"{passage.host} {printable(passage.session)}, turn {passage.turn}  {where}"
    yield f"\x1b[1m{title}\x1b[0m" if bold else title
    deleted = "  (deleted by its agent; this is the copy)" if passage.is_deleted else ""
    time = f"  {passage.time[:16].replace('T', ' ')}" if passage.time else ""
    yield f"{shown(passage.path)}:{passage.line}{time}{deleted}"
    for line in passage.text.split("\n"):
        yield from wrapped("    " + line, columns)


def _print_status(
    memory: Memory, report: copying.CopyReport | None, *, as_json: bool, quiet: bool
) -> int:
    found = memory.transcript_status()
    if as_json:
        output.print_json(found)
    elif not quiet:
        write(f"transcripts are {'on' if found.is_on else 'off'}")
        for host, sessions in found.sessions.items():
            write(f"{host}: {count(sessions, 'session')}")
        deleted = f", {found.deleted:,} of deleted transcripts" if found.deleted else ""
        write(
            f"{count(found.passages, 'passage')}{deleted}, {output.size(found.size_bytes)} on disk"
        )
        if found.left_bytes:
            doing = "being copied in the background" if found.is_on else "not copied"
            write(f"{output.size(found.left_bytes)} in {count(found.left_files, 'file')} {doing}")
    for path, why in (report.failed if report else {}).items():
        output.warn(f"{shown(path)}: {why}")
    return 0


def in_background() -> int:
    """Copy everything at low priority, unless another process does."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    home = paths.home()
    if not os.path.isdir(home):
        return 0  # it was deleted meanwhile: do not recreate it
    try:
        copying.update(home, os.environ)
    except MemcairnError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(in_background())
