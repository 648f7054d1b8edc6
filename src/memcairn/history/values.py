"""Values of a root's history. Paths are relative to the root; times are in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - the MCP server builds schemas from these
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# The tool of a revision that records a change made outside the tools.
FOUND = "found"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a journal keeps. The oldest revisions are dropped first; the latest one always stays.

    Attributes:
        max_bytes: compressed size of the contents; those that a snapshot also holds do not count.
        max_revisions: number of revisions.
        max_days: age of a revision.
    """

    max_bytes: int = 128 << 20
    max_revisions: int = 10_000
    max_days: float = 365.0


@dataclass(frozen=True, slots=True)
class FileChange:
    """What happened to one file.

    Attributes:
        path: relative to the root.
        kind: "added", "changed" or "removed"; "found" if the state before is unknown.
        size_before: bytes; None if there was no file, or its state is unknown.
        size_after: bytes; None if there is no file, or it could not be read.
    """

    path: str
    kind: str
    size_before: int | None
    size_after: int | None


@dataclass(frozen=True, slots=True)
class Revision:
    """One change through a tool, or a change outside the tools that the journal found later.

    Attributes:
        id: increases with time, and is never reused.
        time: when the change was recorded.
        tool: "write", "move" ...; "found" for a change outside the tools.
        session: the session that made the change, if known.
        changes: every file that changed, by path.
    """

    id: int
    time: datetime
    tool: str
    session: str | None
    changes: tuple[FileChange, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that changed."""
        return tuple(change.path for change in self.changes)


@dataclass(slots=True)
class Recording:
    """Collects the files that the block of `Journal.recording` changed, beyond those it announced.

    `revision` is set after the block; None if nothing changed.
    """

    touched: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    revision: int | None = None

    def changed(self, paths: Iterable[str]) -> None:
        """Add files that may have changed, whether or not they existed before."""
        self.touched.extend(paths)

    def created(self, paths: Iterable[str]) -> None:
        """Add files that did not exist before, unless they were passed to `recording`.

        `Vault.move` and `Vault.restore` report such files: they refuse a target that exists.
        """
        self.made.extend(paths)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of a root at one moment.

    Attributes:
        id: what `Snapshots.restore` takes; ids sort by time.
        name: the name that was given to it.
        created_at: when it was taken.
        before_restoring: id of the snapshot whose restoration caused this one; None if a caller asked for it.
        files: number of files.
        size_bytes: size of all files.
        stored_bytes: compressed size of their contents, which the journal and other snapshots share.
        left_out: path -> why it is not in the snapshot. Restoring leaves these paths alone.
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
        before: id of the snapshot of the state before; None if nothing was done.
        added: files that were created again.
        replaced: files that got their earlier content.
        removed: files that did not exist then, and were removed.
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
