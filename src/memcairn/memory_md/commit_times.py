"""When git last changed a note: a clone gives all files one time, which says nothing about them."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess

from memcairn.settings import project

# A clone writes its files within this time of the beginning of its log.
_CLONING_S = 300
_TIMEOUT_S = 20
_CLONED = re.compile(rb"[^\n]*> (\d+) [+-]\d{4}\tclone: ")


def commit_time(root: str, path: str, mtime_s: int) -> int | None:
    """The time of the last commit of a file that has the time of its clone, in seconds; else None.

    Args:
        root: the root of the note.
        path: of the note, absolute.
        mtime_s: the time of the file.
    """
    cloned_at = _cloned_at(root)
    if cloned_at is None or not cloned_at - 1 <= mtime_s <= cloned_at + _CLONING_S:
        return None
    return _times(root, _head(root)).get(os.path.relpath(path, root))


@functools.lru_cache(maxsize=64)
def _cloned_at(root: str) -> int | None:
    """When the repository around a root was cloned; None if it was not."""
    repository = project.repository_of(root)
    try:
        with open(os.path.join(repository or "", ".git", "logs", "HEAD"), "rb") as file:
            found = _CLONED.match(file.read(4096))
    except OSError:
        return None
    return None if repository is None or found is None else int(found[1])


def _head(root: str) -> str:
    return _git(root, "rev-parse", "HEAD").strip()


@functools.lru_cache(maxsize=8)
def _times(root: str, head: str) -> dict[str, int]:
    """The time of the last commit of each file below a root, from one `git log`."""
    times: dict[str, int] = {}
    now = 0
    arguments = ("--format=@%ct", "--name-only", "--no-renames", "--relative", head, "--", ".")
    for line in _git(root, "log", *arguments).splitlines() if head else ():
        if line.startswith("@") and line[1:].isdecimal():
            now = int(line[1:])
        elif line:
            times.setdefault(line, now)
    return times


def _git(root: str, *arguments: str) -> str:
    program = shutil.which("git")
    if program is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - the git command
            [program, "-c", "core.quotePath=false", *arguments], cwd=root, timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return os.fsdecode(done.stdout) if done.returncode == 0 else ""
