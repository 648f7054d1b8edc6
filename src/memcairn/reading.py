"""Read one file that may be a note: whole, unchanged while it was read, UTF-8."""

from __future__ import annotations

import codecs
import errno
import os
import stat
import time
from dataclasses import dataclass
from hashlib import blake2b

from memcairn import paths, scan
from memcairn.errors import NoteUnreadable
from memcairn.signature import Signature, signature_of

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# A file that is written all the while is read this often, then taken as it is: the signature that is
# kept is older than the text, so the next look at the file reads it again.
TRIES = 5


@dataclass(frozen=True, slots=True)
class Content:
    """A note's text, with the signature that the file had before it was read."""

    signature: Signature
    mtime_ns: int  # before it was read, though it may be too young for the signature
    hash: bytes
    text: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The file is no note, and this is why."""

    why: str


def read(path: str, max_bytes: int) -> Content | LeftOut | None:
    """Read a file; None if it is gone, or an index page of ours.

    Raises:
        NoteUnreadable: it cannot be read, or is not UTF-8.
    """
    try:
        # O_NONBLOCK: a FIFO of that name must not hold us up for ever.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return LeftOut("is a symlink")
        raise NoteUnreadable(f"cannot be read: {error.strerror}", path=path) from error
    try:
        if _is_page(descriptor, path):
            return None
        return _read(descriptor, path, max_bytes)
    except OSError as error:
        raise NoteUnreadable(f"cannot be read: {error.strerror}", path=path) from error
    finally:
        os.close(descriptor)


def _is_page(descriptor: int, path: str) -> bool:
    if os.path.basename(os.path.dirname(path)) != paths.PAGES_FOLDER:
        return False
    marker = paths.PAGE_MARKER.encode()
    return stat.S_ISREG(os.fstat(descriptor).st_mode) and os.read(descriptor, len(marker)) == marker


def _read(descriptor: int, path: str, max_bytes: int) -> Content | LeftOut:
    status = os.fstat(descriptor)
    for _ in range(TRIES):
        looked_ns = time.time_ns()
        if not stat.S_ISREG(status.st_mode):
            return LeftOut("is not a regular file")
        if status.st_size > max_bytes:
            return LeftOut(f"is larger than {max_bytes} bytes")
        os.lseek(descriptor, 0, os.SEEK_SET)
        content = _content(descriptor, status.st_size)
        before, status = status, os.fstat(descriptor)
        if signature_of(before) == signature_of(status):
            break
    if b"\0" in content[:8192] and not content.startswith(_UTF16):
        return LeftOut("is binary")
    is_racy = looked_ns - before.st_mtime_ns < scan.RACY_NS
    return Content(
        Signature(before.st_size, 0 if is_racy else before.st_mtime_ns, before.st_ino),
        before.st_mtime_ns,
        blake2b(content, digest_size=16).digest(),
        _decoded(path, content),
    )


def _content(descriptor: int, size_bytes: int) -> bytes:
    # One byte more than there should be: a file that grew is seen without another read.
    return b"".join(iter(lambda: os.read(descriptor, size_bytes + 1), b""))


def _decoded(path: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8 text (line {line})"
        if content.startswith(_UTF16):
            what = "is UTF-16, not UTF-8 text"
        raise NoteUnreadable(what, path=path, hint="save it as UTF-8", line=line) from error
