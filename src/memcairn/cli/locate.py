"""Which notes folder (root) and which note a command means.

NOTE is a path (absolute, or relative to the working directory or to a root), or a name without its
suffix if only one note has it. The root is the one that contains NOTE, or --root; a command without
NOTE takes the root that encloses the working directory, that of the project, or the only one.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
from typing import TYPE_CHECKING

import click

from memcairn import paths
from memcairn.errors import NoteMissing, UsageError
from memcairn.memory import Memory
from memcairn.settings import project
from memcairn.store import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from memcairn.root import OpenRoot
    from memcairn.store.catalogue import CataloguedNote

# How many revisions are searched for the name of a note that is gone.
_MAX_REVISIONS = 1000

root_option = click.option(
    "--root", metavar="FOLDER", type=click.Path(), help="The notes folder that is meant."
)
note_argument = click.argument("note", type=click.Path())


@contextlib.contextmanager
def open_root(given: str | None) -> Iterator[OpenRoot]:
    """The root that a command without NOTE means.

    Args:
        given: the value of --root.

    Raises:
        UsageError: it is not a known root, or no root is given and several are possible.
    """
    with Memory() as memory, _opened(memory, root_of(memory, given)) as files:
        yield files


@contextlib.contextmanager
def open_note(note: str, given: str | None) -> Iterator[tuple[OpenRoot, str]]:
    """The root that contains a note, and the path of the note in it; the note may be gone by now.

    Args:
        note: what the user typed.
        given: the value of --root.

    Raises:
        NoteMissing: there is no such note, and its root's history has none either.
        UsageError: several notes have this name, or --root is not a root.
    """
    with Memory() as memory:
        known = folders(memory)
        wanted = [root_of(memory, given)] if given is not None else known
        found = _by_path(note, wanted) or _by_name(memory, note, wanted)
        found = found or _by_history(memory, note, wanted)
        if len(found) > 1:
            listed = ", ".join(os.path.join(*place) for place in found)
            raise UsageError(f"{note}: several notes have this name", hint=f"give a path: {listed}")
        if not found:
            raise _missing(memory, note, wanted)
        ((root, path),) = found
        with _opened(memory, root) as files:
            yield files, path


def folders(memory: Memory) -> list[str]:
    """The roots that are folders, by path."""
    return [root.path for root in memory.roots() if not os.path.isfile(root.path)]


def root_of(memory: Memory, given: str | None) -> str:
    """The path of the root that is meant; see `open_root`."""
    known = folders(memory)
    if given is not None:
        real = paths.real(given)
        if real not in known:
            raise not_a_root(real, known)
        return real
    here = os.getcwd()
    enclosing = [root for root in known if paths.is_inside(here, root)]
    if enclosing:
        return max(enclosing, key=len)
    of_project = project.root(here, memory.config, memory.home)
    if of_project in known:
        return of_project
    if len(known) == 1:
        return known[0]
    if not known:
        raise UsageError("there is no notes folder yet", hint="`memcairn index FOLDER` adds one")
    raise UsageError("there are several notes folders; choose one with --root", hint=_listed(known))


def not_a_root(real: str, known: Iterable[str]) -> UsageError:
    """The error for a folder that is not indexed, or a file."""
    if os.path.isfile(real):
        return UsageError("is a file, not a notes folder", path=real, hint=_listed(known))
    return UsageError("not a known notes folder", path=real, hint=_listed(known))


def _listed(known: Iterable[str]) -> str:
    return f"notes folders: {', '.join(known) or 'none'}; `memcairn index FOLDER` adds one"


def require_used(name: str, value: str, used: Iterable[str | None]) -> None:
    """Raise UsageError if no note has this type or namespace.

    Args:
        name: what it is: "type" or "namespace".
        value: what the user typed.
        used: those that notes have.
    """
    known = sorted({one for one in used if one})
    wanted = value.strip().lower() if name == "type" else value
    if wanted not in known:
        raise UsageError(
            f"no note has the {name} {value}", hint=f"there are: {', '.join(known) or 'none'}"
        )


def notes_in(memory: Memory, root: str) -> list[CataloguedNote]:
    """The notes below a folder, by path; new and removed files are noticed first."""
    return memory.engine.read(lambda db: catalogue.page(db, root, after="", limit=sys.maxsize))


@contextlib.contextmanager
def _opened(memory: Memory, root: str) -> Iterator[OpenRoot]:
    if not os.path.isdir(root):
        raise UsageError("the notes folder does not exist", path=root)
    files = memory.open_root(root)
    try:
        yield files
    finally:
        files.close()


_Place = tuple[str, str]


def _by_path(note: str, roots: list[str]) -> list[_Place]:
    """The file at this path; one that is relative to the working directory wins."""
    real = _real_in_its_folder(note)
    enclosing = [root for root in roots if paths.is_inside(real, root)]
    if _is_file(real) and enclosing:
        root = max(enclosing, key=len)
        return [(root, paths.path_in_root(real, root))]
    places = []
    for root in roots:
        real = _real_in_its_folder(os.path.join(root, note))
        if _is_file(real) and paths.is_inside(real, root):
            places.append((root, paths.path_in_root(real, root)))
    return _innermost(places)


def _by_name(memory: Memory, note: str, roots: list[str]) -> list[_Place]:
    places = [
        (root, path)
        for root in roots
        for path in (paths.path_in_root(found.path, root) for found in notes_in(memory, root))
        if _is_named(path, note)
    ]
    return _innermost(places)


def _by_history(memory: Memory, note: str, roots: list[str]) -> list[_Place]:
    """Files that are gone, by their path or name in the history."""
    real = _real_in_its_folder(note)
    places = []
    for root in roots:
        if not os.path.isdir(root):
            continue
        path = paths.path_in_root(real, root) if paths.is_inside(real, root) else note
        with contextlib.closing(memory.open_root(root).history) as history:
            known = {name for revision in history.log(_MAX_REVISIONS) for name in revision.paths}
        found = {path} & known or {name for name in known if _is_named(name, note)}
        places += [(root, name) for name in sorted(found)]
    return _innermost(places)


def _innermost(places: Iterable[_Place]) -> list[_Place]:
    """Each file once, in the innermost of its roots."""
    by_file: dict[str, _Place] = {}
    for root, path in sorted(places, key=lambda place: len(place[0])):
        by_file[os.path.join(root, path)] = (root, path)
    return list(by_file.values())


def _is_named(path: str, note: str) -> bool:
    """Whether a path is `note` or ends with it, with or without its suffix."""
    return any(f"/{name}".endswith(f"/{note}") for name in (path, os.path.splitext(path)[0]))


def _real_in_its_folder(path: str) -> str:
    """The absolute path, with symlinks resolved but for the last name: a link is not followed."""
    folder, name = os.path.split(os.path.expanduser(path))
    return os.path.join(paths.real(folder or os.curdir), name)


def _is_file(path: str) -> bool:
    return os.path.lexists(path) and not os.path.isdir(path)


def _missing(memory: Memory, note: str, roots: list[str]) -> NoteMissing:
    real = paths.real(note)
    if os.path.isdir(real):
        return NoteMissing("is a folder, not a note", path=note)
    if os.path.lexists(real):
        return NoteMissing(
            "not inside a known notes folder",
            path=note,
            hint=_listed(roots),
        )
    known = {
        os.path.splitext(paths.path_in_root(found.path, root))[0]
        for root in roots
        for found in notes_in(memory, root)
    }
    names = known | {os.path.basename(name) for name in known}
    near = difflib.get_close_matches(os.path.splitext(note)[0], names, n=1)
    hint = f"did you mean {near[0]}?" if near else "`memcairn list` lists the notes"
    return NoteMissing("there is no such note", path=note, hint=hint)
