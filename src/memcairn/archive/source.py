"""Read an untrusted archive: memcairn's JSON or tar, or an export of agent-memory."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import os
import stat
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from memcairn.archive import agent_memory
from memcairn.errors import ArchiveRefused, UsageError
from memcairn.fs import tar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT = "memcairn-archive"
VERSION = 1
LIMITS = tar.ArchiveLimits()
MAX_JSON_BYTES = 256 << 20
_HEAD_BYTES = 4096


class ArchiveEntry(NamedTuple):
    """A file of an archive. `mtime_s` is in seconds since 1970; None if it is unknown."""

    path: str
    data: bytes
    mtime_s: int | None


class Archive:
    """An archive that has been read and checked to the end. `load` creates it.

    Attributes:
        form: "json", "tar", "agent-memory" or the name of another program.
        paths: the paths of its files.
    """

    def __init__(self, source: Path | bytes | list[ArchiveEntry], form: str = "") -> None:
        if isinstance(source, list):
            # An importer read them from another form, and checked their paths.
            self._source: Path | bytes = b""
            self._known: list[ArchiveEntry] | None = source
            self.form = form
            self.paths = tuple(entry.path for entry in source)
            return
        self._source = source
        self._known = None
        with self._open() as stream:
            self._status = _status(stream)
            head = stream.read(_HEAD_BYTES)
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            self.form, self._known = self._json()
        else:
            self.form = "tar"
        # Read to the end, so that errors surface before anything is used.
        self.paths = tuple(entry.path for entry in self.entries())

    def entries(self) -> Iterator[ArchiveEntry]:
        """The files, in the archive's order.

        Raises:
            ArchiveRefused: the file has changed since `load`.
        """
        if self._known is not None:
            yield from self._known
            return
        with self._open() as stream:
            if _status(stream) != self._status:
                raise ArchiveRefused("changed while it was being read", hint="try again")
            for member in tar.members(stream, self._status[0], LIMITS):
                yield ArchiveEntry(member.path, member.data, member.mtime_s)

    def _open(self) -> IO[bytes]:
        if isinstance(self._source, bytes):
            return io.BytesIO(self._source)
        try:
            # Without O_NONBLOCK, opening a named pipe waits for its writer.
            descriptor = os.open(
                self._source,
                os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0),
            )
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}", path=self._source) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise UsageError("is not a file", path=self._source)
        return os.fdopen(descriptor, "rb")

    def _json(self) -> tuple[str, list[ArchiveEntry]]:
        with self._open() as stream:
            data = stream.read(MAX_JSON_BYTES + 1)
        if len(data) > MAX_JSON_BYTES:
            raise ArchiveRefused(f"is larger than {MAX_JSON_BYTES:,} bytes")
        try:
            archive = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ArchiveRefused("is not JSON, or is damaged") from error
        found = archive.get("format") if isinstance(archive, dict) else None
        if found == FORMAT:
            return "json", _checked(_files(archive))
        if found == agent_memory.FORMAT:
            return "agent-memory", _checked(
                ArchiveEntry(path, _encoded(text), mtime_s)
                for path, text, mtime_s in agent_memory.files(archive)
            )
        raise ArchiveRefused("is JSON, but not an archive format that memcairn supports")


def load(source: Path | bytes) -> Archive:
    """Read and check an archive; nothing is written.

    Args:
        source: a file, or its content.

    Raises:
        UsageError: there is no such file.
        ArchiveRefused: it is damaged, of a later version, or has content that is not allowed.
    """
    return Archive(source)


def _status(stream: IO[bytes]) -> tuple[int, int]:
    if isinstance(stream, io.BytesIO):
        return len(stream.getbuffer()), 0
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns


def _checked(entries: Iterator[ArchiveEntry]) -> list[ArchiveEntry]:
    names = tar.Names(LIMITS)
    known = []
    size = 0
    for entry in entries:
        size += len(entry.data)
        if len(entry.data) > LIMITS.max_file_bytes:
            raise ArchiveRefused(
                f"has a file of more than {LIMITS.max_file_bytes:,} bytes", path=entry.path[:200]
            )
        if size > LIMITS.max_total_bytes:
            raise ArchiveRefused(f"has more than {LIMITS.max_total_bytes:,} bytes of content")
        known.append(entry._replace(path=names.add(entry.path)))
    return known


def _files(archive: dict[str, Any]) -> Iterator[ArchiveEntry]:
    version = archive.get("version")
    if version != VERSION:
        raise ArchiveRefused(
            f"is an archive of version {str(version)[:20]}; only version {VERSION} is supported",
            hint="update memcairn",
        )
    files = archive.get("files")
    if not isinstance(files, list):
        raise ArchiveRefused("is damaged: files is not a list")
    for file in files:
        match file:
            case {"path": str(path), "content": str(text)}:
                data = _encoded(text)
            case {"path": str(path), "base64": str(text)}:
                data = _decoded(text)
            case _:
                raise ArchiveRefused("is damaged: a file lacks its path or content")
        sha256 = file.get("sha256")
        if sha256 is not None and sha256 != hashlib.sha256(data).hexdigest():
            raise ArchiveRefused("is damaged: a content does not match its hash", path=path[:200])
        yield ArchiveEntry(path, data, _time(file.get("modified")))


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ArchiveRefused("is damaged: a content is not valid Unicode") from error


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ArchiveRefused("is damaged: a content is not base64") from error


def _time(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
