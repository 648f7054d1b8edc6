"""The real Claude Code or Codex is killed; the next session, in the other agent, is shown what it did."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from claude_code import ClaudeCode, offline, scripted, text, tool
from loopback import Loopback
from other_clients import SAID, codex, codex_command, responses, trust_hooks
from real_clients import PATIENCE_S, environment, find, memcairn

from memcairn.sessions.note import MAX_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from loopback import Answer

pytestmark = pytest.mark.timeout(600)

BRANCH = "feature/upload"
HANDOFF = re.compile(r"<memcairn-handoff>(.*?)</memcairn-handoff>", re.DOTALL)
FAILS = "python3 -c 'raise ValueError'"


@pytest.fixture
def user(tmp_path: Path) -> tuple[Path, Path]:
    """A HOME with memcairn in both agents, and a project on a branch."""
    home, project = tmp_path / "user", tmp_path / "project"
    home.mkdir()
    subprocess.run(["git", "init", "-q", "-b", BRANCH, project], check=True)
    (home / ".codex").mkdir()
    memcairn(home, project, "init", "--host", "claude-code", "--host", "codex")
    return home, project


def test_codex_is_shown_what_a_killed_claude_code_did(user: tuple[Path, Path]) -> None:
    home, project = user
    find("codex")
    claude = find("claude")
    turns = [
        [text("I begin."), tool("Write", file_path=str(project / "upload.py"), content="x = 1\n")],
        [tool("Bash", command=FAILS, description="check")],
        [tool("Bash", command="touch begun; sleep 90", description="wait", timeout=100_000)],
    ]
    with killed_when_begun(project, scripted(turns)) as model:
        model.run(
            [claude, "-p", "Add retries", "--dangerously-skip-permissions"],
            home,
            offline(model.url),
        )

    check(shown_to_codex(home, project))

    subprocess.run(["git", "checkout", "-q", "-b", "other"], cwd=project, check=True)
    assert shown_to_codex(home, project) == ""


def test_claude_code_is_shown_what_a_killed_codex_did(user: tuple[Path, Path]) -> None:
    home, project = user
    claude = ClaudeCode(home, project)
    program = find("codex")
    trust_hooks(program, home, project)
    script = iter(
        [
            call("exec_command", cmd="true > upload.py"),
            call("exec_command", cmd=FAILS),
            call("exec_command", cmd="touch begun; sleep 90", yield_time_ms=100_000),
        ]
    )
    with killed_when_begun(project, lambda _path, _body: responses(next(script, SAID))) as model:
        model.run([*codex_command(program, model.url), "Add retries"], home, {"SCRIPTED_KEY": "x"})

    check(handoff(claude.run("go on", [[text("ok")]]).requests[:1]))

    subprocess.run(["git", "checkout", "-q", "-b", "other"], cwd=project, check=True)
    assert handoff(claude.run("go on", [[text("ok")]]).requests) == ""


def check(shown: str) -> None:
    """Whether the killed session's work is there, within the words."""
    assert f"on branch {BRANCH}" in shown
    assert "last seen in the middle of a turn" in shown
    assert "upload.py" in shown
    assert f"`{FAILS}` exit 1 (ValueError)" in shown
    assert "sleep 90` had not ended" in shown
    assert len(shown.split()) <= MAX_WORDS


def shown_to_codex(home: Path, project: Path) -> str:
    asked = [body for body in codex(home, project, "go on") if "go on" in json.dumps(body)]
    return handoff(asked[:1])


def handoff(requests: Sequence[dict[str, Any]]) -> str:
    """The handoff in the requests; "" if there is none."""
    sent = html.unescape("\n".join(strings(list(requests))))
    found = HANDOFF.search(sent)
    return found[1] if found else ""


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from strings(one)


def call(name: str, **arguments: Any) -> dict[str, Any]:
    identity = os.urandom(4).hex()
    return {
        "type": "function_call", "id": "f", "call_id": identity, "name": name,
        "arguments": json.dumps(arguments),
    }  # fmt: skip


class Killed:
    """Runs a client until the last command of its script runs, then kills it and its children."""

    def __init__(self, project: Path, url: str) -> None:
        self.url = url
        self._project = project

    def run(self, command: Sequence[str], home: Path, extra: dict[str, str]) -> None:
        with subprocess.Popen(
            command,
            cwd=self._project, env=environment(home, self._project) | extra, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as client:  # fmt: skip
            end = time.monotonic() + PATIENCE_S
            try:
                while not self._has_begun(home):
                    assert client.poll() is None, "the client ended before its last command"
                    assert time.monotonic() < end, "the client did not run its last command"
                    time.sleep(0.1)
            finally:
                os.killpg(client.pid, signal.SIGKILL)

    def _has_begun(self, home: Path) -> bool:
        """Whether the last command runs, and its host has written that down."""
        transcripts = [
            *home.glob(".claude/projects/*/*.jsonl"),
            *home.glob(".codex/sessions/*/*/*/*.jsonl"),
        ]
        return (self._project / "begun").exists() and any(
            "sleep 90" in path.read_text(encoding="utf-8") for path in transcripts
        )


@contextmanager
def killed_when_begun(project: Path, answer: Answer) -> Iterator[Killed]:
    with Loopback(answer) as model:
        yield Killed(project, model.url)
