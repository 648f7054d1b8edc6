"""memcairn recall, pause and resume; and the list of `memcairn log --recall`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from memcairn import paths
from memcairn.cli import options, output
from memcairn.cli.text import printable, write
from memcairn.cli.text import shown as shown_path
from memcairn.errors import UsageError
from memcairn.hosts import events, fenced_text, payload, recall_log, recall_text
from memcairn.memory import Memory
from memcairn.search.relevance import LIKELY, RELEVANT
from memcairn.sessions import Sessions

if TYPE_CHECKING:
    from memcairn.search.passages import Passage
    from memcairn.sessions import Session


@click.command("recall")
@click.argument("prompt", nargs=-1, required=True)
@click.option("--explain", is_flag=True, help="Also list what is left out, with scores.")
@options.json_option
def command(prompt: tuple[str, ...], *, explain: bool, as_json: bool) -> int:
    """Show what an agent would be shown with PROMPT, in this folder, in a new session.

    \b
    memcairn recall "how do we deploy?"
    memcairn recall --explain "how do we deploy?"
    """
    fields = {"cwd": os.getcwd(), "prompt": " ".join(prompt)}
    event = payload.from_fields("user-prompt", "claude-code", fields)
    with Memory() as memory:
        scope = events.scope_of(memory, event)
        found, blocks = recall_log.try_out(memory, scope, event.prompt)
    text = fenced_text.fenced("recall", recall_text.FOR_A_PROMPT, [block for _, block in blocks])
    places = {(place.path, place.first) for place, _ in blocks}
    rows = [_row(passage, places) for passage in found]
    if as_json:
        thresholds = {"threshold": RELEVANT, "pointer_threshold": LIKELY}
        output.print_json({"text": text, **thresholds, "passages": rows})
        return 0
    write(text or "nothing would be shown")
    for row in rows if explain else ():
        lines = f"{row['start_line']}-{row['end_line']}"
        where = f"{shown_path(row['path'])}:{lines}"
        write(printable(f"{row['score']:.2f}  {row['outcome']:<9}  {where}  {row['title']}"))
    return 0


def _row(passage: Passage, places: set[tuple[str, int]]) -> dict[str, Any]:
    is_shown = (passage.path, passage.start_line) in places
    return {
        "path": passage.path,
        "start_line": passage.start_line,
        "end_line": passage.end_line,
        "title": passage.title,
        "score": passage.score,
        "outcome": recall_log.outcome(passage.score, is_shown=is_shown),
    }


def print_log(limit: int, *, as_json: bool) -> None:
    """Print which passages hooks have shown to agents, the newest first."""
    rows = [
        {"time": line.get("time"), "session": session.id, "title": session.title}
        | {name: line.get(name) for name in ("tool", "path", "lines", "score")}
        for session in Sessions(paths.home()).latest()
        for line in session.lines()
        if line.get("outcome") == "shown" and str(line.get("tool")).startswith(recall_text.RECALL)
    ]
    rows.sort(key=lambda row: str(row["time"]), reverse=True)
    del rows[limit:]
    if as_json:
        output.print_json({"recalls": rows})
        return
    lines = []
    for row in rows:
        where = f"{shown_path(str(row['path']))}:{row['lines']}"
        parts = [row["time"], f"{float(row['score'] or 0):.2f}", where, row["title"]]
        lines.append(printable("  ".join(str(part) for part in parts if part)))
    output.print_lines(lines, none="hooks have shown nothing yet")


@click.command("pause")
@click.argument("id_", metavar="[ID]", required=False)
def pause(id_: str | None) -> int:
    """Keep hooks silent in one session: no recall and no MEMORY.md of other folders.

    Notes are still indexed, and the tools still answer. Without ID it is the session of this process.

    \b
    memcairn pause
    """
    session = _session(id_)
    session.pause()
    write("memory is paused in this session; `memcairn resume` ends that")
    return 0


@click.command("resume")
@click.argument("id_", metavar="[ID]", required=False)
def resume(id_: str | None) -> int:
    """Let hooks speak again in a session that was paused.

    \b
    memcairn resume
    """
    _session(id_).resume()
    write("memory is on in this session")
    return 0


def _session(id_: str | None) -> Session:
    sessions = Sessions(paths.home())
    found = sessions.current(os.environ) if id_ is None else sessions.get(id_)
    if found is None:
        what = (
            "this process belongs to no session" if id_ is None else f"there is no session {id_!r}"
        )
        raise UsageError(what, hint="`memcairn session list` lists them; give the ID of one")
    return found
