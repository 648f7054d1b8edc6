"""Citations: the places in code that a note is based on, and whether they changed since.

sources: ["src/upload.py:10-24@5f1c2e9a0b3d"]        path:lines@hash of these lines
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.settings import calling_process, project

if TYPE_CHECKING:
    from collections.abc import Iterable

_CITATION = re.compile(
    r"(?P<path>[^@]+?)(?::(?P<first>\d+)(?:-(?P<last>\d+))?)?(?:@(?P<hash>[0-9a-f]{7,40}))?\Z"
)
_MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Change:
    """A cited place that changed; `said` says what happened, for a person or a model."""

    citation: str
    said: str
    is_gone: bool


def base(root: str) -> str | None:
    """The folder that citations are relative to: the caller's repository, else the one around the root."""
    return project.repository_of(calling_process.current().cwd) or project.repository_of(root)


def with_hashes(root: str, sources: Iterable[str]) -> tuple[str, ...]:
    """Add to each citation the hash of the text that it cites, if there is such a file."""
    folder = base(root)
    return tuple(_with_hash(source.strip(), folder) for source in sources if source.strip())


def _with_hash(source: str, folder: str | None) -> str:
    match = _CITATION.match(source)
    if folder is None or match is None or match["hash"]:
        return source
    name = match["path"]
    if os.path.isabs(name) and paths.is_inside(paths.real(name), folder):
        name = paths.path_in_root(paths.real(name), folder)
    lines = "".join(
        f"{sign}{match[group]}" for sign, group in ((":", "first"), ("-", "last")) if match[group]
    )
    digest = _digest(folder, name, match["first"], match["last"])
    return f"{name}{lines}@{digest}" if digest else source


def check(root: str, sources: Iterable[str]) -> list[Change]:
    """The citations whose text is another one now, or is gone."""
    folder = None
    changes = []
    for source in sources:
        match = _CITATION.match(source.strip())
        folder = folder or base(root)
        if match is None or not match["hash"] or folder is None:
            continue
        digest = _digest(folder, match["path"], match["first"], match["last"])
        place = source.partition("@")[0]
        if digest is None:
            if os.path.isdir(folder):
                changes.append(Change(source, f"cited code is gone: {place}", is_gone=True))
        elif not digest.startswith(match["hash"]):
            file = os.path.join(folder, match["path"])
            day = time.strftime("%Y-%m-%d", time.localtime(os.stat(file).st_mtime))
            changes.append(Change(source, f"cited lines changed {day}: {place}", is_gone=False))
    return changes


def _digest(folder: str, name: str, first: str | None, last: str | None) -> str | None:
    """The hash of cited lines; None if there is no such file below the folder."""
    real = paths.real(os.path.join(folder, name))
    if not paths.is_inside(real, folder):
        return None
    try:
        status = os.stat(real)
        if status.st_size > _MAX_BYTES or not os.path.isfile(real):
            return None
        lines = (int(first or 0), int(last or first or 0))
        return _digest_of(real, status.st_mtime_ns, status.st_size, lines)
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=1_024)
def _digest_of(path: str, mtime_ns: int, size: int, lines: tuple[int, int]) -> str:
    del mtime_ns, size  # the file is read again once they change
    with open(path, "rb") as file:
        data = file.read()
    first, last = lines
    if first:
        data = b"\n".join(line.rstrip() for line in data.split(b"\n")[first - 1 : last])
    else:
        data = b"blob %d\0" % len(data) + data  # as git hashes it
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()[:12]
