"""What each host says about an event, and that nothing it may say is too much."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memcairn.hosts import payload
from memcairn.hosts.limits import LIMIT_S

# As the hosts write them; where a field is not used it is shortened.
CLAUDE = {
    "session_id": "5f0c8c1e", "transcript_path": "/h/.claude/projects/-p/5f0c8c1e.jsonl", "cwd": "/p",
    "permission_mode": "default", "hook_event_name": "PostToolUse", "tool_name": "Write",
    "tool_input": {"file_path": "/p/notes/a.md", "content": "text"},
    "tool_response": {"filePath": "/p/notes/a.md", "success": True}, "tool_use_id": "toolu_01",
}  # fmt: skip
PATCH = "*** Begin Patch\n*** Add File: notes/a.md\n+text\n*** Update File: b.md\n*** Move to: c.md\n@@\n-x\n+y\n*** Delete File: d.md\n*** End Patch\n"  # noqa: E501


def parse(event: str, host: str, fields: object) -> payload.HookEvent:
    return payload.parse(event, host, json.dumps(fields).encode())


def test_claude_code() -> None:
    call = parse("tool-used", "claude-code", CLAUDE)

    assert call == payload.HookEvent(
        name="tool-used",
        host="claude-code",
        session_id="5f0c8c1e",
        agent="",
        agent_type="",
        cwd="/p",
        tool="Write",
        written=("/p/notes/a.md",),
        prompt="",
        error="",
        cause="",
        transcript_path="/h/.claude/projects/-p/5f0c8c1e.jsonl",
    )


def test_a_notebook_path_has_a_separate_field() -> None:
    fields = CLAUDE | {"tool_name": "NotebookEdit", "tool_input": {"notebook_path": "/p/n.md"}}

    assert parse("tool-used", "claude-code", fields).written == ("/p/n.md",)


def test_the_arguments_of_our_tools_are_a_payload_too() -> None:
    fields = {
        "tool_name": "Edit", "file_path": "/p/a.md", "notebook_path": "", "session_id": "s", "cwd": "/p",
        "unknown": "x",
    }  # fmt: skip

    assert payload.from_fields("tool-used", "claude-code", fields).written == ("/p/a.md",)


def test_codex_names_the_files_in_a_patch() -> None:
    fields = {"session_id": "t", "turn_id": "1", "cwd": "/p", "transcript_path": None,
              "tool_name": "apply_patch", "tool_input": {"command": PATCH}}  # fmt: skip

    call = parse("tool-used", "codex", fields)

    assert call.written == ("/p/notes/a.md", "/p/b.md", "/p/c.md", "/p/d.md")
    assert call.transcript_path == ""


def test_gemini() -> None:
    fields = {"session_id": "g", "cwd": "/p", "hook_event_name": "AfterTool", "timestamp": "2026",
              "tool_name": "write_file", "tool_input": {"file_path": "a.md", "content": ""}}  # fmt: skip

    assert parse("tool-used", "gemini", fields).written == ("/p/a.md",)
    assert parse("user-prompt", "gemini", {"prompt": "how?"}).prompt == "how?"


def test_earlier_hook_output_is_not_part_of_geminis_prompt() -> None:
    prompt = "<hook_context>&lt;memcairn-memory&gt; deploy</hook_context>\n\nwhich package manager?"

    assert parse("user-prompt", "gemini", {"prompt": prompt}).prompt == "which package manager?"


def test_cursor() -> None:
    fields = {"conversation_id": "c", "workspace_roots": ["/p", "/q"], "file_path": "/p/a.md",
              "hook_event_name": "afterFileEdit", "edits": [{"new_string": "x"}]}  # fmt: skip

    call = parse("tool-used", "cursor", fields)

    assert (call.session_id, call.cwd, call.written) == ("c", "/p", ("/p/a.md",))


@pytest.mark.parametrize("arguments", [{"path": "/p/a.md"}, '{"path": "/p/a.md"}'])
def test_copilot_gives_arguments_as_an_object_or_as_text(arguments: object) -> None:
    fields = {"sessionId": "c", "timestamp": 1, "cwd": "/p", "toolName": "create", "toolArgs": arguments,
              "toolResult": {"resultType": "success"}}  # fmt: skip

    call = parse("tool-used", "copilot", fields)

    assert (call.session_id, call.tool, call.written) == ("c", "create", ("/p/a.md",))


def test_a_tool_that_reads_has_written_nothing() -> None:
    fields = CLAUDE | {"tool_name": "Read"}

    assert parse("tool-used", "claude-code", fields).written == ()


@pytest.mark.parametrize("error", ["Exit code 1", {"message": "Exit code 1"}])
def test_an_error_is_text_or_has_a_message(error: object) -> None:
    assert parse("tool-failed", "copilot", {"error": error}).error == "Exit code 1"


def test_a_tool_that_a_person_stopped_did_not_fail() -> None:
    fields = {"error": "interrupted", "is_interrupt": True}

    assert parse("tool-failed", "claude-code", fields).error == ""


@pytest.mark.parametrize(
    "content",
    [b"", b" \n", b"{", b"[]", b"null", b'"text"', b"\xff\xfe{", b"{}" * 2, b"[" * 100_000,
     b'{"cwd":' * 50_000, b"1" * 10_000, b"\0", b'{"a": NaN}', '{"prompt": 1}'.encode("utf-16")],
)  # fmt: skip
def test_input_that_is_not_an_object_is_an_empty_event(content: bytes) -> None:
    call = payload.parse("user-prompt", "claude-code", content)

    assert (call.session_id, call.prompt, call.written, call.cwd) == (
        "",
        "",
        (),
        os.getcwd() + os.sep,
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*CLAUDE, "toolArgs", "error", "path", "prompt"]), inner, max_size=6
        )
    ),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(json_values, st.sampled_from([*LIMIT_S, "nonsense"]))
def test_any_json_is_understood_as_something(value: object, event: str) -> None:
    call = parse(event, "claude-code", value)

    for name, field in call._asdict().items():
        assert isinstance(field, tuple if name == "written" else str)
    assert os.path.isabs(call.cwd)
    assert all(os.path.isabs(path) for path in call.written)
