"""Claude Code itself, with memcairn installed by `memcairn init` into an empty HOME.

One story, told once: a session writes a note; the next ones get it; a compaction gives it back; memcairn
goes, and the HOME is what it would be had it never been there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from claude_code import ClaudeCode, text, tool
from real_clients import files, memcairn

if TYPE_CHECKING:
    from claude_code import Session

FACT = "The router is switched to the idle environment on Thursdays at ten."
NOTE = f"""---
name: Blue-green rollout
description: how a release goes out
metadata:
  type: project
---

{FACT}
"""
OTHER = "# Package manager\n\nWe install with pnpm, never with npm.\n"
# Shares no word with the title of the note, nor with its description.
RELATED = "on which weekday is the router switched?"
UNRELATED = "what is the capital of France?"

# One process tells the story for all of its tests.
pytestmark = [pytest.mark.xdist_group("claude-code"), pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Story:
    """What happened: the sessions by name, and the files of HOME while memcairn was there and after."""

    project: Path
    memory: Path
    sessions: dict[str, Session]
    plugins: str
    hooks: list[dict[str, str]]
    during: dict[str, bytes]
    after: dict[str, bytes]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    top = tmp_path_factory.mktemp("claude-code")
    home, project = user(top)
    memory = home / ".claude" / "projects" / slug(project) / "memory"
    claude = ClaudeCode(home, project)
    memcairn(home, project, "init", "--host", "claude-code")
    sessions = {}

    write = tool("Write", file_path=str(memory / "rollout.md"), content=NOTE)
    sessions["write"] = claude.run("remember how we ship", [[write], [text("written")]])
    told = ["--output-format", "stream-json", "--verbose"]
    sessions["unrelated"] = claude.run(UNRELATED, [[text("Paris")]], told)
    write = tool("Write", file_path=str(memory / "pm.md"), content=OTHER)
    sessions["related"] = claude.run(RELATED, [[write], [text("on Thursdays")]])
    sessions["again"] = claude.run(RELATED, [[text("on Thursdays")]], ["--continue"])
    claude.run("/compact", [], ["--continue"])
    sessions["restored"] = claude.run(UNRELATED, [[text("Paris")]], ["--continue"])
    fork = ["--continue", "--fork-session"]
    sessions["fork"] = claude.run(RELATED, [[text("on Thursdays")]], fork)
    ask = tool("Agent", description="look", prompt=RELATED, subagent_type="general-purpose")
    sessions["agent"] = claude.run("delegate it", [[ask], [text("on Thursdays")], [text("done")]])
    plugins = claude.call("plugin", "list")
    server = home / ".claude" / "skills" / "memcairn" / ".mcp.json"
    installed = server.read_text()
    server.write_text(re.sub(r'"command": "[^"]*"', '"command": "/nowhere"', installed))
    write = tool("Write", file_path=str(memory / "late.md"), content="# Late\n\nServerless.\n")
    sessions["serverless"] = claude.run("one more", [[write], [text("written")]])
    server.write_text(installed)

    during = files(home)
    hooks = during[".local/share/memcairn/logs/hook.log"].decode().splitlines()
    memcairn(home, project, "uninstall", "--yes")
    return Story(
        project, memory, sessions, plugins, list(map(json.loads, hooks)), during, files(home)
    )


def user(top: Path) -> tuple[Path, Path]:
    """An empty HOME, and a project."""
    home, project = top / "home", top / "project"
    home.mkdir()
    (project / ".git").mkdir(parents=True)
    return home, project


def slug(project: Path) -> str:
    """How the client names a project."""
    return re.sub(r"[^A-Za-z0-9]", "-", str(project))


def added(session: Session) -> list[str]:
    """What memcairn added to the last request, oldest first."""
    return [found[0] for found in re.finditer(r"<(memcairn-\w+)>.*?</\1>", session.messages)]


def test_the_client_loads_the_plugin(story: Story) -> None:
    assert "memcairn@skills-dir" in story.plugins
    assert "loaded" in story.plugins


def test_a_note_is_in_memory_md_of_the_next_session(story: Story) -> None:
    assert "](rollout.md) — how a release goes out" in story.sessions["unrelated"].messages


def test_a_related_prompt_gets_the_passage_with_its_path(story: Story) -> None:
    (passage,) = added(story.sessions["related"])

    assert FACT in passage
    assert str(story.memory / "rollout.md") in passage


def test_a_prompt_about_something_else_gets_nothing(story: Story) -> None:
    assert added(story.sessions["unrelated"]) == []


def test_a_hook_that_has_nothing_to_say_is_not_heard_of(story: Story) -> None:
    for name in ("write", "unrelated"):
        assert "hook success" not in story.sessions[name].messages


def test_a_passage_is_not_repeated_in_its_session(story: Story) -> None:
    assert RELATED in story.sessions["again"].messages
    assert story.sessions["again"].messages.count(FACT) == 1


def test_pre_compact_says_nothing(story: Story) -> None:
    assert "hook success" not in story.sessions["restored"].messages


def test_a_compaction_gives_back_what_the_session_wrote_and_was_shown(story: Story) -> None:
    (kept,) = added(story.sessions["restored"])

    assert RELATED not in story.sessions["restored"].messages
    assert FACT in kept
    assert str(story.memory / "pm.md") in kept


def test_the_model_has_the_tools(story: Story) -> None:
    assert "mcp__plugin_memcairn_memory__memory_search" in story.sessions["related"].tools


def test_a_subagent_gets_what_its_prompt_is_about(story: Story) -> None:
    messages = [json.dumps(one["messages"]) for one in story.sessions["agent"].requests]
    (own,) = [said for said in messages if "delegate it" not in said]

    assert FACT in own
    assert FACT not in messages[0]


def test_a_fork_is_not_shown_again_what_its_conversation_holds(story: Story) -> None:
    assert story.sessions["fork"].messages.count(FACT) == 1


def test_no_hook_fails(story: Story) -> None:
    assert [hook for hook in story.hooks if hook["outcome"].startswith("failed")] == []
    assert {"answered"} <= {hook["outcome"] for hook in story.hooks}


def test_a_note_written_without_the_server_is_in_memory_md_when_the_session_ends(
    story: Story,
) -> None:
    index = f".claude/projects/{slug(story.project)}/memory/MEMORY.md"

    assert "written" in story.sessions["serverless"].printed
    assert b"[Late](late.md)" in story.during[index]


def test_the_client_has_the_commands_and_the_skill(story: Story) -> None:
    begun = next(
        message
        for line in story.sessions["unrelated"].printed.splitlines()
        if (message := json.loads(line)).get("subtype") == "init"
    )

    offered = {"recall", "remember", "status", "review", "memory"}
    assert {f"memcairn:{name}" for name in offered} <= set(begun["slash_commands"])
    assert "memcairn:memory" in begun["skills"]


def test_nothing_but_conversations_tells_of_memcairn_after_uninstall(story: Story) -> None:
    telling = [file for file, content in story.after.items() if b"memcairn" in content]

    assert [file for file in telling if not file.endswith(".jsonl")] == []


def test_uninstall_leaves_the_home_as_the_client_alone_would(story: Story, tmp_path: Path) -> None:
    home, project = user(tmp_path)
    alone = ClaudeCode(home, project)
    alone.run("write", [[tool("Write", file_path=str(project / "x.md"), content="x")], [text("x")]])
    ask = tool("Agent", description="look", prompt="look", subagent_type="general-purpose")
    alone.run("delegate it", [[ask], [text("x")], [text("done")]])
    alone.call("plugin", "list")
    notes = {
        f".claude/projects/{slug(story.project)}/memory/{name}.md"
        for name in ("rollout", "pm", "late")
    }

    assert [name for name in story.during if "skills/memcairn" in name]
    assert [name for name in story.during if "share/memcairn" in name]
    assert notes <= set(story.after)
    assert kinds(set(story.after) - notes, story.project) <= kinds(set(files(home)), project)
    assert OTHER.encode() in {story.after[name] for name in notes}


def kinds(names: set[str], project: Path) -> set[str]:
    """Names of files, without what differs from one session or project to the next."""
    uuid = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    varying = rf"{uuid}|(?<=agent-)[0-9a-f]+|\d+"
    return {
        re.sub(varying, "*", name.replace(slug(project), "project"))
        for name in names
        if not name.endswith("/.last-cleanup")  # written when the client runs for long enough
    }


def test_the_client_calls_the_plugin_and_its_marketplace_good(tmp_path: Path) -> None:
    home, project = user(tmp_path)
    claude = ClaudeCode(home, project)
    here = Path(__file__).resolve().parents[2]

    for folder in (here, here / "plugins" / "claude-code"):
        assert "Validation passed" in claude.call("plugin", "validate", "--strict", str(folder))
