"""Two homes of Claude Code with one project in two folders: what one learns, the other has after a sync."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from claude_code import ClaudeCode, text, tool
from real_clients import memcairn

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(600)
SERVER = "mcp__plugin_memcairn_memory__"
LEARNED = "The staging database listens on port 5440 of host db1."
NOTE = "---\nname: uploads\ndescription: Uploads are chunked\n---\nUploads are sent in chunks of 8 MB.\n"
QUESTION = "On which port of host db1 does the staging database listen?"


def test_what_one_session_learns_is_in_the_other_home_after_one_sync(tmp_path: Path) -> None:
    url = (tmp_path / "memory.git").as_uri()
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "memory.git")
    homes = [tmp_path / name for name in ("laptop", "desk")]
    projects = [homes[0] / "work" / "app", homes[1] / "src" / "deep" / "application"]
    remotes = ["git@host:me/app.git", "ssh://git@host/me/app"]
    clients = []
    for home, project, remote in zip(homes, projects, remotes, strict=True):
        project.mkdir(parents=True)
        git(project, "init", "-q")
        git(project, "remote", "add", "origin", remote)
        clients.append(ClaudeCode(home, project))
        memcairn(home, project, "init", "--host", "claude-code")
        clients[-1].run("hello", [[text("hello")]])  # now it has a folder for this project
        memcairn(home, project, "sync", "init", url, "--scope", "project")

    one, other = clients
    notes = memory(homes[0], projects[0])
    write = tool("Write", file_path=str(notes / "uploads.md"), content=NOTE)
    observe = tool(f"{SERVER}memory_observe", content=LEARNED)
    one.run("Learn.", [[tool("WaitForMcpServers")], [write], [observe], [text("done")]])
    for home, project in zip(homes, projects, strict=True):
        assert memcairn(home, project, "sync").startswith("host/me/app: ")

    listed = (memory(homes[1], projects[1]) / "MEMORY.md").read_text(encoding="utf-8")
    asked = json.dumps(other.run(QUESTION, [[text("done")]]).requests[0])
    assert "(uploads.md)" in listed
    assert "staging" in listed
    assert "Uploads are chunked" in asked  # Claude Code loaded MEMORY.md
    assert "port 5440" in asked  # and the hook recalled the note
    assert "scope host/me/app" in asked


def memory(home: Path, project: Path) -> Path:
    """Where Claude Code keeps the memories of a project."""
    slug = re.sub(r"[^A-Za-z0-9]", "-", str(project))
    return home / ".claude" / "projects" / slug / "memory"


def git(folder: Path, *arguments: str) -> None:
    """Run git as a person."""
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
