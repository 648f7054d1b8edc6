"""The tools for sessions: what was done, in this one and in earlier ones."""

# No `from __future__ import annotations`: the annotations are the schemas.

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from memcairn.mcp import text
from memcairn.mcp.table import Tools
from memcairn.root import OpenRoot, WriteResult, sessions

tools = Tools()

Limit = Annotated[int, Field(ge=1, le=1000, description="The most.")]


@dataclass(frozen=True, slots=True)
class SessionsAnswer:
    """The sessions of this root, the latest first."""

    sessions: tuple[sessions.SessionSummary, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """What was done in a session, oldest first; never what was written or asked."""

    session_id: str
    lines: tuple[sessions.LoggedCall, ...]


@tools.add("Log of this session", text.timeline, "read", read_only=True)
def mem_session_log(root: OpenRoot) -> Timeline:
    """What was done in this session: time, tool, path, outcome, bytes, duration."""
    session = root.session.get()
    assert session is not None, "a server starts one"
    return Timeline(session.id, sessions.lines(root, session.id, 1000))


@tools.add("Sessions", text.sessions, "read", read_only=True)
def memory_sessions(root: OpenRoot, limit: Limit = 20) -> SessionsAnswer:
    """The sessions in which this root was used, the latest first."""
    return SessionsAnswer(sessions.listed(root, limit))


@tools.add("Timeline of a session", text.timeline, "read", read_only=True)
def memory_timeline(
    root: OpenRoot,
    session_id: Annotated[str, Field(description="From memory_sessions.")],
    limit: Limit = 100,
) -> Timeline:
    """What was done in a session, its last steps if it has more than the limit."""
    return Timeline(session_id, sessions.lines(root, session_id, limit))


@tools.add("Keep a scratch file", text.saved, "written")
def mem_promote(
    root: OpenRoot,
    session_path: Annotated[str, Field(description='In the scratch folder: "scratch/plan.md".')],
    store_path: Annotated[str, Field(description="In the root; nothing may be there yet.")],
) -> WriteResult:
    """Copy a file from the session's scratch folder to a path where it stays, and is searchable.

    What is written to paths that begin with scratch/ goes when the session ends, unless it is kept.
    """
    return root.promote(session_path, store_path)
