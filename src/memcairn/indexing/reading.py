"""Read one file that may be a note: whole, unchanged while it was read, UTF-8.

A file that is not a note is a result, not an error: a folder has files of all kinds.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat
import time
from dataclasses import dataclass
from hashlib import blake2b

from memcairn import paths
from memcairn.fs import safe_open
from memcairn.fs.signature import Signature, signature_of, storable_ns
from memcairn.indexing import scan

_BLOCK = re.compile(
    r"^<!-- memcairn:begin\b.*?^<!-- memcairn:end -->[ \t]*$", re.DOTALL | re.MULTILINE
)
_ENTRY = re.compile(r"^[ \t]*[-*+] \[[^\]]*\]\([^)\n]*\).*$", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]*#{1,6}(?:[ \t].*)?$", re.MULTILINE)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# A file that changes while it is read is read this often, then used as it is: its recorded signature is
# older than the text, so the next scan reads it again.
MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class NoteContent:
    """A note's text, with the signature that the file had before it was read."""

    signature: Signature
    mtime_ns: int  # before it was read, even if it is too young for the signature
    hash: bytes
    text: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why the file is not a note; None for an index that memcairn wrote, which is not reported.

    With the signature, a scan knows that the file would be left out again; None: read it again.
    """

    why: str | None
    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The file may be a note, but cannot be read.

    Args:
        why: as a clause: "is not UTF-8 text".
        line: where, 1-based.
        signature: as with `LeftOut`.
    """

    why: str
    line: int = 1
    signature: Signature | None = None


def read(path: str, max_bytes: int) -> NoteContent | LeftOut | Unreadable | None:
    """Read a file; None if there is none. Never raises."""
    try:
        descriptor = safe_open.open_nofollow(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return LeftOut("is a symlink")
        return Unreadable(f"cannot be read: {error.strerror}")
    try:
        if safe_open.has_other_names(os.fstat(descriptor)):
            # It may be another user's file, which no tool may show either.
            return LeftOut("is a hard link: the same file has another name")
        return _read(descriptor, path, max_bytes)
    except OSError as error:
        # Probably an error of the disk; without a signature, the next scan tries again.
        return Unreadable(f"cannot be read: {error.strerror}")
    finally:
        os.close(descriptor)


def _read(descriptor: int, path: str, max_bytes: int) -> NoteContent | LeftOut | Unreadable:
    status = os.fstat(descriptor)
    for _ in range(MAX_ATTEMPTS):
        read_ns = time.time_ns()
        if not stat.S_ISREG(status.st_mode):
            return LeftOut("is not a regular file")
        if status.st_size > max_bytes:
            return LeftOut(f"is larger than {max_bytes} bytes", _trusted(status, read_ns))
        os.lseek(descriptor, 0, os.SEEK_SET)
        content = _content(descriptor, status.st_size)
        before, status = status, os.fstat(descriptor)
        if signature_of(before) == signature_of(status):
            break
    return _classify(path, content, _trusted(before, read_ns), before.st_mtime_ns)


def _classify(
    path: str, content: bytes, signature: Signature, mtime_ns: int
) -> NoteContent | LeftOut | Unreadable:
    """Decide what the content of a file is."""
    if _is_page(path, content):
        return LeftOut(None, signature)
    if b"\0" in content[:8192] and not content.startswith(_UTF16):
        return LeftOut("is binary", signature)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        if content.startswith(_UTF16):
            return Unreadable("is UTF-16, not UTF-8 text", 1, signature)
        line = content.count(b"\n", 0, error.start) + 1
        return Unreadable(f"is not UTF-8 text (line {line})", line, signature)
    if os.path.basename(path) == paths.MEMORY_MD:
        text = text_by_hand(text)
        if not text.strip():
            return LeftOut(None, signature)
        content = text.encode()
    return NoteContent(signature, mtime_ns, blake2b(content, digest_size=16).digest(), text)


def text_by_hand(memory_md: str) -> str:
    """The text of a MEMORY.md that says something which no note says, at its lines.

    memcairn's block is removed, and so are entries for notes and headings without other text.
    """
    text = _BLOCK.sub(lambda match: "\n" * match[0].count("\n"), memory_md.removeprefix("\ufeff"))
    text = _ENTRY.sub("", text)
    return text if _HEADING.sub("", text).strip() else ""


def _trusted(status: os.stat_result, read_ns: int) -> Signature:
    is_racy = abs(read_ns - status.st_mtime_ns) < scan.RACY_NS
    return signature_of(status)._replace(mtime_ns=0 if is_racy else storable_ns(status.st_mtime_ns))


def _is_page(path: str, content: bytes) -> bool:
    return (
        content.startswith(paths.PAGE_MARKER.encode())
        and os.path.basename(os.path.dirname(path)) == paths.PAGES_FOLDER
    )


def _content(descriptor: int, size_bytes: int) -> bytes:
    # One byte more than expected: it shows whether the file grew, without another read.
    content = os.read(descriptor, size_bytes + 1)
    if len(content) == size_bytes:
        return content
    return content + b"".join(iter(lambda: os.read(descriptor, size_bytes + 1), b""))
