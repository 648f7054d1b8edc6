from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from memcairn.sessions.transcripts import reading
from transcript_forms import ALL, TIME, Writer, claude, codex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def read(writer: Writer) -> list[reading.Item]:
    transcript = reading.Transcript(writer.host)
    lines = reading.read_lines(io.BytesIO(writer.data()))
    return [item for _, line in lines for item in transcript.items(line)]


def said(writer: Writer) -> list[tuple[str, str]]:
    return [(item.kind, item.text) for item in read(writer) if item.kind in ("prompt", "reply")]


@pytest.mark.parametrize("form", ALL)
def test_a_session_has_its_prompts_replies_and_commands(form: Callable[[], Writer]) -> None:
    writer = (
        form()
        .prompt("Fix the flaky test")
        .run("pytest -x", "1 failed", 1)
        .reply("The clock was wrong.")
    )

    prompt, call, result, reply = read(writer)

    assert (prompt.kind, prompt.text, prompt.time) == ("prompt", "Fix the flaky test", TIME)
    assert (call.kind, call.command) == ("call", "pytest -x")
    assert (result.kind, result.id, result.exit_code, result.failed) == ("result", call.id, 1, True)
    assert "1 failed" in result.text
    assert (reply.kind, reply.text) == ("reply", "The clock was wrong.")


@pytest.mark.parametrize("form", ALL)
def test_the_transcripts_of_each_host_are_found(form: Callable[[], Writer], tmp_path: Path) -> None:
    writer = form()
    path = writer.write(tmp_path)

    assert list(reading.find_files({}, str(tmp_path))) == [(writer.host, str(path))]


def test_session_folder_and_branch_come_from_the_lines() -> None:
    for form in (claude, codex):
        transcript = reading.Transcript(form().host)
        for line in form().prompt("hi").data().splitlines():
            transcript.items(line)

        assert (transcript.cwd, transcript.branch) == ("/home/me/shop", "main")
        assert transcript.session in ("c1", "x1")


def test_context_that_hosts_add_is_not_part_of_a_prompt() -> None:
    writer = claude()
    writer.prompt("<system-reminder>\nuse the todo tool\n</system-reminder>\nRename it")
    writer.prompt(
        "<command-name>/compact</command-name>\n<command-message>compact</command-message>"
    )
    writer.prompt("Caveat", isMeta=True).prompt("It was about x", isCompactSummary=True)
    assert said(writer) == [("prompt", "Rename it")]

    writer = codex().prompt("<environment_context>\n<cwd>/x</cwd>\n</environment_context>")
    writer.prompt("# AGENTS.md instructions for /x\n\n<INSTRUCTIONS>…</INSTRUCTIONS>").prompt(
        "Rename it"
    )
    assert said(writer) == [("prompt", "Rename it")]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a <private>b</private> c", "a (private) c"),
        ("a <private>b <private>c</private> d</private> e", "a (private) e"),
        ("a <Private reason='x'>b", "a (private)"),
        ("a </private> b", "a  b"),
        ("<private>all of it</private>", None),
    ],
)
def test_private_parts_are_never_returned(text: str, left: str | None) -> None:
    expected = [] if left is None else [("prompt", left)]
    assert said(claude().prompt(text)) == expected


def test_a_private_part_may_reach_over_the_blocks_of_a_message() -> None:
    parts = ("one <private>two", "three", "four</private> five")
    blocks = [{"type": "text", "text": text} for text in parts]
    assert said(claude().prompt(blocks)) == [("prompt", "one (private) five")]

    writer = codex().prompt("x")
    writer.lines[-1]["payload"]["content"] = [block | {"type": "input_text"} for block in blocks]
    assert said(writer) == [("prompt", "one (private) five")]


def test_a_line_that_is_still_being_written_is_left_for_later() -> None:
    data = claude().prompt("one").prompt("two").data()
    first = data.index(b"\n") + 1

    for cut in range(first + 1, len(data) - 1):
        assert [offset for offset, _ in reading.read_lines(io.BytesIO(data[:cut]))] == [first]

    assert [offset for offset, _ in reading.read_lines(io.BytesIO(data[:-1]), first)] == [
        len(data) - 1
    ]


def test_a_line_that_is_too_long_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 1000)
    writer = claude().prompt("one").prompt("x" * 5000).prompt("two")

    assert said(writer) == [("prompt", "one"), ("prompt", "two")]


HOSTILE = [
    b"\n", b"null\n", b"[1]\n", b"{\n", b"\xff\xfe\n", b"\0\0\0\n", b'{"type": "user"}\n',
    b'{"type": "user", "message": {"content": {"a": 1}}}\n', b'{"type": ["user"], "message": 5}\n',
    b'{"type": "assistant", "message": {"content": [1, null, {"type": "tool_use", "name": "x"}]}}\n',
    b'{"type": "user", "message": {"content": "\\ud800 \\u0000"}}\n',
    b'{"type": "response_item", "payload": {"type": "function_call", "name": "x", "arguments": "[[["}}\n',
    b'{"type": "response_item", "payload": []}\n',
    b'{"$set": {"messages": [{"type": "gemini", "toolCalls": {}}]}}\n',
    b'{"type": "gemini", "toolCalls": [7, {}]}\n',
    b'{"type": "assistant.message", "data": {"toolRequests": "x"}}\n',
    b'{"type": "session.start", "data": {"context": 4}}\n', b"[" * 100_000 + b"\n",
    (b'{"type":"response_item","payload":{"type":"function_call_output",'
    b'"output":"{\\"metadata\\":{\\"exit_code\\":[]}}"}}\n'),
    json.dumps({"type": "user", "message": {"content": "<system-reminder>" * 50_000}}).encode() + b"\n",
    json.dumps({"type": "user", "message": {"content": "<private>" * 50_000}}).encode() + b"\n",
]  # fmt: skip


@pytest.mark.parametrize("host", reading.SOURCES)
def test_a_hostile_line_is_skipped_and_the_next_one_is_read(host: str) -> None:
    transcript = reading.Transcript(host)
    for line in HOSTILE:
        for item in transcript.items(line):
            item.text.encode()
            assert "\0" not in item.text
