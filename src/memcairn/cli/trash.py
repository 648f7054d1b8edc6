"""memcairn trash: list removed notes, restore them, or delete them for good."""

from __future__ import annotations

import click

from memcairn.cli import options, output
from memcairn.cli.locate import open_root, root_option
from memcairn.cli.text import count, printable, write
from memcairn.errors import escaped


@click.group("trash")
def command() -> None:
    """List removed notes, restore them, or delete them for good.

    \b
    memcairn trash list
    memcairn trash restore 20261121T111338427479-2e8425
    """


@command.command("list")
@root_option
@options.json_option
def list_(root: str | None, *, as_json: bool) -> int:
    """List what was removed, the latest first.

    The columns are the ID, the number of files, and the path.

    \b
    memcairn trash list
    """
    with open_root(root) as files:
        entries = files.trash()
        facts = {"root": files.root}
    if as_json:
        rows = [
            {
                "id": entry.id,
                "path": entry.path,
                "removed_at": entry.removed_at,
                "files": [file.path for file in entry.files],
            }
            for entry in entries
        ]
        output.print_json({**facts, "removals": rows})
        return 0
    lines = (
        f"{entry.id}  {count(len(entry.files), 'file')}  {entry.path}{'/' if entry.is_folder else ''}"
        for entry in entries
    )
    output.print_lines(map(printable, lines), none="the trash is empty")
    return 0


@command.command("restore")
@click.argument("id_", metavar="ID")
@click.option("--to", metavar="PATH", help="A path below the root; default: where it was.")
@root_option
@options.json_option
def restore(id_: str, *, to: str | None, root: str | None, as_json: bool) -> int:
    """Restore what was removed, and index it.

    \b
    memcairn trash restore 20261121T111338427479-2e8425
    memcairn trash restore 20261121T111338427479-2e8425 --to old/plan.md
    """
    with open_root(root) as files:
        restored = files.restore(id_, target=to)
        facts = {"root": files.root, "path": restored.path, "damaged": restored.damaged}
    if as_json:
        output.print_json(facts)
    else:
        write(printable(f"{restored.path}: restored"))
    for path in restored.damaged:
        output.warn(f"{escaped(path)}: differs from what was removed")
    return 1 if restored.damaged else 0


@command.command("empty")
@click.option(
    *("--days", "days"), metavar="N", type=click.FloatRange(min=0), default=30.0, show_default=True,
    help="Keep what was removed later.",
)  # fmt: skip
@root_option
@options.json_option
def empty(*, days: float, root: str | None, as_json: bool) -> int:
    """Delete for good what was removed more than N days ago.

    \b
    memcairn trash empty
    memcairn trash empty --days 0     all of it
    """
    with open_root(root) as files:
        paths = {one.id: one.path for one in files.trash()}
        gone = files.empty_trash(days)
        facts = {"root": files.root, "deleted": gone}
    if as_json:
        output.print_json(facts)
    else:
        for removal in gone:
            write(escaped(paths.get(removal, removal)))
        write(f"{count(len(gone), 'removal')} deleted for good")
    return 0
