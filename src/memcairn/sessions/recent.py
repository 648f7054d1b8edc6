"""The last sessions of each branch of a project, and of the project: recent.json beside its notes.

{"branches": {branch: [[day, session, branch], ...]}, "all": [...]}    the last one first
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from memcairn.formats import json_text
from memcairn.fs import atomic, lock

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE_NAME = "recent.json"
_MAX_OF_BRANCH = 8
_MAX_OF_PROJECT = 20
_MAX_BRANCHES = 200

Entry = list[str]


def remember(folder: str, entry: Entry) -> None:
    """Put a session first among the last ones of its branch, and of its project.

    Args:
        folder: the folder of the project's notes.
        entry: the day of its start, its id, and its branch.

    Raises:
        OSError, TimeoutError: the file cannot be written.
    """
    branch = entry[2]
    with lock.folder(folder):
        recent = _load(folder)
        of_branch = recent["branches"].pop(branch, [])
        if of_branch[:1] == [entry] and recent["all"][:1] == [entry]:
            return
        recent["branches"][branch] = _first(entry, of_branch)[:_MAX_OF_BRANCH]
        recent["all"] = _first(entry, recent["all"])[:_MAX_OF_PROJECT]
        while len(recent["branches"]) > _MAX_BRANCHES:
            recent["branches"].pop(next(iter(recent["branches"])))
        _save(folder, recent)


def forget(folder: str, session: str) -> None:
    """Remove a session; the one before it is then the last.

    Raises:
        OSError, TimeoutError: the file cannot be written.
    """
    if not os.path.isdir(folder):
        return
    with lock.folder(folder):
        recent = _load(folder)
        lists: Iterable[list[Entry]] = [recent["all"], *recent["branches"].values()]
        is_changed = False
        for entries in lists:
            kept = [one for one in entries if one[1] != session]
            is_changed = is_changed or len(kept) < len(entries)
            entries[:] = kept
        if is_changed:
            _save(folder, recent)


def of_branch(folder: str, branch: str) -> list[Entry]:
    """The last sessions on a branch, the last one first."""
    found: list[Entry] = _load(folder)["branches"].get(branch, [])
    return found


def of_project(folder: str) -> list[Entry]:
    """The last sessions of a project, the last one first, each with the branch that it was on last."""
    latest: dict[str, Entry] = {}
    for entry in _load(folder)["all"]:
        latest.setdefault(entry[1], entry)
    return list(latest.values())


def _first(entry: Entry, entries: list[Entry]) -> list[Entry]:
    return [entry, *(one for one in entries if one[1:] != entry[1:])]


def _load(folder: str) -> dict[str, Any]:
    try:
        with open(os.path.join(folder, FILE_NAME), "rb") as file:
            found = json_text.loads(file.read())
        branches, latest = found["branches"], found["all"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        branches = latest = None
    if not isinstance(branches, dict) or not isinstance(latest, list):
        return {"branches": {}, "all": []}
    return {"branches": branches, "all": latest}


def _save(folder: str, recent: dict[str, Any]) -> None:
    text = json_text.dumps(recent)
    atomic.replace(os.path.join(folder, FILE_NAME), text.encode("ascii"), durable=False)
