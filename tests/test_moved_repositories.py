"""A repository that was moved or renamed: its memories are noticed, offered, and taken over."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from memcairn import Memory, paths
from memcairn.cli.commands import run
from memcairn.hosts import scopes, start_text
from memcairn.hosts.payload import from_fields
from memcairn.sessions import Sessions
from memcairn.settings import moved_repositories


def git(folder: Path, *arguments: str) -> None:
    options = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(
        ["git", "-C", str(folder), *options, *arguments], check=True, capture_output=True
    )


@pytest.fixture
def old(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one memory."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    folder = tmp_path / "old"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "one")
    root = Path(moved_repositories.root_of(str(folder), paths.home()))
    root.mkdir(parents=True)
    (root / "deploy.md").write_text("# Deploying\n\nBy blue-green.\n", encoding="utf-8")
    with Memory() as memory:
        memory.index(root)
    moved_repositories.note(str(folder), paths.home())
    return folder


def test_a_renamed_repository_is_offered_its_memories_by_doctor(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    new = old.rename(old.with_name("new"))
    monkeypatch.chdir(new)

    run(["doctor"])

    assert f"memcairn take-over {old}" in capsys.readouterr().out.replace("\n", "")


def test_a_clone_of_the_same_remote_is_the_same_repository(old: Path, tmp_path: Path) -> None:
    git(old, "remote", "add", "origin", "https://example.com/x.git")
    moved_repositories.note(str(old), paths.home())
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    git(other, "remote", "add", "origin", "https://example.com/x.git")
    assert moved_repositories.earlier_folders(str(other), paths.home()) == []

    old.rename(tmp_path / "away")

    assert moved_repositories.earlier_folders(str(other), paths.home()) == [str(old)]


def test_another_repository_is_offered_nothing(old: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    git(other, "commit", "-q", "--allow-empty", "-m", "another")
    old.rename(tmp_path / "away")

    assert moved_repositories.earlier_folders(str(other), paths.home()) == []


def test_a_session_says_it_in_one_line(old: Path, home: Path) -> None:
    new = old.rename(old.with_name("new"))
    event = from_fields("session-start", "codex", {"session_id": "s", "cwd": str(new)})
    with Memory() as memory:
        roots = [root.path for root in memory.roots()]
        scope = scopes.of_event(event, roots, memory.config, memory.home)
        session = Sessions(memory.home).start("s")
        text = start_text.text(event, scope, session, memory.config)

    (line,) = (line for line in text.splitlines() if "take-over" in line)
    assert str(old) in line


def test_one_command_takes_them_over(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    new = old.rename(old.with_name("new"))
    monkeypatch.chdir(new)
    source, target = (
        Path(moved_repositories.root_of(str(folder), paths.home())) for folder in (old, new)
    )

    assert run(["take-over"]) == 0

    assert not source.exists()
    assert (target / "deploy.md").exists()
    with Memory() as memory:
        assert [root.path for root in memory.roots()] == [str(target)]
        assert memory.search("blue-green")
    assert run(["take-over"]) == 2


def test_nothing_is_overwritten(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    new = old.rename(old.with_name("new"))
    monkeypatch.chdir(new)
    source, target = (
        Path(moved_repositories.root_of(str(folder), paths.home())) for folder in (old, new)
    )
    target.mkdir()
    (target / "deploy.md").write_text("# Mine\n", encoding="utf-8")

    assert run(["take-over"]) == 1

    assert (target / "deploy.md").read_text() == "# Mine\n"
    assert (source / "deploy.md").exists()
