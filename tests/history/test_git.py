from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from memcairn.errors import StateError
from memcairn.history import Bounds, History
from memcairn.history.git import GitHistory
from memcairn.history.repository import Repository

from .contract import HistoryContract, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from memcairn.vault import Vault

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "history"


@pytest.fixture
def open_git(folder: Path, root: Path) -> Iterator[Callable[..., GitHistory]]:
    histories = []

    def open_(bounds: Bounds | None = None) -> GitHistory:
        histories.append(GitHistory(folder, root, bounds=bounds))
        return histories[-1]

    yield open_
    for history in histories:
        history.close()


class TestGit(HistoryContract):
    @pytest.fixture
    def opened(self, open_git: Callable[..., History]) -> Callable[..., History]:
        return open_git


class TestGitBeyondTheJournal(HistoryContract):
    """The same where the journal keeps only the latest revision: git answers."""

    @pytest.fixture
    def opened(
        self, open_git: Callable[..., History], monkeypatch: pytest.MonkeyPatch
    ) -> Callable[..., History]:
        monkeypatch.setattr(GitHistory, "_wake", commit_and_drop)
        return open_git


def commit_and_drop(history: GitHistory) -> None:
    """Commit, then drop all revisions of the journal but the latest one."""
    history.commit()
    journal = history._journal
    bounds, journal._bounds = journal._bounds, Bounds(max_revisions=1)
    journal.database.run(journal._drop_oldest)
    journal._bounds = bounds


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", f"--git-dir={folder / 'git'}", *arguments],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def tree(folder: Path) -> dict[str, str]:
    names = git(folder, "ls-tree", "-r", "-z", "--name-only", "main").split("\0")[:-1]
    return {name: git(folder, "show", f"main:{name}") for name in names}


def on_disk(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for path in root.rglob("*")
        if path.is_file()
    }


def test_every_change_is_a_commit_with_its_tool_and_session(
    open_git: Callable[..., GitHistory], vault: Vault, folder: Path
) -> None:
    history = open_git()
    with history.recording("write", ["a.md"], session="s1"):
        vault.write("a.md", "one")
    with history.recording("edit", ["a.md"]):
        vault.edit("a.md", "one", "two")
    history.close()

    subjects = git(folder, "log", "--format=%s").splitlines()
    assert subjects == ["edit a.md", "write a.md"]
    assert "Memcairn-Session: s1" in git(folder, "log", "--format=%B")
    assert git(folder, "show", "main:a.md") == "two"
    assert git(folder, "show", "main~1:a.md") == "one"
    assert git(folder, "fsck", "--strict") == ""


def test_each_commit_holds_what_its_own_call_left(
    open_git: Callable[..., GitHistory], vault: Vault, folder: Path
) -> None:
    history = open_git()
    for n in range(20):
        write(history, vault, "a.md", str(n))
    history.close()

    found = [git(folder, "show", f"main~{19 - n}:a.md") for n in range(20)]
    assert found == [str(n) for n in range(20)]


def test_the_tree_is_the_root(
    open_git: Callable[..., GitHistory], vault: Vault, root: Path, folder: Path
) -> None:
    for path in ("old.md", "f/a.md", "f/b.md", "g/c.md"):
        vault.write(path, path)
    history = open_git()
    write(history, vault, "new.md", "new")
    with history.recording("move", ["f"]) as recording:
        recording.created(vault.move("f", "h").changed)
    with history.recording("remove", ["g"]):
        vault.remove("g", recursive=True)
    write(history, vault, "g", "a file in the place of a folder")
    history.close()

    assert tree(folder) == on_disk(root)


@pytest.mark.parametrize(
    "path",
    ['quote".md', "back\\slash.md", "GIT~1.md", "a:b?*.md", "ä ☃.md", "-x.md", ":(top)x.md", "[a].md",
     "sp ace/ x .md", "con.md", "git.md/.gitignore", "l\u2028s.md"],
)  # fmt: skip
def test_any_name_can_be_committed(
    path: str, open_git: Callable[..., GitHistory], root: Path, folder: Path
) -> None:
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text("one", "utf-8")
    history = open_git()
    first = history.keep([path])
    (root / path).write_text("two", "utf-8")
    history.keep([path])
    (root / "other.md").write_text("other", "utf-8")
    last = history.keep(["other.md"])
    commit_and_drop(history)

    assert first is not None
    assert last is not None
    assert [r.paths for r in history.log(path=path)] == [(path,), (path,)]
    assert history.content(path, first.id) == b"one"
    assert history.content(path, last.id) == b"two"
    assert path in git(folder, "ls-tree", "-r", "-z", "--name-only", "main").split("\0")


