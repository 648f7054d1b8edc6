"""Notice that a repository was moved or renamed, so that its memories can follow it.

    <home>/projects.json    folder -> {"remote": ..., "start": ...}, written when a session starts

The memories of a project are in a folder that is named after the project's path. A repository whose folder
is gone is the same as another one if both have the same remote or the same first entry in the log of HEAD.
git writes that entry when a repository is created or cloned, and it moves with the repository.
"""

from __future__ import annotations

import contextlib
import os
import re

from memcairn.formats import json_text
from memcairn.settings import project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "projects.json"
_MAX_PROJECTS = 1000
_URL = re.compile(rb'^\[remote "origin"\][^\[]*?^\s*url\s*=\s*(\S+)', re.MULTILINE)


def note(folder: str, home: str) -> None:
    """Remember what identifies the repository of a project; does nothing if the home cannot be written."""
    own = identity(folder)
    try:
        known = _load(home)
    except OSError:  # what is not known now must not be replaced
        return
    if not own or known.get(folder) == own or not os.path.isdir(home):
        return
    from memcairn.fs import atomic  # noqa: PLC0415 - seldom

    known.pop(folder, None)
    kept = [*known.items(), (folder, own)][-_MAX_PROJECTS:]
    with contextlib.suppress(OSError):
        atomic.replace(os.path.join(home, FILE), json_text.dumps(dict(kept)).encode())


def earlier_folders(folder: str, home: str) -> list[str]:
    """The folders where the repository was before, if they are gone and left memories in the home."""
    own = identity(folder)
    if not own:
        return []
    try:
        known = _load(home)
    except OSError:
        return []
    return [
        before
        for before, identity in known.items()
        if before != folder
        and any(own.get(key) == value for key, value in identity.items())
        and not os.path.lexists(before)
        and _has_notes(root_of(before, home))
    ]


def root_of(folder: str, home: str) -> str:
    """The root in the home with the memories of the project in a folder."""
    return os.path.join(home, "memory", project.key(folder))


def _has_notes(root: str) -> bool:
    try:
        return bool(os.listdir(root))
    except OSError:
        return False


def identity(folder: str) -> dict[str, str]:
    """What a repository keeps when it moves: the URL of its remote, and the first line of its log."""
    found = {}
    if url := _URL.search(_start_of(os.path.join(folder, ".git", "config"))):
        found["remote"] = url[1].decode("utf-8", "replace")
    if start := _start_of(os.path.join(folder, ".git", "logs", "HEAD")).partition(b"\n")[0]:
        found["start"] = start.decode("utf-8", "replace")
    return found


def _start_of(file: str) -> bytes:
    try:
        with open(file, "rb") as stream:
            return stream.read(1 << 16)
    except OSError:
        return b""


def _load(home: str) -> dict[str, Mapping[str, str]]:
    try:
        with open(os.path.join(home, FILE), "rb") as stream:
            found = json_text.loads(stream.read())
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {folder: value for folder, value in found.items() if isinstance(value, dict)}
