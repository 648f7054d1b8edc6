"""What snapshots are made of. Paths are relative to the root; times are in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as it was: its path, its size in bytes and its hash in hexadecimal."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of a root at one moment.

    Attributes:
        id: names it in `restore`; ids sort by time.
        name: what its maker called it.
        created_at: when.
        before_restoring: the snapshot whose restoration it was made for; None if it was asked for.
        files: how many there are; `size_bytes`: of all of them; `stored_bytes`: of the archive.
        left_out: path -> why it is not in the snapshot. Restoring leaves these alone.
    """

    id: str
    name: str | None
    created_at: datetime
    before_restoring: str | None
    files: int
    size_bytes: int
    stored_bytes: int
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Restoration:
    """What restoring a snapshot did, or would do.

    Attributes:
        snapshot: its id.
        before: the id of the snapshot of the state before; None if there was nothing to do, or if
            nothing was done.
        added: files that came back.
        replaced: files that got their earlier content.
        removed: files that were not there then, and went.
        failed: path -> why it is not as it was in the snapshot.
    """

    snapshot: str
    before: str | None
    added: tuple[str, ...]
    replaced: tuple[str, ...]
    removed: tuple[str, ...]
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> tuple[str, ...]:
        """The paths to index."""
        return (*self.added, *self.replaced, *self.removed)
