"""Claude Code corrects a fact in one session; only the new one reaches the model in the next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from claude_code import ClaudeCode, text, tool
from real_clients import memcairn

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(600)
SERVER = "mcp__plugin_memcairn_memory__"
OLD = "The staging database listens on port 5433 of host db1."
NEW = "The staging database listens on port 5440 of host db1."
QUESTION = "On which port of host db1 does the staging database listen?"


def test_only_the_corrected_fact_reaches_the_next_session(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    (project / ".git").mkdir(parents=True)
    claude = ClaudeCode(home, project)
    memcairn(home, project, "init", "--host", "claude-code")

    for fact, relation in ((OLD, "new"), (NEW, "correction")):
        observe = tool(SERVER + "memory_observe", content=fact)
        turns = [[tool("WaitForMcpServers")], [observe], [text("done")]]
        said = claude.run("Remember what I found.", turns).messages.replace("\\", "")
        assert f'"relation":"{relation}"' in said

    search = tool(SERVER + "memory_search", query="port of the staging database")
    asked = claude.run(QUESTION, [[tool("WaitForMcpServers")], [search], [text("done")]])
    found = json.dumps(asked.requests[-1]["messages"][-1])
    assert "port 5440" in json.dumps(asked.requests[0])
    assert "port 5440" in found
    assert "5433" not in json.dumps(asked.requests)
