"""The tools for what was: the history, and the way back."""

# No `from __future__ import annotations`: the annotations are the schemas.

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from memcairn.files import Files, revert
from memcairn.history import FileChange
from memcairn.mcp import text
from memcairn.mcp.table import Tools

tools = Tools()


@dataclass(frozen=True, slots=True)
class Revision:
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
class Log:
    """Changes, the newest first; `next_before`, if there are more, is `before` for the next call."""

    revisions: tuple[Revision, ...]
    next_before: int | None = None


@tools.add("History", text.log, "read", read_only=True)
def mem_log(
    files: Files,
    limit: Annotated[int, Field(ge=1, le=500)] = 20,
    path: Annotated[
        str | None, Field(description="Of this file only, under its earlier paths, too.")
    ] = None,
    before: Annotated[int | None, Field(description="next_before of the call before.")] = None,
) -> Log:
    """What changed, when, and by which tool; the newest first."""
    found = files.history.log(limit + 1, path=path, before=before)
    revisions = tuple(
        Revision(one.id, one.time, one.tool, one.changes, one.session) for one in found[:limit]
    )
    return Log(revisions, revisions[-1].revision if len(found) > limit else None)


@tools.add("Go back", text.reverted, "restored", destructive=True)
def mem_revert(
    files: Files,
    path: Annotated[str, Field(description="A file, which may be gone now.")],
    revision: Annotated[
        int | None,
        Field(description="What it was after this one; without it, its last change is undone."),
    ] = None,
) -> revert.Reverted:
    """Make a file what it was, also one that was removed. It can be undone by mem_revert again."""
    return revert.revert(files, path, revision)
