"""Write tar archives of regular files, and read untrusted ones.

    Writer(stream).add("notes/plan.md", data, mtime_s)        ustar, with a pax header where needed
    members(stream) ──► Member, Member, …                     or ArchiveRefused

Reading refuses an archive as a whole if it has anything that an archive of notes does not need: links,
devices, absolute paths, "..", reserved names, two files of one name, or more than the limits allow. So
read it to the end before using its first member.
The standard library's tarfile reads headers of any size into memory, and is slow to import.
"""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Self

from memcairn.errors import ArchiveRefused, MemcairnError
from memcairn.fs.names import parts, printable, require_creatable

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 512
_END = bytes(_BLOCK)
_MAX_PADDING_BYTES = 1 << 20
# Far more than a pax header or long name of a note needs.
_MAX_HEADER_BYTES = 64 << 10
_MAX_HEADERS_OF_A_MEMBER = 8
_OCTAL = frozenset(b"01234567 \0")
# Takes half the time of gzip's level 6, for 7 percent more bytes. It compresses to 1/229 at best, so
# that memcairn's archives stay below max_ratio.
_LEVEL = 3
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """The limits of an archive that is read.

    Attributes:
        max_files: the number of files, and likewise of folders.
        max_file_bytes: the size of one file; `max_total_bytes`: of all files.
        max_ratio: the size of the content divided by that of the archive; checked above `free_bytes`.
    """

    max_files: int = 100_000
    max_file_bytes: int = 16 << 20
    max_total_bytes: int = 1 << 30
    max_ratio: int = 500
    free_bytes: int = 64 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive; its path is relative and can be created in a root."""

    path: str
    data: bytes
    mtime_s: int


class Names:
    """The paths of an archive, normalised and unique.

    Names that differ only in case are accepted: a root may have both. On a file system that ignores
    case, the import meets the second one as an existing file.
    """

    def __init__(self, limits: ArchiveLimits) -> None:
        self._limits = limits
        self._files: set[tuple[str, ...]] = set()
        self._folders: set[tuple[str, ...]] = set()

    def add(self, path: str) -> str:
        """Check a file's path and return its normal form.

        Raises:
            ArchiveRefused: the path is invalid, or conflicts with an earlier one.
        """
        names = _plain(path)
        if names in self._files:
            raise ArchiveRefused("has two files of the same name", path=printable(path))
        above = {names[:depth] for depth in range(1, len(names))}
        if names in self._folders or not above.isdisjoint(self._files):
            raise ArchiveRefused("has a file and a folder of the same name", path=printable(path))
        self._files.add(names)
        self._folders |= above
        if len(self._files) > self._limits.max_files:
            raise ArchiveRefused(f"has more than {self._limits.max_files:,} files")
        return "/".join(names)


def _plain(path: str) -> tuple[str, ...]:
    try:
        names = parts(path)
        require_creatable(names)
    except MemcairnError as error:
        raise ArchiveRefused(f"has a path that {error.message}", path=printable(path)) from error
    return names


class Writer:
    """Writes members to a stream, which the caller opens and closes.

    A context manager; the archive is complete at the end of its block.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        # Without a time in the gzip header, the same files make the same bytes.
        self._stream = gzip.GzipFile(
            filename="", mode="wb", compresslevel=_LEVEL, fileobj=stream, mtime=0
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._stream.write(_END * 2)
            self._stream.close()
            return
        # An open GzipFile would flush its buffer when it is garbage-collected.
        with suppress(OSError):
            self._stream.close()

    def add(self, path: str, data: bytes, mtime_s: int) -> None:
        """Add a file."""
        name = path.encode()
        if len(name) > 100 or not path.isascii():
            records = _pax_record("path", path)
            self._write(b"././@PaxHeader", b"x", records, 0)
        self._write(name[:100], b"0", data, mtime_s)

    def _write(self, name: bytes, kind: bytes, data: bytes, mtime_s: int) -> None:
        header = bytearray(_BLOCK)
        header[: len(name)] = name
        fields = (
            (100, b"0000600\0" + b"0000000\0" * 2),
            (124, b"%011o\0" % len(data)),
            (136, b"%011o\0" % min(max(mtime_s, 0), 8**11 - 1)),
            (148, b" " * 8 + kind),
            (257, b"ustar\x0000"),
        )
        for at, field in fields:
            header[at : at + len(field)] = field
        header[148:156] = b"%06o\0 " % sum(header)
        self._stream.write(bytes(header) + data + bytes(-len(data) % _BLOCK))


def _pax_record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode()
    size = len(body) + 1
    while len(str(size)) + len(body) != size:
        size = len(str(size)) + len(body)
    return str(size).encode() + body


def members(stream: IO[bytes], size: int, limits: ArchiveLimits | None = None) -> Iterator[Member]:
    """Yield the files of an archive, in order; folders are skipped.

    Args:
        stream: positioned at the first byte of the archive; plain or compressed with gzip.
        size: the size of the archive in bytes.
        limits: the limits to enforce.

    Raises:
        ArchiveRefused: it is damaged, too large, or has content that is not allowed. Earlier members
            may have been yielded before.
    """
    limits = limits or ArchiveLimits()
    start = stream.read(2)
    stream.seek(-len(start), 1)
    if start == _GZIP:
        stream = gzip.GzipFile(fileobj=stream)  # type: ignore[assignment]
    try:
        yield from _TarReader(stream, size, limits).members()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ArchiveRefused("is damaged: it cannot be decompressed") from error


class _TarReader:
    def __init__(self, stream: IO[bytes], size: int, limits: ArchiveLimits) -> None:
        self._stream = stream
        self._size = max(size, 1)
        self._limits = limits
        self._read = 0
        self._names = Names(limits)
        self._folders = 0

    def members(self) -> Iterator[Member]:
        pending: dict[str, str] = {}
        headers = 0
        while (header := self._block()) != _END:
            _check_sum(header)
            kind = header[156:157]
            size = _number(header[124:136])
            if kind in (b"x", b"L", b"g"):
                headers += 1
                if headers > _MAX_HEADERS_OF_A_MEMBER or size > _MAX_HEADER_BYTES:
                    raise ArchiveRefused("has headers that are too large")
                data = self._content(size)
                if kind != b"g":
                    pending |= _pax(data) if kind == b"x" else {"path": _text(data.rstrip(b"\0"))}
                continue
            path = pending.get("path") or _name(header)
            if "size" in pending and pending["size"] != str(size):
                raise ArchiveRefused("is damaged: a file has two sizes", path=printable(path))
            pending, headers = {}, 0
            if kind == b"5" and not size:
                self._pass_folder(path)
            elif kind in (b"0", b"\0"):
                yield self._file(path, size, _mtime(header[136:148]))
            else:
                raise ArchiveRefused(
                    "has an entry that is neither a file nor a folder", path=printable(path)
                )
        if pending:
            raise ArchiveRefused("is damaged: it ends in the middle")
        self._require_end()

    def _file(self, path: str, size: int, mtime_s: int) -> Member:
        if size > self._limits.max_file_bytes:
            raise ArchiveRefused(
                f"has a file of more than {self._limits.max_file_bytes:,} bytes",
                path=printable(path),
            )
        return Member(self._names.add(path), self._content(size), mtime_s)

    def _require_end(self) -> None:
        # gzip's checksum is checked at the last byte.
        rest = self._stream.read(_MAX_PADDING_BYTES + 1)
        if len(rest) > _MAX_PADDING_BYTES or rest.strip(b"\0"):
            raise ArchiveRefused("has data after its end")

    def _pass_folder(self, path: str) -> None:
        self._folders += 1
        if self._folders > self._limits.max_files:
            raise ArchiveRefused(f"has more than {self._limits.max_files:,} folders")
        if path.rstrip("/") not in ("", "."):
            _plain(path.rstrip("/"))

    def _block(self) -> bytes:
        return self._take(_BLOCK)

    def _content(self, size: int) -> bytes:
        return self._take(size + -size % _BLOCK)[:size]

    def _take(self, size: int) -> bytes:
        self._read += size
        if self._read > self._limits.max_total_bytes + self._limits.max_files * 3 * _BLOCK:
            raise ArchiveRefused(f"has more than {self._limits.max_total_bytes:,} bytes of content")
        if self._read > max(self._limits.free_bytes, self._size * self._limits.max_ratio):
            raise ArchiveRefused("expands far beyond its size, like a decompression bomb")
        data = self._stream.read(size)
        if len(data) < size:
            raise ArchiveRefused("is damaged: it ends in the middle")
        return data


def _check_sum(header: bytes) -> None:
    if sum(header[:148]) + 8 * 32 + sum(header[156:]) != _number(header[148:156]):
        raise ArchiveRefused("is not a tar archive, or is damaged")


def _number(field: bytes) -> int:
    text = field.strip(b" \0")
    if not _OCTAL.issuperset(field) or b" " in text or b"\0" in text:
        raise ArchiveRefused("is not a tar archive, or is damaged")
    return int(text or b"0", 8)


def _mtime(field: bytes) -> int:
    # Times before 1970 or after 2242 have another encoding: no reason to refuse a note.
    return _number(field) if _OCTAL.issuperset(field) else 0


def _name(header: bytes) -> str:
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ArchiveRefused("has a name that is not UTF-8") from error


def _pax(data: bytes) -> dict[str, str]:
    """The records of a pax header that this module uses."""
    found: dict[str, str] = {}
    while data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or len(length) > 6 or not len(length) < int(length) <= len(data):
            raise ArchiveRefused("is damaged: a header cannot be read")
        record = data[len(length) + 1 : int(length)]
        data = data[int(length) :]
        key, is_record, value = record.partition(b"=")
        if not is_record or not value.endswith(b"\n"):
            raise ArchiveRefused("is damaged: a header cannot be read")
        if key.startswith(b"GNU.sparse") or key == b"linkpath":
            raise ArchiveRefused("has an entry that is neither a file nor a folder")
        if key in (b"path", b"size"):
            found[key.decode()] = _text(value[:-1])
    return found
