"""memcairn task: add, list, done, resume."""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from memcairn.cli import locate, options, output
from memcairn.cli.text import printable, write
from memcairn.errors import UsageError
from memcairn.memory import Memory
from memcairn.root import tasks
from memcairn.settings import project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.root import OpenRoot


@click.group("task")
def command() -> None:
    """Tasks: notes with a status, a due date and the next steps.

    A session of an agent is shown the tasks that are due, and those that its branch left open.

    \b
    memcairn task add "Update the docs" --due 2026-12-01 --next "the guide first"
    memcairn task done update-docs
    """


@command.command("add")
@click.argument("title", nargs=-1, required=True)
@click.option("--due", metavar="DATE", default="", help="The day on which it is due: 2026-12-01.")
@click.option("--next", "next_", metavar="STEP", multiple=True, help="What to do next; repeatable.")
@click.option("--branch", metavar="B", help="Its git branch; default: the one that is checked out.")
@locate.root_option
@options.json_option
def add(
    title: tuple[str, ...],
    *,
    due: str,
    next_: tuple[str, ...],
    branch: str | None,
    root: str | None,
    as_json: bool,
) -> int:
    """Add a task; prints its ID.

    \b
    memcairn task add "Update the docs" --due 2026-12-01
    """
    of_branch = project.branch_of(os.getcwd()) if branch is None else branch
    changes = {"title": " ".join(title), "due": due, "next_steps": next_, "branch": of_branch}
    with _opened(root, create=True) as files:
        task = tasks.save(files, changes)
    if as_json:
        output.print_json(asdict(task))
    else:
        write(printable(task.id))
    return 0


@command.command("list")
@click.option("--all", "all_", is_flag=True, help="Closed tasks, too.")
@locate.root_option
@options.json_option
def list_(*, all_: bool, root: str | None, as_json: bool) -> int:
    """List the open tasks, those that are due first.

    \b
    memcairn task list
    """
    with Memory() as memory:
        folder = _folder(memory, root)
        output.print_notices(memory.notices)
    found = tasks.listed(folder, tasks.STATUSES if all_ else tasks.OPEN)
    if as_json:
        output.print_json({"tasks": [asdict(task) for task in found]})
        return 0
    none = f"there are no {'' if all_ else 'open '}tasks"
    output.print_lines((printable(tasks.line(task)) for task in found), none=none)
    return 0


@command.command("done")
@click.argument("id_", metavar="ID")
@locate.root_option
@options.json_option
def done(id_: str, *, root: str | None, as_json: bool) -> int:
    """Close a task. ID may be the beginning of an ID.

    \b
    memcairn task done update-docs
    """
    with _opened(root) as files:
        task = tasks.save(files, {"status": "done", "progress": 100}, tasks.get(files, id_).id)
    if as_json:
        output.print_json(asdict(task))
    else:
        write(printable(f"{task.id}: done"))
    return 0


@command.command("resume")
@click.argument("id_", metavar="ID")
@locate.root_option
@options.json_option
def resume(id_: str, *, root: str | None, as_json: bool) -> int:
    """Print all of a task, to go on with it; a closed task is open again.

    \b
    memcairn task resume update-docs
    """
    with _opened(root) as files:
        task = tasks.get(files, id_)
        if task.status != tasks.OPEN[0]:
            task = tasks.save(files, {"status": tasks.OPEN[0]}, task.id)
    if as_json:
        output.print_json(asdict(task))
    else:
        write("\n".join(map(printable, tasks.full_text(task).split("\n"))))
    return 0


def _folder(memory: Memory, given: str | None) -> str:
    """The root with the tasks: --root, else that of the project, which need not exist yet."""
    if given is not None:
        return locate.root_of(memory, given)
    return project.root(os.getcwd(), memory.config, memory.home)


@contextlib.contextmanager
def _opened(given: str | None, *, create: bool = False) -> Iterator[OpenRoot]:
    """The root with the tasks; with `create`, the project's folder becomes one.

    Raises:
        UsageError: it does not exist, so that it has no tasks.
    """
    with Memory() as memory:
        folder = _folder(memory, given)
        if not (create or os.path.isdir(folder)):
            raise UsageError("this project has no tasks yet", hint="`memcairn task add TITLE`")
        files = memory.open_root(folder, create=create and given is None)
        if given is None:
            files.adopt()
        try:
            yield files
        finally:
            files.close()
        output.print_notices(memory.notices)
