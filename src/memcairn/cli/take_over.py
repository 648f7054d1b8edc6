"""memcairn take-over: bring the memories of a repository along that was moved or renamed."""

from __future__ import annotations

import os

import click

from memcairn import paths
from memcairn.cli import options, output
from memcairn.cli.text import count, shown, write
from memcairn.errors import UsageError
from memcairn.fs.rename import rename_noreplace
from memcairn.memory import Memory
from memcairn.settings import moved_repositories, project


@click.command("take-over")
@click.argument("old", required=False)
@options.quiet_option
def command(old: str | None, *, quiet: bool) -> int:
    """Bring the memories of this repository along after it was moved or renamed.

    OLD is the folder where it was; default: the one that memcairn remembers. Nothing is overwritten: a note
    whose name exists in the new place stays in the old one.

    \b
    memcairn take-over
    memcairn take-over ~/old/place
    """
    with Memory() as memory:
        folder, home = project.folder_of(os.getcwd()), memory.home
        known = moved_repositories.earlier_folders(folder, home)
        olds = [os.path.abspath(os.path.expanduser(old))] if old else known
        if len(olds) != 1:
            what = f"it had several: {', '.join(olds)}" if olds else "no earlier folder is known"
            raise UsageError(what, path=folder, hint="name one: `memcairn take-over OLD`")
        source, target = (
            moved_repositories.root_of(olds[0], home),
            moved_repositories.root_of(folder, home),
        )
        if not os.path.isdir(source):
            raise UsageError("has no memories in the home", path=olds[0])
        if source == target:
            raise UsageError("is the present folder of the repository", path=olds[0])
        taken, left = _move(source, target)
        memory.index(target)
        if not left and paths.real(source) in {root.path for root in memory.roots()}:
            memory.forget_root(source)
        output.print_notices(memory.notices)
    if not quiet:
        write(f"{count(taken, 'file')} taken over from {shown(olds[0])}")
        for path in left:
            write(f"left: {path} exists in {target}")
    return 1 if left else 0


def _move(source: str, target: str) -> tuple[int, list[str]]:
    """Move the files of a folder; returns how many moved, and the paths of those that exist there."""
    taken, left = 0, []
    for folder, _, names in os.walk(source, topdown=False):
        there = os.path.normpath(os.path.join(target, os.path.relpath(folder, source)))
        os.makedirs(there, mode=0o700, exist_ok=True)
        for name in names:
            try:
                rename_noreplace(os.path.join(folder, name), os.path.join(there, name))
                taken += 1
            except FileExistsError:
                left.append(os.path.join(folder, name))
        if not os.listdir(folder):
            os.rmdir(folder)
    return taken, left
