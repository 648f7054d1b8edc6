"""Arguments and results of the file tools. Paths are relative to the root; lines count from 1."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VaultLimits:
    """Size limits of one call, in bytes of UTF-8."""

    read_bytes: int = 1 << 20
    write_bytes: int = 16 << 20
    append_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Window:
    """Some lines of a file.

    Attributes:
        path: relative to the root.
        text: as in the file, including line endings, without a byte order mark.
        first_line: from 1; `last_line`: included, or first_line - 1 if there is no such line.
        total_lines: of the whole file.
        truncated: requested lines from last_line + 1 on are missing, or the only line is cut.
        size_bytes: of the whole file; `sha256`: likewise, for `if_match`.
    """

    path: str
    text: str
    first_line: int
    last_line: int
    total_lines: int
    truncated: bool
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that was written.

    Attributes:
        path: relative to the root; `size_bytes` and `sha256` are those of the new content.
        created: it is a new file.
        line: the line on which the change begins, from 1.
        changed: the paths to index.
    """

    path: str
    size_bytes: int
    sha256: str
    created: bool
    line: int
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """A moved file or folder; `changed` lists every file by its old and its new path."""

    path: str
    target: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """A file or folder restored from the trash.

    Attributes:
        path: its current path.
        damaged: files whose content differs from the one that was removed.
        changed: the paths to index.
    """

    path: str
    damaged: tuple[str, ...]
    changed: tuple[str, ...]
