"""Archives that nobody should unpack: what is wrong with each, and its bytes."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def file(path: str, data: bytes = b"x", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(path)
    info.size = len(data)
    for name, value in fields.items():
        setattr(info, name, value)
    return info, data


def special(path: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(path)
    info.type = kind
    info.linkname = target
    return info, b""


def tar(*members: tuple[tarfile.TarInfo, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data) if data else None)
    return buffer.getvalue()


GOOD = file("good.md", b"good")


def raw_name(name: bytes) -> bytes:
    """An archive whose first name has been written over, with a check sum that is right."""
    data = bytearray(tar(file("a" * len(name)), GOOD))
    data[: len(name)] = name
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


def pax(records: bytes) -> bytes:
    """An archive with a pax header of these bytes."""
    info = tarfile.TarInfo("././@PaxHeader")
    info.type = b"x"
    info.size = len(records)
    header = info.tobuf(tarfile.USTAR_FORMAT)
    return header + records + bytes(-len(records) % 512) + tar(GOOD)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a symlink": lambda: tar(GOOD, special("link.md", tarfile.SYMTYPE, "/etc/passwd")),
    "a symlink inside": lambda: tar(GOOD, special("link.md", tarfile.SYMTYPE, "good.md")),
    "a file through a symlink": lambda: tar(
        special("f", tarfile.SYMTYPE, "/tmp"), file("f/a.md"), GOOD
    ),
    "a hard link": lambda: tar(GOOD, special("link.md", tarfile.LNKTYPE, "good.md")),
    "a device": lambda: tar(GOOD, special("null", tarfile.CHRTYPE)),
    "a block device": lambda: tar(GOOD, special("disk", tarfile.BLKTYPE)),
    "a pipe": lambda: tar(GOOD, special("pipe", tarfile.FIFOTYPE)),
    "a sparse file": lambda: tar(GOOD, special("sparse", b"S")),
    "a name of another volume": lambda: tar(GOOD, special("volume", b"V")),
    "an absolute path": lambda: tar(GOOD, file("/etc/passwd")),
    "an absolute folder": lambda: tar(GOOD, special("/etc", tarfile.DIRTYPE)),
    "a path that leads out": lambda: tar(GOOD, file("../a.md")),
    "a path that leads out in the middle": lambda: tar(GOOD, file("a/../../b.md")),
    "a folder that leads out": lambda: tar(GOOD, special("..", tarfile.DIRTYPE)),
    "a home": lambda: tar(GOOD, file("~/a.md")),
    "a drive": lambda: tar(GOOD, file("C:/a.md")),
    "git": lambda: tar(GOOD, file(".git/config")),
    "git in another case": lambda: tar(GOOD, file("sub/.GiT/hooks/post-commit")),
    "git with an invisible character": lambda: tar(GOOD, file(".g\u200cit/config")),
    "git with a dot": lambda: tar(GOOD, file(".git./config")),
    "our own files": lambda: tar(GOOD, file(".memcairn.toml")),
    "a control character": lambda: tar(GOOD, file("a\x1b[2J.md")),
    "a line end": lambda: tar(GOOD, file("a\n.md")),
    "a backslash": lambda: tar(GOOD, file("..\\a.md")),
    "an empty component": lambda: tar(GOOD, file("a//b.md")),
    "a name that is too long": lambda: tar(GOOD, file("a" * 256)),
    "a path that is too deep": lambda: tar(GOOD, file("a/" * 40 + "b.md")),
    "a file twice": lambda: tar(GOOD, file("good.md", b"other")),
    "a file twice in two spellings": lambda: tar(GOOD, file("./good.md", b"other")),
    "a file and a folder": lambda: tar(GOOD, file("good.md/a.md")),
    "a folder and a file": lambda: tar(file("good.md/a.md"), GOOD),
    "a name that is not UTF-8": lambda: raw_name(b"\xff.md"),
    "a NUL in a pax name": lambda: pax(b"15 path=a\0b.md\n"),
    "a pax record that is too long": lambda: pax(b"99 path=a.md\n"),
    "a pax record of no length": lambda: pax(b"0 path=a.md\n"),
    "a pax record without a value": lambda: pax(b"8 path\n\n\n"),
    "a pax size that differs": lambda: pax(b"12 size=999\n"),
    "a pax link": lambda: pax(b"17 linkpath=/etc\n"),
    "a pax header that is too large": lambda: pax(b"70000 path=" + b"a" * 69_988 + b"\n"),
    "headers without end": lambda: pax(b"13 path=a.md\n")[:1024] * 20 + tar(GOOD),
    "a check sum that is wrong": lambda: b"b" + tar(GOOD)[1:],
    "no end": lambda: tar(GOOD)[:1024],
    "half a file": lambda: tar(file("a.md", b"x" * 2000))[:1500],
    "nothing": lambda: b"",
    "a number that is none": lambda: tar(GOOD)[:124] + b"zzz" + tar(GOOD)[127:],
    "half of a compressed archive": lambda: gzip.compress(tar(file("a.md", b"x" * 9000)))[:-20],
    "a compressed archive with a wrong sum": lambda: gzip.compress(tar(GOOD))[:-8] + bytes(8),
    "something after its end": lambda: tar(GOOD) + b"x",
    "zeros without end": lambda: gzip.compress(tar(GOOD) + bytes(2 << 20)),
    "a bomb": lambda: gzip.compress(tar(*(file(f"{n}.md", bytes(14 << 20)) for n in range(5)))),
    "a file that is too large": lambda: tar(file("a.md", bytes((16 << 20) + 1))),
}
