"""memcairn recall, pause, resume, log --recall and session list: what agents are shown."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from memcairn.cli.commands import run
from memcairn.hosts import payload
from memcairn.hosts.events import EVENTS
from memcairn.memory import Memory
from memcairn.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROMPT = "How does the load balancer switch when we deploy blue-green?"
TEXT = "# Deploying\n\nWe deploy blue-green; the load balancer switches.\n"


@pytest.fixture
def note(notes: Path) -> Path:
    (notes / "deploy.md").write_text(TEXT, encoding="utf-8")
    (notes / "tea.md").write_text("# Tea\n\nA switch of tea is rare.\n", encoding="utf-8")
    with Memory() as memory:
        memory.index(notes)
    return notes / "deploy.md"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CLAUDE_CODE_SESSION_ID", "CODEX_THREAD_ID", "GEMINI_SESSION_ID"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "shop"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/fix/cart\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a command; returns the document that it printed."""

    def ask(*arguments: str) -> Any:
        assert run([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return ask


def say(project: Path, event: str, **fields: object) -> None:
    given = {"session_id": "s1", "cwd": str(project), "source": "startup", **fields}
    with Memory() as memory:
        EVENTS[event](memory, payload.from_fields(event, "claude-code", given), float("inf"))


def test_recall_shows_what_a_hook_would_add(
    note: Path, project: Path, ask: Callable[..., Any]
) -> None:
    found = ask("recall", PROMPT)

    assert found["text"].startswith("<memcairn-recall>")
    assert str(note) in found["text"]
    outcomes = {row["path"]: row["outcome"] for row in found["passages"]}
    assert outcomes == {str(note): "shown", str(note.parent / "tea.md"): "below"}


def test_recall_counts_nothing_as_shown(note: Path, project: Path, home: Path) -> None:
    assert run(["recall", PROMPT]) == 0
    assert run(["recall", PROMPT]) == 0

    assert Sessions(str(home)).latest() == []


def test_explain_lists_what_stays_below(
    note: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["recall", "--explain", "a", "switch"]) == 0

    printed = capsys.readouterr().out
    assert printed.startswith("nothing would be shown\n")
    assert "below" in printed
    assert "tea.md:" in printed


def test_the_log_and_the_list_of_sessions_say_what_was_recalled(
    note: Path, project: Path, ask: Callable[..., Any]
) -> None:
    say(project, "session-start")
    say(project, "user-prompt", prompt=PROMPT)

    (recall,) = ask("log", "--recall")["recalls"]
    (session,) = ask("session", "list")["sessions"]

    assert recall["path"] == str(note)
    assert recall["lines"] == "3-3"
    assert recall["title"] == session["title"] == "shop (fix/cart)"
    assert session["recalls"] == 1


def test_a_session_is_paused_and_resumed_by_its_id(note: Path, project: Path, home: Path) -> None:
    say(project, "session-start")
    session = Sessions(str(home)).get("s1")
    assert session is not None

    assert run(["pause", "s1"]) == 0
    assert session.is_paused
    assert run(["resume", "s1"]) == 0
    assert not session.is_paused


def test_to_pause_a_session_that_is_not_there_is_wrong_usage(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["pause", "nobody"]) == 2
    assert "there is no session" in capsys.readouterr().err


def test_the_branch_of_a_linked_worktree_is_its_own(tmp_path: Path) -> None:
    from memcairn.settings import project

    main, tree = tmp_path / "main", tmp_path / "tree"
    subprocess.run(["git", "init", "-q", "-b", "trunk", main], check=True)
    git = ["git", "-C", str(main), "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run([*git, "worktree", "add", "-q", "-b", "topic", str(tree)], check=True)

    assert project.branch_of(str(main)) == "trunk"
    assert project.branch_of(str(tree)) == "topic"
    assert project.branch_of(str(tmp_path)) == ""
