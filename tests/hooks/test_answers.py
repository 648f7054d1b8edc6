"""Each host is answered in its own form, and only where it takes text."""

from __future__ import annotations

import json

import pytest

from memcairn.hosts import output
from memcairn.hosts.known_hosts import BY_NAME
from memcairn.hosts.limits import LIMIT_S

CASES = [(host, event) for host in BY_NAME for event in LIMIT_S]
# The others get the MCP server, and hooks without text.
WITHOUT = ("antigravity", "windsurf", "kimi", "claude-desktop")
TAKE_TEXT = [name for name in BY_NAME if name not in WITHOUT]
SPECIFIC = ("claude-code", "codex", "gemini")


@pytest.mark.parametrize(("host", "event"), CASES)
def test_an_answer_is_one_json_object_with_fields_that_the_host_knows(
    host: str, event: str
) -> None:
    printed = output.printed(host, event, "some text")

    if not printed:
        return
    found = json.loads(printed)
    if found and host in SPECIFIC:
        name = next(known.name for known in BY_NAME[host].events if known.event == event)
        assert found == {
            "hookSpecificOutput": {"hookEventName": name, "additionalContext": "some text"}
        }
    elif found and host == "antigravity":
        assert found == {"injectSteps": [{"ephemeralMessage": "some text"}]}
    elif found:
        key = "additional_context" if host == "cursor" else "additionalContext"
        assert found == {key: "some text"}


@pytest.mark.parametrize(("host", "event"), CASES)
def test_nothing_to_say_is_silence_or_an_empty_object(host: str, event: str) -> None:
    expected = b"{}\n" if host in ("gemini", "cursor", "opencode", "antigravity") else b""

    assert output.printed(host, event, "") == expected


@pytest.mark.parametrize("host", TAKE_TEXT)
def test_every_host_takes_text_when_a_session_starts(host: str) -> None:
    assert output.answer(host, "session-start", "text")


@pytest.mark.parametrize("host", [name for name in TAKE_TEXT if name != "cursor"])
def test_every_host_but_cursor_takes_text_with_a_prompt(host: str) -> None:
    assert output.answer(host, "user-prompt", "text")


@pytest.mark.parametrize("host", [name for name in BY_NAME if name != "opencode"])
def test_no_text_is_given_where_the_host_does_not_honour_it(host: str) -> None:
    for event in ("pre-compact", "stop", "subagent-stop", "session-end", "tool-used"):
        assert output.answer(host, event, "text") == {}


def test_only_claude_code_shows_the_user_a_message() -> None:
    shown = {host: output.answer(host, "user-prompt", "text", "a message") for host in BY_NAME}

    assert shown.pop("claude-code")["systemMessage"] == "a message"
    assert not any("a message" in str(found) for found in shown.values())


def test_a_message_without_a_text_is_not_shown() -> None:
    assert output.printed("claude-code", "user-prompt", "", "a message") == b""


def test_a_host_that_is_not_known_gets_nothing() -> None:
    assert output.printed("somebody", "user-prompt", "text") == b""


def test_an_answer_is_ascii_whatever_it_says() -> None:
    printed = output.printed("claude-code", "user-prompt", "Grüße, 記憶, \ud800, \0")

    assert printed.isascii()
    assert json.loads(printed)["hookSpecificOutput"]["additionalContext"].startswith("Grüße, 記憶")
