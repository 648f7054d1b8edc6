"""The events as tools of the MCP server: the same answers, and never an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hooks.conftest import write
from memcairn.hosts import tools
from memcairn.hosts.tools import HOOK_TOOLS
from memcairn.memory import Memory
from memcairn.sessions import Sessions

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = "How does the load balancer switch when we deploy blue-green?"


@pytest.fixture
def deploy(memory: Memory, notes: Path) -> Path:
    path = write(
        notes, "deploy.md", "# Deploying\n\nWe deploy blue-green; the load balancer switches.\n"
    )
    memory.index(notes)
    return path


def test_there_is_one_for_every_event_at_which_the_server_is_connected() -> None:
    assert set(HOOK_TOOLS) == {
        "hook_user_prompt", "hook_tool_used", "hook_tool_failed", "hook_pre_compact", "hook_stop",
        "hook_subagent_stop",
    }  # fmt: skip


def test_a_prompt_is_answered_as_a_command_would_answer_it(
    memory: Memory, deploy: Path, project: Path
) -> None:
    arguments = {
        "prompt": PROMPT,
        "session_id": "s1",
        "cwd": str(project),
        "transcript_path": "",
        "agent_id": "",
    }

    answer = HOOK_TOOLS["hook_user_prompt"](memory, None, arguments)

    said = answer["hookSpecificOutput"]
    assert isinstance(said, dict)
    assert said["hookEventName"] == "UserPromptSubmit"
    assert str(deploy) in said["additionalContext"]
    assert json.loads(tools.text(answer)) == answer
    assert HOOK_TOOLS["hook_user_prompt"](memory, None, arguments) == {}


def test_nothing_to_say_is_an_empty_object() -> None:
    assert tools.text({}) == "{}"


def test_a_call_without_a_session_belongs_to_that_of_the_server(
    memory: Memory, home: Path, deploy: Path, project: Path
) -> None:
    session = Sessions(str(home)).start("of the server")

    HOOK_TOOLS["hook_tool_used"](memory, session, {"tool_name": "Edit", "file_path": str(deploy)})

    assert session.touched() == [str(deploy)]
    assert memory.queue_status().depth == 1


@pytest.mark.parametrize("name", HOOK_TOOLS)
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"prompt": None, "error": 3, "file_path": [], "cwd": {}, "session_id": True, "trigger": 1.5},
        {"prompt": "\ud800\0", "error": "\0", "file_path": "a\0.md", "cwd": "\0", "session_id": "\ud800\0"},
        {"prompt": "a" * 300_000, "error": "(" * 300_000, "file_path": "/" * 5_000, "cwd": "/x" * 5_000},
        {"prompt": '" OR NEAR( * ^', "error": "'; DROP TABLE note; --", "cwd": "/nowhere", "session_id": "s"},
    ],
    ids=["empty", "types", "surrogates", "long", "syntax"],
)  # fmt: skip
def test_nothing_that_a_host_passes_makes_it_fail(
    name: str, arguments: dict[str, object], memory: Memory, deploy: Path
) -> None:
    assert HOOK_TOOLS[name](memory, None, arguments) == {}


def test_a_home_that_cannot_be_used_is_silence(
    tmp_path: Path, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("a file", encoding="utf-8")
    arguments = {"prompt": PROMPT, "error": PROMPT, "cwd": str(project), "session_id": "s"}
    with Memory(tmp_path / "file") as memory:
        for tool in HOOK_TOOLS.values():
            assert tool(memory, None, arguments) == {}

    assert "hook.failed" in caplog.text
