"""memcairn session: start, end, list, show."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import click

from memcairn import paths
from memcairn.cli import options, output
from memcairn.cli.text import count, printable, shown, write
from memcairn.errors import UsageError
from memcairn.hosts.recall_text import RECALL
from memcairn.sessions import Sessions
from memcairn.sessions.note_files import Notes
from memcairn.settings import config

if TYPE_CHECKING:
    from memcairn.sessions import Session
    from memcairn.sessions.activity import Activity


@click.group("session")
def command() -> None:
    """Sessions: what each did, and its scratch folder.

    \b
    export MEMCAIRN_SESSION=$(memcairn session start)
    memcairn session end --auto
    """


@command.command("start")
@click.option("--id", "id_", metavar="ID", help="The agent's session ID; default: a new one.")
@click.option(
    "--root", metavar="FOLDER", type=click.Path(), help="The notes folder of the session."
)
@options.json_option
def start(id_: str | None, *, root: str | None, as_json: bool) -> int:
    """Start or resume a session; prints its ID.

    The session belongs to the process that runs this command, and ends with it.

    \b
    export MEMCAIRN_SESSION=$(memcairn session start)
    """
    if root is not None and not os.path.isdir(root):
        raise UsageError("not a folder", path=paths.real(root))
    started = _sessions().start(id_, root=paths.real(root) if root else "")
    if as_json:
        output.print_json(_row(started) | {"scratch": started.scratch})
    else:
        write(printable(started.id))
    return 0


@command.command("end")
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--auto", is_flag=True, help="End the session of this process, if it has one.")
@click.option("--keep-scratch", is_flag=True, help="Keep its scratch folder.")
@options.json_option
def end(id_: str | None, *, auto: bool, keep_scratch: bool, as_json: bool) -> int:
    """End a session. Its log is kept for 90 days.

    \b
    memcairn session end ID
    memcairn session end --auto     the session of this process, if it has one
    """
    if (id_ is None) != auto:
        raise click.UsageError("give the ID of a session, or --auto")
    sessions = _sessions()
    if id_ is None:
        ended = sessions.current(os.environ)
    else:
        ended = _found(sessions, id_)
    keep = keep_scratch or bool(config.load()["sessions.keep_scratch"])
    if ended is not None and ended.is_open:
        sessions.end(ended, keep_scratch=keep)
    if as_json:
        output.print_json({"id": None if ended is None else ended.id})
    return 0


@command.command("list")
@options.limit_option("sessions")
@options.json_option
def list_(limit: int, *, as_json: bool) -> int:
    """List the last sessions, the latest first, with what each did on its branch.

    \b
    memcairn session list
    memcairn session list -n 100
    """
    notes = Notes(paths.home(), config.load())
    rows = [
        _row(session) | {"recalls": _recalls(session)} | _totals(notes.activity(session))
        for session in _sessions().latest(limit)
    ]
    if as_json:
        output.print_json({"sessions": rows})
        return 0
    lines = []
    for row in rows:
        state = "open" if row["ended_at"] is None else "ended"
        recalls = f"{count(row['recalls'], 'recall')}"
        root = shown(row["root"]) if row["root"] else ""
        parts = [
            row["started_at"],
            f"{state:5}",
            row["id"],
            row["host"],
            recalls,
            *(count(row[name], noun) for name, noun in _TOTALS.items() if row[name]),
            row["title"],
            root,
        ]
        lines.append(printable("  ".join(part for part in parts if part)))
    output.print_lines(lines, none="there are no sessions yet")
    return 0


@command.command("show")
@click.argument("id_", metavar="ID")
@options.json_option
def show(id_: str, *, as_json: bool) -> int:
    """Show what a session did: its note, then the calls of memcairn in it.

    The note has the files, the commands with their exit codes, errors and what fixed them, decisions and
    open ends. A call has its time, tool, outcome and path.

    \b
    memcairn session show ID
    """
    session = _sessions().get(id_)
    notes = Notes(paths.home(), config.load())
    note = notes.of_session(id_)
    if session is None and note is not None:
        # The session's own files are gone; its note stays.
        if as_json:
            output.print_json({"id": id_, "note": note, "activity": None, "lines": []})
            return 0
        write("\n".join(map(printable, note.rstrip().split("\n"))))
        return 0
    session = _found(_sessions(), id_)
    lines = session.lines()
    if as_json:
        activity = notes.activity(session)
        did = None if activity is None else activity.to_record()
        output.print_json(_row(session) | {"note": note, "activity": did, "lines": lines})
        return 0
    for name, value in _row(session).items():
        if value:
            write(printable(f"{name}: {value}"))
    if note is not None:
        body = note.split("\n---\n", 1)[-1].strip()
        write("\n".join(["", *map(printable, body.split("\n")), ""]))
    for line in lines:
        path = line.get("path")
        parts = [line.get("time"), line.get("tool"), line.get("outcome")]
        parts.append(shown(path) if isinstance(path, str) else "")
        write(printable("  ".join(str(part) for part in parts if part)))
    return 0


def _sessions() -> Sessions:
    return Sessions(paths.home())


def _found(sessions: Sessions, id_: str) -> Session:
    found = sessions.get(id_)
    if found is None:
        raise UsageError(f"there is no session {id_!r}", hint="`memcairn session list` lists them")
    return found


def _recalls(session: Session) -> int:
    """How often hooks have shown passages in it."""
    return sum(
        line.get("outcome") == "found" and str(line.get("tool")).startswith(RECALL)
        for line in session.lines()
    )


_TOTALS = {"files": "file", "failing": "failing command", "open": "open end"}


def _totals(activity: Activity | None) -> dict[str, Any]:
    branches = [] if activity is None else activity.branches.values()
    return {
        "branch": None if activity is None else activity.branch,
        "files": sum(len(did.files) for did in branches),
        "failing": sum(len(did.failing) for did in branches),
        "open": 0 if activity is None else len(activity.open_ends),
    }


def _row(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "host": session.host,
        "title": session.title,
        "root": session.root,
        "started_at": _moment(session.started_at),
        "ended_at": None if session.ended_at is None else _moment(session.ended_at),
    }


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
