"""All tools, and the tools of each profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from memcairn.mcp import (
    archive_tools,
    file_tools,
    history_tools,
    memory_tools,
    review_tools,
    session_tools,
    task_tools,
    transcript_tools,
)
from memcairn.mcp.typed_tool import CORE

if TYPE_CHECKING:
    from memcairn.mcp.typed_tool import Tool

Profile = Literal["core", "full"]

ALL = (
    *memory_tools.tools.tools,
    *file_tools.tools.tools,
    *session_tools.tools.tools,
    *task_tools.tools.tools,
    *transcript_tools.tools.tools,
    *history_tools.tools.tools,
    *review_tools.tools.tools,
    *archive_tools.tools.tools,
)


def of_profile(profile: Profile) -> dict[str, Tool]:
    """The tools of a profile by name, in the order that clients see."""
    return {tool.name: tool for tool in ALL if profile == "full" or tool.name in CORE}
