"""A root in a person's repository: only the notes are committed, and nothing else is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from machines import Machine, bare, git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = bare(tmp_path / "app.git")
    first = clone(tmp_path, url, "first")
    (first / "code.py").write_text("print(1)\n")
    (first / "notes").mkdir()
    (first / "notes" / "old.md").write_text("old\n")
    git(first, "add", "-A")
    git(first, "commit", "-qm", "begin")
    git(first, "push", "-q", "origin", "HEAD")
    return url


@pytest.fixture
def app(tmp_path: Path, url: str) -> Path:
    return clone(tmp_path, url, "app")


@pytest.fixture
def machine(tmp_path: Path, app: Path, url: str) -> Iterator[Machine]:
    machine = Machine(tmp_path / "machine", url, root=app / "notes")
    machine.write("new.md", "new\n")
    yield machine
    machine.memory.close()


def clone(tmp_path: Path, url: str, name: str) -> Path:
    git(tmp_path, "clone", "-q", url, name)
    folder = tmp_path / name
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
        git(folder, "config", key, value)
    return folder


def state(app: Path) -> tuple[str, ...]:
    """What a person would notice."""
    commands = (("status", "--porcelain"), ("rev-parse", "HEAD"), ("stash", "list"), ("diff",))
    return tuple(git(app, *one, check=False) for one in commands)


def test_only_the_notes_are_committed_and_sent(machine: Machine, app: Path, url: str) -> None:
    (app / "code.py").write_text("print(2)\n")
    (app / "draft.txt").write_text("draft\n")

    done = machine.sync()

    assert (done.left, done.sent) == ("", ["new.md"])
    assert git(app, "status", "--porcelain").split() == ["M", "code.py", "??", "draft.txt"]
    assert git(app, "show", "--name-only", "--format=%s", "HEAD").split()[-1] == "notes/new.md"
    assert "notes/new.md" in git(app, "ls-tree", "-r", "--name-only", "@{upstream}")


def test_notes_of_others_come_and_the_person_keeps_what_is_not_committed(
    machine: Machine, app: Path, tmp_path: Path
) -> None:
    other = tmp_path / "first"
    (other / "notes" / "theirs.md").write_text("theirs\n")
    git(other, "add", "-A")
    git(other, "commit", "-qm", "memcairn: theirs")
    git(other, "push", "-q", "origin", "HEAD")
    (app / "code.py").write_text("print(2)\n")

    done = machine.sync()

    assert (done.left, done.taken) == ("", ["theirs.md"])
    assert (app / "notes" / "theirs.md").read_text() == "theirs\n"
    assert (app / "code.py").read_text() == "print(2)\n"
    assert (
        git(app, "log", "--format=%s", "@{upstream}").splitlines()[0].startswith("memcairn: merge")
    )


def detach(app: Path) -> None:
    git(app, "checkout", "-q", "--detach")


def stage(app: Path) -> None:
    (app / "code.py").write_text("print(3)\n")
    git(app, "add", "code.py")


def rebase(app: Path) -> None:
    (app / "code.py").write_text("print(2)\n")
    git(app, "commit", "-qam", "two")
    git(app, "checkout", "-q", "-b", "other", "HEAD~1")
    (app / "code.py").write_text("print(3)\n")
    git(app, "commit", "-qam", "three")
    git(app, "rebase", "-", check=False)


def failing_hook(app: Path) -> None:
    hook = app / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho the linter says no >&2\nexit 1\n")
    hook.chmod(0o755)


def signing(app: Path) -> None:
    git(app, "config", "commit.gpgSign", "true")
    git(app, "config", "gpg.program", "/nowhere/gpg")


def unpushed(app: Path) -> None:
    (app / "code.py").write_text("print(2)\n")
    git(app, "commit", "-qam", "my own work")


def changed_code(app: Path) -> None:
    other = app.parent / "first"
    (other / "code.py").write_text("print(9)\n")
    git(other, "commit", "-qam", "code")
    git(other, "push", "-q", "origin", "HEAD")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (detach, "the head is detached"),
        (stage, "changes are staged"),
        (rebase, "a rebase is under way"),
        (failing_hook, "the linter says no"),
        (signing, "gpg"),
        (unpushed, "are not pushed yet"),
        (changed_code, "changes beyond the notes"),
    ],
)
def test_in_the_middle_of_something_the_repository_is_left_alone_and_it_says_why(
    machine: Machine, app: Path, make: object, says: str
) -> None:
    make(app)  # type: ignore[operator]
    before = state(app)

    done = machine.sync()

    assert says in done.left
    assert done.hint
    if make not in (unpushed, changed_code):  # there, the note itself could be committed
        assert state(app) == before
    assert (app / "notes" / "new.md").read_text() == "new\n"


def test_a_shallow_clone_and_a_submodule_work_or_say_what_is_missing(
    tmp_path: Path, url: str
) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", url, "shallow")
    shallow = tmp_path / "shallow"
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
        git(shallow, "config", key, value)
    machine = Machine(tmp_path / "m2", url, root=shallow / "notes")
    machine.write("new.md", "new\n")
    assert machine.sync().left == ""
    machine.memory.close()

    outer = bare(tmp_path / "outer.git")
    git(tmp_path, "clone", "-q", outer, "outer")
    git(
        tmp_path / "outer",
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        url,
        "app",
    )
    git(tmp_path / "outer" / "app", "checkout", "-q", "--detach")
    with pytest.raises(Exception, match="the head is detached"):
        Machine(tmp_path / "m3", url, root=tmp_path / "outer" / "app" / "notes")


def nested(folder: Path) -> Path:
    """A repository of its own, with a commit and with work that is not committed."""
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "inner.md").write_text("inner\n")
    git(folder, "add", "inner.md")
    git(folder, "commit", "-qm", "inner")
    (folder / "inner.md").write_text("not committed\n")
    (folder / "draft.md").write_text("draft\n")
    return folder


def test_a_repository_inside_the_notes_of_a_persons_repository_is_left_alone(
    machine: Machine, app: Path
) -> None:
    inner = nested(app / "notes" / "inner")
    before = state(inner), git(inner, "log", "--format=%H")

    done = machine.sync()

    assert (done.left, done.sent) == ("", ["new.md"])
    assert "notes/inner" not in git(app, "ls-tree", "-r", "--name-only", "HEAD")
    assert (state(inner), git(inner, "log", "--format=%H")) == before
    assert machine.sync().sent == []


def test_a_submodule_inside_the_notes_is_left_alone(
    machine: Machine, app: Path, tmp_path: Path
) -> None:
    bare(tmp_path / "module.git")
    source = nested(tmp_path / "module")
    git(source, "push", "-q", str(tmp_path / "module.git"), "HEAD")
    allowed = ("-c", "protocol.file.allow=always")
    git(app, *allowed, "submodule", "--quiet", "add", str(tmp_path / "module.git"), "notes/module")
    git(app, "commit", "-qm", "module")
    git(app, "push", "-q")
    module = app / "notes" / "module"
    (module / "later.md").write_text("later\n")
    git(module, "add", "later.md")
    git(module, "commit", "-qm", "later")
    (module / "draft.md").write_text("draft\n")
    before = state(module), git(app, "ls-tree", "HEAD", "notes/module")

    done = machine.sync()

    assert (done.left, done.sent) == ("", ["new.md"])
    assert (state(module), git(app, "ls-tree", "HEAD", "notes/module")) == before


def test_a_repository_inside_the_notes_of_a_scope_is_neither_sent_nor_removed(
    tmp_path: Path,
) -> None:
    url = bare(tmp_path / "memory.git")
    one, other = (Machine(tmp_path / name, url) for name in ("one", "other"))
    one.write("deploy.md", "# Deploy\n")
    inner = nested(one.root / "inner")
    before = state(inner)

    assert (one.sync().left, other.sync().taken) == ("", ["deploy.md"])
    other.write("inner/theirs.md", "theirs\n")
    other.sync()
    taken = one.sync()

    assert state(inner)[1:] == before[1:]
    assert (inner / "inner.md").read_text() == "not committed\n"
    assert taken.left == "" or "inner" in taken.left
    assert (one.root / "deploy.md").exists()
    one.memory.close()
    other.memory.close()
