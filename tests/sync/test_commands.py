"""memcairn sync, scope and promote: two homes, the same project under other paths, and a team."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from machines import bare, git
from memcairn import Memory
from memcairn.cli.commands import run
from memcairn.hosts import scopes, start_text
from memcairn.hosts.payload import from_fields
from memcairn.sync import git as git_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Use = "Callable[[str], Path]"


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Become the user of a machine: another home."""

    def become(name: str) -> Path:
        user = tmp_path / name
        (user / ".claude" / "projects").mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv("HOME", str(user))
        monkeypatch.setenv("MEMCAIRN_HOME", str(user / "memcairn"))
        monkeypatch.chdir(user)
        return user

    return become


def claude_memory(user: Path, project: Path) -> Path:
    slug = "".join(c if c.isascii() and c.isalnum() else "-" for c in str(project))
    return user / ".claude" / "projects" / slug / "memory"


def test_what_one_session_learns_is_in_the_other_machines_memory_of_the_same_project(
    tmp_path: Path, use: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = bare(tmp_path / "memory.git")
    places = {"laptop": "work/app", "desk": "src/deep/application"}
    for name, place in places.items():
        user = use(name)
        project = user / place
        project.mkdir(parents=True)
        git(project, "init", "-q")
        git(
            project, "remote", "add", "origin", f"git@host:me/app{'.git' if name == 'desk' else ''}"
        )
        monkeypatch.chdir(project)
        if name == "laptop":
            memory = claude_memory(user, project)
            memory.mkdir(parents=True)
            (memory / "proxy.md").write_text(
                "# Proxy\n\nThe proxy closes idle connections after 60 s.\n"
            )
        assert run(["sync", "init", url, "--scope", "project"]) == 0

    there = claude_memory(tmp_path / "desk", tmp_path / "desk" / places["desk"])
    assert "(proxy.md)" in (there / "MEMORY.md").read_text()
    with Memory() as memory:
        (found,) = memory.search("idle connections")
    assert (found.path, found.scope) == (str(there / "proxy.md"), "host/me/app")


def test_a_remote_of_another_scope_is_refused(
    tmp_path: Path, use: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    url = bare(tmp_path / "memory.git")
    use("laptop")
    assert run(["sync", "init", url, "--scope", "user"]) == 0
    use("desk")
    assert run(["sync", "init", url, "--scope", "team", "platform"]) == 2
    assert "another scope (user)" in capsys.readouterr().err
    assert run(["scope", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"scopes": []}


def test_a_team_shares_promoted_notes_and_searches_by_scope(
    tmp_path: Path, use: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    url = bare(tmp_path / "team.git")
    use("laptop")
    assert run(["add", "Never deploy on Fridays: nobody is on call"]) == 0
    assert run(["add", "The token is ghp_" + "a1B2" * 9, "--allow-secret"]) in (0, 2)
    assert run(["scope", "create", "platform", "--url", url]) == 0
    with Memory() as memory:
        (found,) = memory.search("deploy Fridays")
    note = os.path.basename(found.path)
    assert run(["promote", note.removesuffix(".md"), "--to", "team"]) == 0
    assert run(["promote", note.removesuffix(".md"), "--root", str(tmp_path / "laptop/memcairn/memory"),
                "--to", "team"]) == 1  # fmt: skip
    assert run(["sync", "--dry-run", "--json"]) == 0
    capsys.readouterr()
    assert run(["sync", "--json"]) == 0
    (done,) = json.loads(capsys.readouterr().out)["scopes"]
    assert done["sent"] == [f"observed/{note}"]

    user = use("desk")
    assert run(["scope", "join", url, "platform"]) == 0
    assert run(["add", "We deploy with blue-green"]) == 0
    capsys.readouterr()
    assert run(["search", "deploy", "--scope", "team", "--json"]) == 0
    (passage,) = json.loads(capsys.readouterr().out)["passages"]
    assert passage["scope"] == "platform"
    assert "origin:" in (user / "memcairn/scopes/platform/observed" / note).read_text()
    assert run(["sync", "status"]) == 0
    assert "platform (team): 0 ahead, 0 behind" in capsys.readouterr().out
    event = from_fields("session-start", "codex", {"session_id": "s", "cwd": str(user)})
    with Memory() as memory:
        roots = [root.path for root in memory.roots()]
        scope = scopes.of_event(event, roots, memory.config, memory.home)
        assert "team scope platform" in start_text.text(event, scope, None, memory.config)
    assert run(["scope", "leave", "platform"]) == 0
    assert (user / "memcairn/scopes/platform/observed" / note).exists()
    assert run(["sync"]) == 1


def test_what_git_says_reaches_the_user_with_what_to_do(
    tmp_path: Path, use: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    use("laptop")
    assert run(["sync", "init", f"file://{tmp_path}/nothing.git", "--scope", "user"]) == 1
    said = capsys.readouterr().err
    assert "does not appear to be a git repository" in said
    assert "check the URL" in said


@pytest.mark.parametrize(
    ("version", "says"), [(None, "git is not installed"), ("git version 2.30.1", "git is too old")]
)
def test_git_is_found_and_checked(
    tmp_path: Path,
    use: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: str | None,
    says: str,
) -> None:
    use("laptop")
    folder = tmp_path / "bin"
    folder.mkdir()
    if version is not None:
        program = folder / "git"
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/nowhere")
    git_command.program.cache_clear()
    git_command.check_version.cache_clear()
    assert run(["sync"]) == 1
    git_command.program.cache_clear()
    git_command.check_version.cache_clear()
    said = capsys.readouterr().err
    assert says in said
    assert "2.38 or later" in said
