"""memcairn log, diff and revert: what changed in the notes, and the way back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from memcairn.cli import options, output
from memcairn.cli.locate import note_argument, open_note, open_root, root_option
from memcairn.cli.text import printable, write
from memcairn.history import FOUND
from memcairn.root import revert as root_revert

if TYPE_CHECKING:
    from memcairn.history import FileChange, Revision

_SHOWN_PATHS = 3


@click.command("log")
@click.argument("note", type=click.Path(), required=False)
@options.limit_option("revisions")
@click.option("--recall", is_flag=True, help="List what hooks have shown to agents instead.")
@root_option
@options.json_option
def log(note: str | None, *, limit: int, recall: bool, root: str | None, as_json: bool) -> int:
    """List the changes of a notes folder, or of NOTE only; the newest first.

    The first column is the revision, which `memcairn diff` and `memcairn revert` take.

    \b
    memcairn log
    memcairn log plan
    memcairn log --recall       which passages agents were shown: time, score, lines
    """
    if recall:
        if note is not None or root is not None:
            raise click.UsageError("--recall takes no note and no root")
        from memcairn.cli.recall import print_log  # noqa: PLC0415 - only this option needs it

        print_log(limit, as_json=as_json)
        return 0
    if note is None:
        with open_root(root) as files:
            found = files.history.log(limit)
            facts = {"root": files.root}
    else:
        with open_note(note, root) as (files, path):
            files.record_found(path)
            found = files.history.log(limit, path=path)
            facts = {"root": files.root, "path": path}
    if as_json:
        rows = [
            {
                "revision": one.id,
                "time": one.time,
                "tool": one.tool,
                "session": one.session,
                "changes": one.changes,
            }
            for one in found
        ]
        output.print_json({**facts, "revisions": rows})
    else:
        none = "no change is recorded"
        output.print_lines((printable(_line(one)) for one in found), none=none)
    return 0


def _line(revision: Revision) -> str:
    when = revision.time.astimezone().strftime("%Y-%m-%d %H:%M")
    tool = "outside" if revision.tool == FOUND else revision.tool
    changes = ", ".join(map(_change, revision.changes[:_SHOWN_PATHS]))
    more = len(revision.changes) - _SHOWN_PATHS
    rest = f" and {more:,} more" if more > 0 else ""
    return f"{revision.id:>6}  {when}  {tool:<8}  {changes}{rest}"


def _change(change: FileChange) -> str:
    return f"{change.path} ({change.kind})" if change.kind in ("added", "removed") else change.path


@click.command("diff")
@note_argument
@click.argument("revision", type=int, required=False)
@root_option
@options.json_option
def diff(note: str, revision: int | None, *, root: str | None, as_json: bool) -> int:
    """Show how NOTE changed since REVISION; without it, its last change.

    \b
    memcairn diff plan
    memcairn diff plan 12
    """
    with open_note(note, root) as (files, path):
        found = root_revert.diff(files, path, revision)
        facts = {"path": path, "root": files.root}
    if as_json:
        output.print_json(
            {
                **facts,
                "diff": found.text,
                "added": found.added,
                "removed": found.removed,
                "truncated": found.truncated,
            }
        )
        return 0
    for line in found.text.removesuffix("\n").split("\n") if found.text else ():
        write(_styled(printable(line)))
    if found.truncated:
        output.warn("the diff is too long; its end is missing")
    return 0


def _styled(line: str) -> str:
    color = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return click.style(line, fg=color) if color and output.has_styles(sys.stdout) else line


@click.command("revert")
@note_argument
@click.argument("revision", type=int, required=False)
@root_option
@options.json_option
@options.quiet_option
def revert(note: str, revision: int | None, *, root: str | None, as_json: bool, quiet: bool) -> int:
    """Make NOTE what it was after REVISION; without it, undo its last change.

    A note that was removed comes back. The present text stays in the history, so that a second
    `memcairn revert` undoes the first.

    \b
    memcairn revert plan
    memcairn revert plan 12
    """
    with open_note(note, root) as (files, path):
        done = root_revert.revert(files, path, revision)
        output.print_notices(files.engine.notices)
        facts = {"path": done.path, "root": files.root, "sha256": done.sha256}
    if as_json:
        output.print_json(facts)
    elif not quiet:
        when = "before its last change" if revision is None else f"after revision {revision}"
        gone = "" if done.sha256 is not None else "; it did not exist then and was removed"
        write(printable(f"{done.path}: as it was {when}{gone}"))
    return 0
