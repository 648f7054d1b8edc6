"""A sync that is stopped, and a disk that fails: the next sync goes on, and nothing is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from machines import Machine, bare, git
from memcairn.errors import StateError
from memcairn.fs.sandbox import Folder
from memcairn.settings import shared_scopes
from memcairn.sync import checkout
from memcairn.sync.git import Repository
from support import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES = "# Style\n\nUse feat and fix.\n\nWrite short subjects.\n\nExplain why.\n"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return bare(tmp_path / "memory.git")


@pytest.fixture
def one(tmp_path: Path, url: str) -> Iterator[Machine]:
    machine = Machine(tmp_path / "one", url)
    yield machine
    machine.memory.close()


@pytest.fixture
def other(tmp_path: Path, url: str) -> Iterator[Machine]:
    machine = Machine(tmp_path / "other", url)
    yield machine
    machine.memory.close()


def renamed_there_and_edited_here(one: Machine, other: Machine) -> None:
    one.write("style.md", LINES)
    one.sync()
    other.sync()
    (one.root / "style.md").rename(one.root / "commits.md")
    one.sync()
    other.write("style.md", LINES + "\nNo scopes.\n")


def test_an_edit_of_a_note_that_was_renamed_outlives_a_sync_that_stops_between_the_two_names(
    one: Machine, other: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    renamed_there_and_edited_here(one, other)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "write_new", stopped)
        with pytest.raises(KeyboardInterrupt):
            other.sync()
    assert other.files() == {}

    assert other.sync().left == ""

    assert list(other.files()) == ["commits.md"]
    assert b"No scopes." in other.files()["commits.md"]
    one.sync()
    assert one.files() == other.files()


def test_an_edit_made_after_a_sync_was_stopped_is_merged(
    one: Machine, other: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.write("style.md", LINES)
    one.write("z.md", "# Z\n")
    one.sync()
    other.sync()
    one.write("style.md", LINES.replace("feat", "feature"))
    one.write("z.md", "# Z\n\nNew.\n")
    one.sync()
    with monkeypatch.context() as patch:
        patch.setattr(checkout, "move_branch", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            other.sync()
    other.write("style.md", LINES.replace("feat", "feature") + "\nNo scopes.\n")

    assert other.sync().left == ""
    one.sync()

    assert one.files() == other.files()
    assert list(one.files()) == ["style.md", "z.md"]
    assert b"feature" in one.files()["style.md"]
    assert b"No scopes." in one.files()["style.md"]


def test_a_merge_in_a_persons_repository_that_git_did_not_finish_is_taken_back_and_done_again(
    tmp_path: Path, one: Machine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.write("style.md", LINES)
    one.sync()
    git(tmp_path, "clone", "--quiet", url, "theirs")
    for name, value in {"user.name": "Ada", "user.email": "ada@example.com"}.items():
        git(tmp_path / "theirs", "config", name, value)
    other = Machine(tmp_path / "theirs-home", "", root=tmp_path / "theirs")
    (one.root / "style.md").rename(one.root / "commits.md")
    one.sync()
    other.write("style.md", LINES + "\nNo scopes.\n")

    def killed(*_: object) -> None:
        (other.root / "style.md").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkout, "contents", killed)
        with pytest.raises(KeyboardInterrupt):
            other.sync()

    assert other.sync().left == ""

    assert [name for name in other.files() if not name.startswith(".git")] == [
        ".memcairn-scope.json", "commits.md",
    ]  # fmt: skip
    assert b"No scopes." in other.files()["commits.md"]
    other.memory.close()


def test_a_note_that_git_had_written_in_part_is_whole_after_the_next_sync(
    tmp_path: Path, one: Machine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.write("style.md", LINES)
    one.sync()
    git(tmp_path, "clone", "--quiet", url, "theirs")
    other = Machine(tmp_path / "theirs-home", "", root=tmp_path / "theirs")
    one.write("style.md", LINES.replace("feat", "feature"))
    one.sync()
    run = Repository.run

    def stopped(self: Repository, *arguments: str, **named: object) -> bytes:
        if arguments[0] == "merge":
            (other.root / "style.md").write_text("# Sty")
            raise KeyboardInterrupt
        return run(self, *arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Repository, "run", stopped)
        with pytest.raises(KeyboardInterrupt):
            other.sync()

    assert other.sync().left == ""

    assert other.files()["style.md"] == one.files()["style.md"]
    assert not [name for name in other.files() if "conflict" in name]
    one.sync()
    assert b"feature" in one.files()["style.md"]
    other.memory.close()


def test_a_removal_is_not_taken_for_done_where_the_disk_cannot_read(
    one: Machine, other: Machine
) -> None:
    one.write("style.md", LINES)
    one.sync()
    other.sync()
    (one.root / "style.md").unlink()
    one.sync()

    with unreadable("style.md"):
        assert "cannot be kept" in other.sync().left

    assert other.sync().left == ""
    assert other.files() == one.files() == {}


def test_nested_notes_are_not_sent_because_the_disk_cannot_read_which_roots_there_are(
    one: Machine,
) -> None:
    one.write("private/diary.md", "# Diary\n")
    one.memory.open_root(one.root / "private").adopt()
    one.write("deploy.md", "# Deploy\n")

    with unreadable("roots.json"):
        assert one.sync().left

    assert one.sync().sent == ["deploy.md"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"scopes": {"a": 1}}',
        b'{"scopes": [1]}',
        b'{"scopes": [{"name": "a"}]}',
        b'{"scopes": [{"name": 1, "kind": "team", "url": "", "branch": "", "root": "/a"}]}',
        b'{"scopes": [{"name": "a", "kind": "clan", "url": "", "branch": "", "root": "/a"}]}',
        b'{"scopes": [{"name": "a", "kind": ["team"], "url": "", "branch": "", "root": "/a"}]}',
        b'{"scopes": [{"name": "a", "kind": "team", "url": "", "branch": "", "root": ""}]}',
        b'{"scopes": [{"name": "a", "kind": "team", "url": "", "branch": "", "root": "/a", "own": 1}]}',
    ],
)
def test_scopes_that_are_damaged_are_reported_and_never_replaced(
    one: Machine, content: bytes
) -> None:
    file = one.root.parent / "home/scopes.json"
    file.write_bytes(content)
    one.write("deploy.md", "# Deploy\n\nBlue-green.\n")

    with pytest.raises(StateError, match="is damaged"):
        shared_scopes.load(one.memory.home)
    with pytest.raises(StateError, match="is damaged"):
        shared_scopes.add(one.memory.home, one.scope)

    assert file.read_bytes() == content
    one.memory.index(one.root)
    assert one.memory.search("blue-green")


def test_scopes_are_not_forgotten_because_the_disk_cannot_read_them_once(one: Machine) -> None:
    file = one.root.parent / "home/scopes.json"
    before = json.loads(file.read_bytes())

    with unreadable("scopes.json"), pytest.raises(StateError, match="cannot be read"):
        shared_scopes.add(one.memory.home, one.scope._replace(name="other", root="/elsewhere"))

    assert json.loads(file.read_bytes()) == before
