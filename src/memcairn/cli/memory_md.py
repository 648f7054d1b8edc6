"""memcairn memory-md: MEMORY.md, which an agent loads at the start of each session."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from memcairn.cli import options, output
from memcairn.cli.text import count, printable, shown, write
from memcairn.memory import Memory

if TYPE_CHECKING:
    from memcairn.memory_md.check import Explanation

_root = click.argument("root", required=False)


@click.group("memory-md")
def command() -> None:
    """Refresh, check, explain or show MEMORY.md.

    ROOT is an indexed folder; default: the only one with a MEMORY.md, else the one that contains the
    current folder.

    \b
    memcairn memory-md refresh ~/notes
    memcairn memory-md check ~/notes
    """


@command.command("refresh")
@_root
@click.option("--off", is_flag=True, help="Stop updating it; the file is not changed.")
@options.json_option
@options.quiet_option
def refresh(root: str | None, *, off: bool, as_json: bool, quiet: bool) -> int:
    """Rebuild MEMORY.md from the notes, and update it from now on.

    \b
    memcairn memory-md refresh ~/notes
    memcairn memory-md refresh --off ~/notes     stop updating it
    """
    with Memory() as memory:
        if off:
            stopped = memory.stop_memory_md(root)
            output.print_notices(memory.notices)
            if as_json:
                output.print_json({"root": stopped.path, "kept": False})
            elif not quiet:
                where = shown(stopped.path)
                write(f"{where}: MEMORY.md is no longer updated")
            return 0
        done = memory.refresh_memory_md(root)
        output.print_notices(memory.notices)
    if as_json:
        output.print_json(done)
    elif not quiet:
        by_hand = f", {done.hand_linked:,} linked by hand" if done.hand_linked else ""
        folded = ""
        if done.pages:
            pages = count(done.pages, "index page")
            folded = f", {done.folded:,} folded into {pages}"
        write(
            f"{shown(done.root)}: {count(done.notes, 'note')}, {done.listed:,} listed"
            f"{by_hand}{folded}"
        )
        for finding in done.findings:
            write(f"  {shown(finding.where)}: {shown(finding.message)}")
    return 0


@command.command("check")
@_root
@options.json_option
@options.quiet_option
def check(root: str | None, *, as_json: bool, quiet: bool) -> int:
    """Check whether MEMORY.md is within its limits, current, and without broken links.

    Exit code 1 if it is not.

    \b
    memcairn memory-md check ~/notes
    """
    with Memory() as memory:
        path = memory.memory_md_root(root).path
        found = memory.check_memory_md(path)
        output.print_notices(memory.notices)
    if as_json:
        output.print_json({"root": path, "findings": found})
    elif not quiet:
        for finding in found:
            where, message = shown(finding.where), shown(finding.message)
            write(f"{where}: {finding.kind}: {message}")
        if not found:
            write(f"{shown(path)}: MEMORY.md is correct")
    return 1 if found else 0


@command.command("explain")
@click.argument("path")
@options.json_option
@options.quiet_option
def explain(path: str, *, as_json: bool, quiet: bool) -> int:
    """Explain the position of the note PATH in MEMORY.md.

    \b
    memcairn memory-md explain ~/notes/plan.md
    """
    with Memory() as memory:
        found = memory.explain_memory_md(path)
        output.print_notices(memory.notices)
    if as_json:
        said = asdict(found)
        said["standing"]["changed"] = _day(found.standing.changed)
        output.print_json(said)
    elif not quiet:
        for line in _explained(found):
            write(line)
    return 0


def _explained(found: Explanation) -> list[str]:
    under = f", under {found.heading.removeprefix('## ')}" if found.heading else ""
    where = f" ({found.why})" if found.why else ""
    lines = [f"{shown(found.path)}: {found.how}{where} in {found.where}{under}"]
    if found.where == "":
        lines = [f"{shown(found.path)}: not listed, because its path is too long"]
    if found.position is not None:
        lines.append(f"  place {found.position:,} of {found.current:,} by rank")
    standing = found.standing
    lines += [
        f"  pinned: {'yes, so it comes before unpinned notes' if found.pinned else 'no'}",
        f"  changed: {_day(standing.changed)}",
        f"  type: {standing.type_days:+,} days",
        f"  use: {standing.use_days:+.1f} days",
    ]
    return lines


def _day(ordinal: int) -> str:
    from datetime import date  # noqa: PLC0415 - for this command only

    return date.fromordinal(ordinal).isoformat()


@command.command("show")
@_root
@options.json_option
def show(root: str | None, *, as_json: bool) -> int:
    """Print MEMORY.md as an agent loads it; the part that is cut off follows a separator line.

    \b
    memcairn memory-md show ~/notes
    """
    with Memory() as memory:
        path = memory.memory_md_root(root).path
        loaded = memory.show_memory_md(path)
        output.print_notices(memory.notices)
    if as_json:
        output.print_json({"root": path, "text": loaded.text, "cut": loaded.cut})
        return 0
    _write_lines(loaded.text)
    if loaded.cut.strip():
        write(click.style("──── an agent does not load what follows ────", bold=True))
        _write_lines(loaded.cut)
    return 0


def _write_lines(text: str) -> None:
    for line in text.rstrip("\n").split("\n"):
        write(printable(line))
