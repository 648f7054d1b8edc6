"""The tables of docs/mcp.md, from the tools themselves."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

from memcairn.mcp import toolbox
from memcairn.mcp.typed_tool import CORE

if TYPE_CHECKING:
    from memcairn.mcp.typed_tool import Tool

BEGIN, END = "<!-- tools -->\n", "<!-- /tools -->\n"


def filled(page: str) -> str:
    """The page with a current table of tools."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    lines = ["| tool | what it does | |", "| --- | --- | --- |"]
    lines += [_row(tool) for tool in toolbox.ALL]
    return head + BEGIN + "\n" + "\n".join(lines) + "\n\n" + END + tail


def _row(tool: Tool) -> str:
    schema = tool.description.input_schema
    required = schema.get("required", [])
    parameters = ", ".join(
        name + ("" if name in required else "?") for name in schema.get("properties", {})
    )
    says = re.sub(r"\s+", " ", (inspect.getdoc(tool.function) or "").split("\n\n")[0])
    kind = "reads" if tool.read_only else "changes"
    profile = ", core" if tool.name in CORE else ""
    return f"| `{tool.name}({parameters})` | {says} | {kind}{profile} |"
