"""memcairn snapshot: all notes of a folder at one moment, and the way back to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from memcairn.cli import options, output
from memcairn.cli.locate import open_root, root_option
from memcairn.cli.text import count, printable, write
from memcairn.errors import escaped

if TYPE_CHECKING:
    from memcairn.history import Restoration, Snapshot


@click.group("snapshot")
def command() -> None:
    """Snapshots: create, list, restore.

    \b
    memcairn snapshot create "before the cleanup"
    memcairn snapshot list
    """


@command.command("create")
@click.argument("name", required=False)
@root_option
@options.json_option
@options.quiet_option
def create(name: str | None, *, root: str | None, as_json: bool, quiet: bool) -> int:
    """Keep all notes as they are now; prints the ID of the snapshot.

    \b
    memcairn snapshot create "before the cleanup"
    """
    with open_root(root) as files:
        taken = files.snapshots.create(name)
        facts = {"root": files.root}
    if as_json:
        output.print_json({**facts, "snapshot": taken})
    elif not quiet:
        write(taken.id)
    for path, why in taken.left_out.items():
        output.warn(f"{escaped(path)}: left out: {why}")
    return 0


@command.command("list")
@root_option
@options.json_option
def list_(*, root: str | None, as_json: bool) -> int:
    """List the snapshots, the newest first.

    The columns are the ID, the time, the number of files, and the name.

    \b
    memcairn snapshot list
    """
    with open_root(root) as files:
        found = files.snapshots.list()
        facts = {"root": files.root}
    if as_json:
        output.print_json({**facts, "snapshots": found})
        return 0
    output.print_lines((printable(_line(one)) for one in found), none="there are no snapshots")
    return 0


def _line(one: Snapshot) -> str:
    when = one.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
    before = f"before restoring {one.before_restoring}" if one.before_restoring else ""
    parts = [one.id, when, count(one.files, "file"), one.name or before]
    return "  ".join(part for part in parts if part)


@command.command("restore")
@click.argument("id_", metavar="ID")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--dry-run", is_flag=True, help="Show the changes without making them.")
@root_option
@options.json_option
@options.quiet_option
def restore(
    id_: str,
    paths: tuple[str, ...],
    *,
    dry_run: bool,
    root: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Make all notes, or those at each PATH, what they were in the snapshot ID.

    Files that came later are removed. The state before is itself kept as a snapshot.

    \b
    memcairn snapshot restore 20261121T111338427479-2e8425 --dry-run
    memcairn snapshot restore 20261121T111338427479-2e8425 project/plan.md
    """
    with open_root(root) as files:
        done = files.restore_snapshot(id_, paths=paths or None, dry_run=dry_run)
        output.print_notices(files.engine.notices)
        facts = {"root": files.root, "dry_run": dry_run}
    if as_json:
        output.print_json({**facts, "restoration": done})
    elif not quiet:
        _write(done, dry_run=dry_run)
    for path, why in done.failed.items():
        output.warn(f"{escaped(path)}: {why}")
    return 1 if done.failed else 0


def _write(done: Restoration, *, dry_run: bool) -> None:
    for what, changed in (
        ("added", done.added),
        ("replaced", done.replaced),
        ("removed", done.removed),
    ):
        for path in changed:
            write(printable(f"{what:<8}  {path}"))
    write(f"{count(len(done.changed), 'file')} {'would change' if dry_run else 'changed'}")
    if done.before is not None:
        write(f"  `memcairn snapshot restore {done.before}` undoes this")
