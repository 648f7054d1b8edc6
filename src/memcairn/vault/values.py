"""What the file tools take and return. Paths are relative to the root; lines count from 1."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VaultLimits:
    """How much one call may move, in bytes of UTF-8."""

    read_bytes: int = 1 << 20
    write_bytes: int = 16 << 20
    append_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Window:
    """Some lines of a file.

    Attributes:
        path: relative to the root.
        text: as in the file, line ends included, but without a byte order mark.
        first_line: from 1; `last_line`: included, or first_line - 1 if there is no such line.
        total_lines: of the whole file.
        truncated: there are more of the lines that were asked for, from last_line + 1 on; or this
            is one line and too long, and its end is missing.
        size_bytes: of the whole file; `sha256`: likewise, and what `if_match` compares.
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
        path: relative to the root; `size_bytes` and `sha256` are those of the whole file now.
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
    """A file or folder under its new path; `changed` has every file, old paths and new ones."""

    path: str
    target: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """Something that is back from the trash.

    Attributes:
        path: where it is now.
        damaged: files that are not what they were when they were removed.
        changed: the paths to index.
    """

    path: str
    damaged: tuple[str, ...]
    changed: tuple[str, ...]
