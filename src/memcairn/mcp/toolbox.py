"""All tools, and which of them a profile has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from memcairn.mcp import file_tools, memory_tools
from memcairn.mcp.table import CORE

if TYPE_CHECKING:
    from memcairn.mcp.table import Tool

Profile = Literal["core", "full"]

ALL = (*memory_tools.tools.tools, *file_tools.tools.tools)


def of_profile(profile: Profile) -> dict[str, Tool]:
    """The tools of a profile by name, in the order in which they are listed."""
    return {tool.name: tool for tool in ALL if profile == "full" or tool.name in CORE}
