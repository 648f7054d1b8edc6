"""MCP tools for sessions: their logs, and their scratch folder."""

# No `from __future__ import annotations`: pydantic reads the annotations as schemas.

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from memcairn.mcp import text
from memcairn.mcp.typed_tool import Tools
from memcairn.root import OpenRoot, WriteResult
from memcairn.root import session_list as sessions

tools = Tools()

Limit = Annotated[int, Field(ge=1, le=1000, description="Maximum number of results.")]


@dataclass(frozen=True, slots=True)
class SessionsAnswer:
    """The sessions of this root, latest first."""

    sessions: tuple[sessions.SessionSummary, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The calls of a session, oldest first, without the texts that were written or searched for."""

    session_id: str
    lines: tuple[sessions.LoggedCall, ...]


@tools.add("Log of this session", text.timeline, "read", read_only=True)
def mem_session_log(root: OpenRoot) -> Timeline:
    """List the calls of this session: time, tool, path, outcome, bytes, duration."""
    session = root.session.get()
    assert session is not None, "the server starts one"
    return Timeline(session.id, sessions.lines(root, session.id, 1000))


@tools.add("Sessions", text.sessions, "read", read_only=True)
def memory_sessions(root: OpenRoot, limit: Limit = 20) -> SessionsAnswer:
    """List the sessions that used this root, latest first."""
    return SessionsAnswer(sessions.listed(root, limit))


@tools.add("Timeline of a session", text.timeline, "read", read_only=True)
def memory_timeline(
    root: OpenRoot,
    session_id: Annotated[str, Field(description="From memory_sessions.")],
    limit: Limit = 100,
) -> Timeline:
    """List the calls of a session; the last ones if there are more than the limit."""
    return Timeline(session_id, sessions.lines(root, session_id, limit))


@tools.add("Keep a scratch file", text.saved, "written")
def mem_promote(
    root: OpenRoot,
    session_path: Annotated[
        str, Field(description='A file in the scratch folder, for example "scratch/plan.md".')
    ],
    store_path: Annotated[str, Field(description="A path in the root that must not exist.")],
) -> WriteResult:
    """Copy a file from the session's scratch folder into the root, where it is kept and searchable.

    Files under scratch/ are deleted when the session ends.
    """
    return root.promote(session_path, store_path)
