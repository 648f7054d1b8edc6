"""MCP tools for history, snapshots and undo."""

# No `from __future__ import annotations`: pydantic reads the annotations as schemas.

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from memcairn.history import FileChange, Restoration, Snapshot
from memcairn.mcp import text
from memcairn.mcp.typed_tool import Strings, Tools
from memcairn.root import OpenRoot, revert

tools = Tools()


@dataclass(frozen=True, slots=True)
class RevisionAnswer:
    """One change; `tool` is "found" for a change that was made outside the tools.

    Attributes:
        revision: the number that mem_diff and mem_revert take; it increases with time.
    """

    revision: int
    time: datetime
    tool: str
    changes: tuple[FileChange, ...]
    session: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Changes, newest first; pass `next_before`, if present, as `before` to get the next page."""

    revisions: tuple[RevisionAnswer, ...]
    next_before: int | None = None


@tools.add("History", text.log, "read", read_only=True)
def mem_log(
    root: OpenRoot,
    limit: Annotated[int, Field(ge=1, le=500)] = 20,
    path: Annotated[
        str | None, Field(description="Only changes to this file, including under earlier paths.")
    ] = None,
    before: Annotated[
        int | None, Field(ge=1, lt=2**63, description="next_before from the previous call.")
    ] = None,
) -> HistoryPage:
    """List changes, newest first: what changed, when, and by which tool."""
    found = root.history.log(limit + 1, path=path, before=before)
    revisions = tuple(
        RevisionAnswer(one.id, one.time, one.tool, one.changes, one.session)
        for one in found[:limit]
    )
    return HistoryPage(revisions, revisions[-1].revision if len(found) > limit else None)


@tools.add("Go back", text.reverted, "restored", destructive=True)
def mem_revert(
    root: OpenRoot,
    path: Annotated[str, Field(description="The file, which may have been removed.")],
    revision: Annotated[
        int | None,
        Field(
            ge=1,
            lt=2**63,
            description="Restore the state after this revision. Without it, undo the last change.",
        ),
    ] = None,
) -> revert.Reverted:
    """Restore an earlier state of a file, even of a removed one. mem_revert can undo this too."""
    return revert.revert(root, path, revision)


@tools.add("Take a snapshot", text.snapshot, "written")
def mem_snapshot(
    root: OpenRoot,
    name: Annotated[str | None, Field(description="A name to recognize it by.")] = None,
) -> Snapshot:
    """Save the current state of all notes. Call it before you change many notes."""
    return root.snapshots.create(name)


@dataclass(frozen=True, slots=True)
class SnapshotsAnswer:
    """The snapshots, newest first."""

    snapshots: tuple[Snapshot, ...]


@tools.add("Snapshots", text.snapshots, "read", read_only=True)
def mem_snapshot_list(root: OpenRoot) -> SnapshotsAnswer:
    """List the snapshots with time, number of files and size."""
    return SnapshotsAnswer(tuple(root.snapshots.list()))


@tools.add("Restore a snapshot", text.restored, "restored", destructive=True)
def mem_snapshot_restore(
    root: OpenRoot,
    id: Annotated[str, Field(description="From mem_snapshot_list.")],  # noqa: A002 - as clients say
    paths: Annotated[
        Strings, Field(description="Restore only these files and folders; empty: all.")
    ] = [],  # noqa: B006
    dry_run: Annotated[bool, Field(description="Only report what would change.")] = False,  # noqa: FBT002
) -> Restoration:
    """Restore all notes, or some, to the state in a snapshot; newer notes are removed.

    The current state is saved as a snapshot first, so this can be undone.
    """
    return root.restore_snapshot(id, paths=paths or None, dry_run=dry_run)
