"""JSON Lines files that several processes append to, with rotation by size.

    log.jsonl  ──full──►  log.1.jsonl  ──►  log.2.jsonl  ──►  deleted

Hook calls write such files, so this module imports little.
"""

from __future__ import annotations

import os

from memcairn.formats import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def append(path: str, line: Mapping[str, object], *, max_bytes: int, keep: int) -> None:
    """Append one JSON line.

    The line is written by one call in append mode, so lines of several processes do not mix.

    Args:
        path: the file; its folder must exist.
        line: the JSON object.
        max_bytes: the file is rotated before it exceeds this size.
        keep: the number of rotated files to keep.

    Raises:
        OSError: nothing or a part of the line was written; readers skip partial lines.
    """
    # ASCII, so that a lone surrogate in a path cannot make it fail.
    content = json_text.dumps(line).encode("ascii") + b"\n"
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _NO_LINK, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and size + len(content) > max_bytes:
            _rotate(path, len(content), max_bytes, keep)
            os.close(descriptor)
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _NO_LINK, 0o600)
            size = os.fstat(descriptor).st_size
        if size and not _ends_whole(descriptor, size):
            # A full disk cut the last line: start a new one.
            content = b"\n" + content
        os.write(descriptor, content)
    finally:
        os.close(descriptor)


def _ends_whole(descriptor: int, size: int) -> bool:
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) == b"\n"


def _rotate(path: str, more: int, max_bytes: int, keep: int) -> None:
    from memcairn.fs import lock  # noqa: PLC0415 - needed once in thousands of calls

    folder = os.path.dirname(path)
    descriptor = None if os.name == "nt" else os.open(folder, os.O_RDONLY)
    try:
        with lock.exclusive(folder, descriptor):
            # Another process may have rotated it already.
            if os.path.exists(path) and os.path.getsize(path) + more > max_bytes:
                names = [path, *(_older(path, number) for number in range(1, keep + 1))]
                for number in range(keep, 0, -1):
                    if os.path.exists(names[number - 1]):
                        os.replace(names[number - 1], names[number])
                if keep == 0:
                    os.unlink(path)
    except TimeoutError:
        pass  # the file grows a little further; the next line tries again
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _older(path: str, number: int) -> str:
    stem, suffix = os.path.splitext(path)
    return f"{stem}.{number}{suffix}"


def read(path: str, *, keep: int, containing: bytes = b"") -> Iterator[dict[str, Any]]:
    """The lines of a file and its rotated files, oldest first; lines without a JSON object are skipped.

    Args:
        path: the file.
        keep: the number of rotated files.
        containing: only lines with these bytes, which is much faster than parsing all.
    """
    for file in [*(_older(path, number) for number in range(keep, 0, -1)), path]:
        try:
            with open(file, "rb") as stream:
                content = stream.read()
        except OSError:
            continue
        for text in content.split(b"\n"):
            if containing not in text:
                continue
            try:
                line = json_text.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict):
                yield line
