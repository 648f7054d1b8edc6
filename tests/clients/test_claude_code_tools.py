"""Claude Code itself with `memcairn serve`: the model calls the tools, and sees what they say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from claude_code import ClaudeCode, text, tool
from real_clients import files

from support import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

    from claude_code import Session

pytestmark = [pytest.mark.xdist_group("claude-code-tools"), pytest.mark.timeout(300)]
SERVER = "mcp__memcairn__"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tools")


@pytest.fixture(scope="module")
def session(place: Path) -> Session:
    for name in ("home", "project", "root"):
        (place / name).mkdir()
    command, *arguments = [*PROGRAM, "serve", "--root", str(place / "root"), "--profile", "full"]
    server = {"type": "stdio", "command": command, "args": arguments}
    servers = place / "servers.json"
    servers.write_text(json.dumps({"mcpServers": {"memcairn": server}}), encoding="utf-8")
    fact = "# Tea\n\nThe user drinks oolong at night.\n"
    turns = [
        # The client does not wait for its servers before it asks the model.
        [tool("WaitForMcpServers")],
        [tool(SERVER + "mem_write", path="drinks/tea.md", content=fact)],
        [tool(SERVER + "memory_search", query="what is drunk at night")],
        [tool(SERVER + "mem_edit", path="drinks/tea.md", old_str="milk", new_str="water")],
        [tool(SERVER + "mem_remove", path="drinks/tea.md")],
        [tool(SERVER + "mem_revert", path="drinks/tea.md")],
        [text("done")],
    ]
    claude = ClaudeCode(place / "home", place / "project")
    return claude.run(
        "use your memory", turns, ["--mcp-config", str(servers), "--strict-mcp-config"]
    )


def results(session: Session) -> list[str]:
    """What each call of a tool answered to the model, in turn."""
    contents = [message["content"] for message in session.requests[-1]["messages"]]
    blocks = [block for content in contents if isinstance(content, list) for block in content]
    return [json.dumps(block["content"]) for block in blocks if block["type"] == "tool_result"]


def test_the_model_sees_the_tools_and_when_to_use_them(session: Session) -> None:
    asked = json.dumps(session.requests[-1])

    assert SERVER + "memory_search" in session.tools
    assert "Long-term memory, stored as Markdown notes" in asked


def test_the_model_calls_the_tools_and_sees_what_they_say(session: Session) -> None:
    _, written, found, edited, removed, reverted = results(session)

    assert "drinks/tea.md" in written
    # This client shows the structured content instead of the text.
    assert "Records from earlier work" in found
    assert "oolong at night" in found
    assert "0 matches" in edited
    assert "removed_at" in removed
    assert "drinks/tea.md" in reverted


def test_what_the_model_did_is_in_the_files(session: Session, place: Path) -> None:
    assert session.printed.strip().endswith("done")
    left = files(place / "root")
    assert left["drinks/tea.md"].endswith(b"oolong at night.\n")
    assert b"](drinks/tea.md)" in left["MEMORY.md"]
