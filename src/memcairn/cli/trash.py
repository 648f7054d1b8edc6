"""memcairn trash: what tools have removed; bring it back, or delete it for good."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import click

from memcairn import paths
from memcairn.cli import output
from memcairn.cli.text import count, printable, write
from memcairn.errors import UsageError
from memcairn.memory import Memory
from memcairn.root import OpenRoot
from memcairn.settings import project

if TYPE_CHECKING:
    from collections.abc import Iterator

root_option = click.option("--root", metavar="DIR", help="The root; else that of the project.")


@click.group("trash")
def command() -> None:
    """What tools have removed: list it, bring it back, delete it for good.

    \b
    memcairn trash list
    memcairn trash restore 20261121T111338427479-2e8425
    """


@command.command("list")
@root_option
@output.json_option
def list_(root: str | None, *, as_json: bool) -> int:
    """What was removed, the latest first: ID, number of files, path.

    \b
    memcairn trash list
    """
    with _files(root) as files:
        entries = files.trash()
    if as_json:
        output.print_json(
            [
                {
                    "id": entry.id,
                    "path": entry.path,
                    "removed_at": entry.removed_at.isoformat(timespec="seconds"),
                    "files": [file.path for file in entry.files],
                }
                for entry in entries
            ]
        )
        return 0
    for entry in entries:
        path = entry.path + ("/" if entry.is_folder else "")
        write(printable(f"{entry.id}  {count(len(entry.files), 'file')}  {path}"))
    return 0


@command.command("restore")
@click.argument("id_", metavar="ID")
@click.option("--to", metavar="PATH", help="Below the root; else where it was.")
@root_option
def restore(id_: str, to: str | None, root: str | None) -> int:
    """Bring back what was removed; it is searchable at once.

    \b
    memcairn trash restore 20261121T111338427479-2e8425
    memcairn trash restore 20261121T111338427479-2e8425 --to old/plan.md
    """
    with _files(root) as files:
        restored = files.restore(id_, target=to)
    write(printable(f"{restored.path} is back"))
    for path in restored.damaged:
        write(printable(f"{path} is not what it was when it was removed"))
    return 1 if restored.damaged else 0


@command.command("empty")
@click.option(
    *("--days", "days"), metavar="N", type=click.FloatRange(min=0), default=30.0, show_default=True,
    help="Only what was removed longer ago.",
)  # fmt: skip
@root_option
def empty(days: float, root: str | None) -> int:
    """Delete for good what was removed long ago.

    \b
    memcairn trash empty
    memcairn trash empty --days 0     all of it
    """
    with _files(root) as files:
        gone = files.empty_trash(days)
    write(f"{count(len(gone), 'removal')} deleted for good")
    return 0


@contextlib.contextmanager
def _files(root: str | None) -> Iterator[OpenRoot]:
    with Memory() as memory:
        found = paths.real(root) if root else project.root(os.getcwd(), memory.config, memory.home)
        if not os.path.isdir(found):
            raise UsageError("is no folder, so that nothing was removed from it", path=found)
        files = OpenRoot(memory, found)
        try:
            yield files
        finally:
            files.close()
