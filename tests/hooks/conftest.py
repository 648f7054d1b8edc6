"""A project, notes that concern it, and events that happen in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path  # noqa: TC003

import pytest

from memcairn.hosts import events, payload
from memcairn.hosts.events import EVENTS
from memcairn.memory import Memory
from memcairn.settings import config

Say = Callable[..., str]
Configure = Callable[[str, str], None]

VARIABLES = (
    "CLAUDE_CODE_SESSION_ID", "GEMINI_SESSION_ID", "CODEX_THREAD_ID", "CLAUDE_PROJECT_DIR",
    "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_DISABLE_AUTO_MEMORY", "CLAUDE_CODE_PROJECT_DIR_NAME",
)  # fmt: skip


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, where no host is installed; no host is what runs the tests."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "user"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository to work in."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    return folder


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory() as memory:
        yield memory


@pytest.fixture
def say(memory: Memory, project: Path) -> Say:
    """Let an event happen; returns what the model is told."""

    def say(event: str, host: str = "claude-code", **fields: object) -> str:
        given = {"session_id": "s1", "cwd": str(project), **fields}
        call = payload.from_fields(event, host, given)
        return EVENTS[event](memory, call, time.monotonic() + 20)

    return say


@pytest.fixture
def configure(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Change a setting of `memory`."""

    def configure(name: str, value: str) -> None:
        monkeypatch.setenv(config.BY_NAME[name].variable, value)
        memory.engine.config = config.load()

    return configure


def write(folder: Path, name: str, text: str) -> Path:
    """Write a note."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _no_prompt_waits() -> None:
    """The prompts of sub-agents are kept in the process, which the tests share."""
    events._WAITING.clear()
