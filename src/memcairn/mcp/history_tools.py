"""The tools for what was: history, snapshots, and the way back."""

# No `from __future__ import annotations`: the annotations are the schemas.

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from memcairn.history import FileChange, Restoration, Snapshot
from memcairn.mcp import text
from memcairn.mcp.table import Strings, Tools
from memcairn.root import OpenRoot, revert

tools = Tools()


@dataclass(frozen=True, slots=True)
class RevisionAnswer:
    """One change; `tool` is "found" for what was changed outside the tools.

    Attributes:
        revision: what mem_diff and mem_revert take; it goes up with time.
    """

    revision: int
    time: datetime
    tool: str
    changes: tuple[FileChange, ...]
    session: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Changes, the newest first; `next_before`, if there are more, is `before` for the next call."""

    revisions: tuple[RevisionAnswer, ...]
    next_before: int | None = None


@tools.add("History", text.log, "read", read_only=True)
def mem_log(
    root: OpenRoot,
    limit: Annotated[int, Field(ge=1, le=500)] = 20,
    path: Annotated[
        str | None, Field(description="Of this file only, under its earlier paths, too.")
    ] = None,
    before: Annotated[int | None, Field(description="next_before of the call before.")] = None,
) -> HistoryPage:
    """What changed, when, and by which tool; the newest first."""
    found = root.history.log(limit + 1, path=path, before=before)
    revisions = tuple(
        RevisionAnswer(one.id, one.time, one.tool, one.changes, one.session)
        for one in found[:limit]
    )
    return HistoryPage(revisions, revisions[-1].revision if len(found) > limit else None)


@tools.add("Go back", text.reverted, "restored", destructive=True)
def mem_revert(
    root: OpenRoot,
    path: Annotated[str, Field(description="A file, which may be gone now.")],
    revision: Annotated[
        int | None,
        Field(description="What it was after this one; without it, its last change is undone."),
    ] = None,
) -> revert.Reverted:
    """Make a file what it was, also one that was removed. It can be undone by mem_revert again."""
    return revert.revert(root, path, revision)


@tools.add("Take a snapshot", text.snapshot, "written")
def mem_snapshot(
    root: OpenRoot, name: Annotated[str | None, Field(description="To know it again.")] = None
) -> Snapshot:
    """Keep all notes as they are now. Take one before you change many notes."""
    return root.snapshots.create(name)


@dataclass(frozen=True, slots=True)
class SnapshotsAnswer:
    """The snapshots that are kept, the newest first."""

    snapshots: tuple[Snapshot, ...]


@tools.add("Snapshots", text.snapshots, "read", read_only=True)
def mem_snapshot_list(root: OpenRoot) -> SnapshotsAnswer:
    """Which snapshots there are: when, how many files, how large."""
    return SnapshotsAnswer(tuple(root.snapshots.list()))


@tools.add("Restore a snapshot", text.restored, "restored", destructive=True)
def mem_snapshot_restore(
    root: OpenRoot,
    id: Annotated[str, Field(description="From mem_snapshot_list.")],  # noqa: A002 - as clients say
    paths: Annotated[
        Strings, Field(description="Only these files and folders; empty is all.")
    ] = [],  # noqa: B006
    dry_run: Annotated[bool, Field(description="Only say what would change.")] = False,  # noqa: FBT002
) -> Restoration:
    """Make all notes, or some, what they were. What came since goes, and can be had back.

    The state before is itself made a snapshot.
    """
    return root.restore_snapshot(id, paths=paths or None, dry_run=dry_run)