def test_the_users_own_repository_is_left_alone(
    open_git: Callable[..., GitHistory],
    vault: Vault,
    root: Path,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "post-commit", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/hook-ran\n", "utf-8")
        (hooks / name).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n\thooksPath = {hooks}\n[commit]\n\tgpgsign = true\n", "utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (tmp_path / "hook-ran").unlink(missing_ok=True)
    # As in a hook of the user's own git.
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(root / ".git"))
    before = {p: p.stat().st_mtime_ns for p in (root / ".git").rglob("*")}

    history = open_git()
    write(history, vault, "a.md", "one")
    history.close()

    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name)
    assert {p: p.stat().st_mtime_ns for p in (root / ".git").rglob("*")} == before
    assert not (tmp_path / "hook-ran").exists()
    assert tree(folder) == {"a.md": "one"}


def test_packs_are_joined_and_nothing_is_lost(
    open_git: Callable[..., GitHistory],
    vault: Vault,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("memcairn.history.repository._PACKS", 4)
    monkeypatch.setattr(GitHistory, "_wake", lambda _: None)
    history = open_git()
    for n in range(12):
        write(history, vault, "a.md", str(n))
        history.commit()

    packs = len(list((folder / "git" / "objects" / "pack").glob("*.pack")))
    assert packs <= 4
    assert [git(folder, "show", f"main~{11 - n}:a.md") for n in range(12)] == list(
        map(str, range(12))
    )
    assert git(folder, "fsck", "--strict") == ""


def test_what_was_not_committed_is_committed_by_the_next_process(
    open_git: Callable[..., GitHistory],
    vault: Vault,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(GitHistory, "_wake", lambda _: None)
        history = open_git()
        for n in range(3):
            write(history, vault, "a.md", str(n))
        history.close()
    assert not (folder / "git").exists()

    again = open_git()
    write(again, vault, "a.md", "last")
    again.close()

    assert len(git(folder, "log", "--format=%s").splitlines()) == 4


def test_without_git_the_journal_has_it_all(
    open_git: Callable[..., GitHistory],
    vault: Vault,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    history = open_git()
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(tmp_path))

    first = write(history, vault, "a.md", "one")
    history.close()

    assert "git is not installed" in caplog.text
    assert history.content("a.md", first) == b"one"
    monkeypatch.setenv("PATH", path)
    assert history.commit() == 1
    assert tree(folder) == {"a.md": "one"}


def test_a_gap_in_the_journal_is_closed_with_the_files_as_they_are(
    open_git: Callable[..., GitHistory],
    vault: Vault,
    root: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(GitHistory, "_wake", lambda _: None)
    history = open_git(Bounds(max_revisions=2))
    for path in ("a.md", "b.md", "c.md"):
        write(history, vault, path, "old")
    history.commit()
    with history.recording("remove", ["a.md"]):
        vault.remove("a.md")
    write(history, vault, "b.md", "new")
    for n in range(5):
        write(history, vault, "c.md", str(n))

    history.commit()

    assert tree(folder) == on_disk(root) == {"b.md": "new", "c.md": "4"}
    assert history.commit() == 0


def test_a_new_journal_goes_on_where_git_is(
    open_git: Callable[..., GitHistory], vault: Vault, root: Path, folder: Path
) -> None:
    history = open_git()
    last = write(history, vault, "a.md", "one")
    write(history, vault, "b.md", "b")
    history.close()
    for file in folder.glob("history.db*"):
        file.unlink()
    (root / "b.md").unlink()

    again = open_git()
    new = write(again, vault, "a.md", "two")
    again.close()

    assert new > last
    assert again.content("a.md", last) == b"one"
    assert tree(folder) == on_disk(root)
    # What went unseen is in git.
    assert again.content("b.md", last + 1) == b"b"


def test_a_commit_that_fails_in_the_background_stops_nothing(
    open_git: Callable[..., GitHistory],
    vault: Vault,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("memcairn.history.git._GATHER_S", 0)
    tried = threading.Semaphore(0)
    errors = [OSError(28, "No space left on device"), RuntimeError("a defect")]

    def commit(_: GitHistory) -> int:
        tried.release()
        raise errors.pop()

    history = open_git()
    with monkeypatch.context() as patch:
        patch.setattr(GitHistory, "commit", commit)
        for n in range(2):
            write(history, vault, "a.md", str(n))
            assert tried.acquire(timeout=30)
        while errors or sum("not_committed" in line for line in caplog.messages) < 2:
            time.sleep(0.001)
    history.close()

    assert tree(folder) == {"a.md": "1"}
    assert "a defect" in caplog.text


def test_a_repository_that_cannot_be_made_is_said_and_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository(folder / "git")
    (folder / "git").mkdir(parents=True)
    (folder / "git" / "something").touch()
    with pytest.raises(StateError, match="cannot be made"):
        repository.make()

    monkeypatch.setenv("PATH", str(folder / "nothing"))
    with pytest.raises(StateError, match="git is not installed"):
        repository.make()
    assert {path.name for path in folder.iterdir()} == {"git"}
