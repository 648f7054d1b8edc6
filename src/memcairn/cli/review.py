"""memcairn review, tidy and consent: what waits for a person, and what agents may write."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from dataclasses import asdict
from datetime import date

import click

from memcairn.cli import options, output
from memcairn.cli.locate import open_root, root_option
from memcairn.cli.text import count, printable, write
from memcairn.errors import MemcairnError
from memcairn.notes import frontmatter
from memcairn.root import review
from memcairn.root.inbox import CONSENTS
from memcairn.search.dates import parse_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memcairn.root import OpenRoot
    from memcairn.root.inbox import Proposal

_KEYS = {"k": "keep", "e": "edit", "m": "merge", "s": "supersede", "a": "archive", "f": "forget"}
_HELP = (
    "[k]eep [e]dit [m]erge [s]upersede [a]rchive [f]orget [u]ndo [n]ext [q]uit, Enter: as proposed"
)


@click.command("review")
@click.option("--since", metavar="DATE", help="Only what was proposed or written since: yesterday.")
@root_option
@options.json_option
def command(*, since: str | None, root: str | None, as_json: bool) -> int:
    """Decide what waits in the inbox: proposals, and what agents wrote. One key is one decision.

    Each decision is one revision of the history, and `u` undoes the last one. Without a terminal, the
    proposals are listed.

    \b
    memcairn review
    memcairn review --since yesterday --json
    """
    with open_root(root) as files:
        day = _day(since)
        review.ask_about_written(files, since=day)
        waiting = [one for one in review.proposals(files) if one.made[: len(day)] >= day]
        if as_json:
            rows = [
                {**asdict(one), "evidence": [asdict(e) for e in review.evidence(files, one)]}
                for one in waiting
            ]
            output.print_json({"root": files.root, "proposals": rows})
        elif waiting and sys.stdin.isatty() and sys.stdout.isatty():
            _walk(files, waiting)
        else:
            output.print_lines((printable(_line(one)) for one in waiting), none="nothing waits")
        output.print_notices(files.engine.notices)
    return 0


def _day(since: str | None) -> str:
    if since is None:
        return ""
    return parse_date(since, date.today()).start.text[:10]  # noqa: DTZ011 - dates are local time


def _line(one: Proposal) -> str:
    notes = ", ".join(one.paths) or " ".join(one.text.split())[:60]
    return f"{one.id}  {one.kind}: {one.action} {notes}  {one.why}"


def _walk(files: OpenRoot, waiting: list[Proposal]) -> None:
    """Ask for each proposal in turn."""
    decided: list[Proposal] = []
    at = 0
    while at < len(waiting):
        one = waiting[at]
        _show(files, one, at + 1, len(waiting))
        key = click.getchar().lower()
        if key == "q":
            break
        if key == "u":
            if not decided:
                write("  there is no decision to undo")
                continue
            last = decided.pop()
            _try(lambda last=last: review.undo(files, last.id))
            at = next(i for i, other in enumerate(waiting) if other.id == last.id)
            continue
        action = one.action if key in ("\r", "\n") else _KEYS.get(key)
        if action is not None:
            done = _try(lambda one=one, action=action: _decide(files, one, action))
            if done is None:
                continue
            decided.append(done)
            write(f"  {done.decision}")
        elif key != "n":
            write(printable(f"  {key!r} is none of these keys"))
            continue
        at += 1
    write(
        f"{count(len(decided), 'decision')}; {count(len(review.proposals(files)), 'proposal')} left"
    )


def _decide(files: OpenRoot, one: Proposal, action: str) -> Proposal | None:
    if action != "edit":
        return review.decide(files, one.id, action)
    before = one.text or files.read_bytes(one.paths[0]).decode("utf-8", "replace")
    text = click.edit(before, extension=".md")
    if text is None and not one.text:
        return None  # the editor was left without saving
    paths = one.paths[:1]
    return review.decide(
        files, one.id, "edit" if paths else "add", text=text or before, paths=paths
    )


def _try(work: object) -> Proposal | None:
    try:
        return work()  # type: ignore[operator,no-any-return]
    except MemcairnError as error:
        write(printable(f"  {error}"))
        return None


def _show(files: OpenRoot, one: Proposal, number: int, total: int) -> None:
    write("")
    write(printable(f"{number}/{total}  {one.kind}: {one.action}?  {one.why}"))
    sides = [[_about(e), *_body(e.text)] for e in review.evidence(files, one)]
    if one.text:
        sides.append([f"proposed by {one.by}" if one.by else "proposed", *one.text.split("\n")])
    for line in _side_by_side(sides, shutil.get_terminal_size().columns):
        write(line)
    write(_HELP)


def _body(text: str) -> list[str]:
    """The lines of a note without its frontmatter; of a note that is only frontmatter, these lines."""
    body = text.split("\n")[frontmatter.split(text)[1] - 1 :]
    return "\n".join(body).strip().split("\n") if any(map(str.strip, body)) else text.split("\n")


def _about(one: review.Evidence) -> str:
    return " · ".join(filter(None, (one.path, one.date[:10], one.source)))


_MAX_LINES = 30


def _side_by_side(sides: list[list[str]], columns: int) -> list[str]:
    """Texts beside each other, wrapped at the width of the terminal."""
    if not sides:
        return []
    width = max(20, (columns - 3 * (len(sides) - 1)) // len(sides))
    cut = [
        [part for line in side for part in textwrap.wrap(printable(line), width) or [""]][
            :_MAX_LINES
        ]
        for side in sides
    ]
    height = max(map(len, cut))
    rows = [[side[at] if at < len(side) else "" for side in cut] for at in range(height)]
    return [" | ".join(part.ljust(width) for part in row).rstrip() for row in rows]


@click.command("tidy")
@root_option
@options.json_option
@options.quiet_option
def tidy(*, root: str | None, as_json: bool, quiet: bool) -> int:
    """Propose what could be put in order; no note is changed.

    It finds notes that contradict or repeat each other, are past their date, cite code that changed or is
    gone, or hold several subjects. `memcairn review` decides.

    \b
    memcairn tidy
    """
    with open_root(root) as files:
        made = review.tidy(files)
        if as_json:
            output.print_json({"root": files.root, "proposals": [asdict(one) for one in made]})
        elif not quiet:
            for one in made:
                write(printable(_line(one)))
            write(
                f"{count(len(made), 'proposal')}; `memcairn review` decides" if made else "in order"
            )
    return 0


@click.command("consent")
@click.argument("root", required=False, type=click.Path())
@click.argument("consent", required=False, type=click.Choice(CONSENTS))
@options.json_option
def consent(root: str | None, consent: str | None, *, as_json: bool) -> int:
    """Show or set what agents may write in ROOT without asking.

    nothing: every memory of an agent waits in the inbox. observations (the default): agents add memories, and
    correct what tools wrote. all: they also correct what a person wrote.

    \b
    memcairn consent
    memcairn consent ~/notes nothing
    """
    if consent is None and root in CONSENTS and not os.path.isdir(root):
        root, consent = None, root
    with open_root(root) as files:
        if consent is not None:
            files.inbox.set_consent(consent)
        facts = {"root": files.root, "consent": files.inbox.consent}
    if as_json:
        output.print_json(facts)
    else:
        write(printable(f"{facts['root']}: {facts['consent']}"))
    return 0
