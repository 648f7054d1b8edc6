"""What git says reaches the user with what to do; nothing hangs, and nothing is removed by mistake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from machines import Machine, bare, until
from memcairn.cli.commands import run
from memcairn.errors import SyncError
from memcairn.sync import checkout
from memcairn.sync import git as git_command
from support import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAID = {
    "ssh: Could not resolve hostname host": "check the network",
    "ssh: connect to host host port 22: Connection refused": "check the network",
    "Host key verification failed.": "accept the host key",
    "git@host: Permission denied (publickey).": "let git sign in",
    "ERROR: Repository not found.": "create the empty repository",
    "remote: You are not allowed to push code": "you may read, but not write",
}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "one", bare(tmp_path / "memory.git"))
    machine.write("a.md", "# A\n\nThe first note.\n")
    machine.write("b.md", "# B\n\nThe second note.\n")
    assert machine.sync().left == ""
    yield machine
    machine.memory.close()


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let git call a script for ssh, and the machine's remote be reached with it."""

    def use(script: str) -> None:
        program = tmp_path / "ssh"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("GIT_SSH_COMMAND", str(program))

    return use


def over_ssh(machine: Machine) -> None:
    machine.repository.run("config", "remote.origin.url", "git@host:me/memory.git")


@pytest.mark.parametrize("said", SAID)
def test_what_git_says_is_passed_on_with_what_to_do(
    machine: Machine, ssh: Callable[[str], None], said: str
) -> None:
    ssh(f"echo '{said}' >&2; exit 255")
    over_ssh(machine)

    done = machine.sync()

    assert said in done.left
    assert SAID[said] in (done.hint or "")


def test_nobody_is_asked_for_a_password(machine: Machine, ssh: Callable[[str], None]) -> None:
    ssh(
        '(read answer </dev/tty) 2>/dev/null && exit 0; echo "terminal: $GIT_TERMINAL_PROMPT" >&2; exit 255'
    )
    over_ssh(machine)

    assert "terminal: 0" in machine.sync().left


def test_a_remote_that_does_not_answer_is_given_up(
    machine: Machine, ssh: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh(f"echo $$ >{tmp_path}/pid; exec sleep 600")
    over_ssh(machine)
    monkeypatch.setattr(git_command, "NETWORK_TIMEOUT_S", 3)
    monkeypatch.setattr(git_command, "_POLL_S", 0.1)

    assert "took longer than 3 s" in machine.sync().left
    until(lambda: not is_running(tmp_path / "pid"))


def test_ctrl_c_ends_git_and_everything_that_it_started(
    machine: Machine, ssh: Callable[[str], None], tmp_path: Path
) -> None:
    ssh(f"echo $$ >{tmp_path}/pid; exec sleep 600")
    over_ssh(machine)
    environment = os.environ | {"MEMCAIRN_HOME": machine.memory.home}
    sync = subprocess.Popen([*PROGRAM, "sync"], env=environment, stderr=subprocess.PIPE)
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())

    sync.send_signal(signal.SIGINT)

    assert b"stopped" in sync.communicate(timeout=60)[1]
    assert sync.returncode == 130
    until(lambda: not is_running(tmp_path / "pid"))


def is_running(file: Path) -> bool:
    try:
        os.kill(int(file.read_text()), 0)
    except ProcessLookupError:
        return False
    # A zombie has ended, too.
    return (
        sys.platform != "linux"
        or " Z " not in Path(f"/proc/{file.read_text().strip()}/stat").read_text()
    )


def test_a_reader_takes_what_others_send_and_reads_why_nothing_was_sent(
    machine: Machine, tmp_path: Path
) -> None:
    reader = Machine(tmp_path / "reader", machine.scope.url)
    hook = tmp_path / "memory.git" / "hooks" / "pre-receive"
    hook.write_text(
        "#!/bin/sh\necho 'You are not allowed to push to this repository' >&2\nexit 1\n"
    )
    hook.chmod(0o755)
    reader.write("mine.md", "mine\n")

    done = reader.sync()

    assert sorted(done.taken) == ["a.md", "b.md"]
    assert "not allowed to push" in done.left
    assert "you may read, but not write" in (done.hint or "")
    reader.memory.close()


def test_notes_that_vanish_at_once_are_not_removed_elsewhere(machine: Machine) -> None:
    machine.memory.index(machine.root)
    for name in ("a.md", "b.md"):
        (machine.root / name).unlink()
    before = machine.repository.commit_of("refs/heads/main")

    assert "is away" in machine.sync().left
    assert machine.repository.commit_of("refs/remotes/origin/main") == before
    machine.memory.index(machine.root, force=True)
    assert machine.sync().left == ""
    assert machine.files() == {}


def test_a_folder_that_is_not_there_is_not_an_empty_one(machine: Machine) -> None:
    machine.root.rename(machine.root.with_name("elsewhere"))
    assert "does not exist" in machine.sync().left
    machine.root.with_name("elsewhere").rename(machine.root)
    assert machine.sync().left == ""


def test_a_file_system_that_cannot_hold_two_names_loses_neither_note(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mac = Machine(tmp_path / "mac", machine.scope.url)
    mac.sync()
    machine.write("A.md", "# Another\n")
    machine.sync()
    stat = os.stat
    monkeypatch.setattr(
        os, "stat", lambda path, **named: stat("a.md" if path == "A.md" else path, **named)
    )

    done = mac.sync()

    assert "differs from another file in case only" in done.left
    assert mac.files()["a.md"] == b"# A\n\nThe first note.\n"
    assert mac.sync().left == done.left
    assert mac.repository.line("ls-tree", "--name-only", "refs/remotes/origin/main").split() == [
        ".memcairn-scope.json", "A.md", "a.md", "b.md",
    ]  # fmt: skip
    mac.memory.close()


def test_status_without_scopes_says_that_something_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MEMCAIRN_HOME", str(tmp_path / "home"))
    assert run(["sync", "status"]) == 1
    assert "memcairn sync init URL" in capsys.readouterr().err
    assert run(["sync", "status", "--nothing"]) == 2
    assert run(["sync", "--scope", "nothing"]) == 2


def test_status_says_what_is_left(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_HOME", machine.memory.home)
    assert run(["sync", "status"]) == 0
    assert "0 ahead, 0 behind, 0 files changed" in capsys.readouterr().out
    machine.repository.run("config", "remote.origin.url", "/nowhere")
    machine.write("c.md", "c\n")
    assert machine.sync().left
    assert run(["sync", "status"]) == 1
    said = capsys.readouterr().out
    assert "1 ahead" in said
    assert "left: git fetch failed" in said


def test_a_symlink_in_the_place_of_a_folder_stops_the_sync_and_loses_nothing(
    machine: Machine, tmp_path: Path
) -> None:
    other = Machine(tmp_path / "other", machine.scope.url)
    other.sync()
    (tmp_path / "outside").mkdir()
    (other.root / "sub").symlink_to(tmp_path / "outside")
    machine.write("sub/c.md", "c\n")
    machine.sync()

    done = other.sync()

    assert "sub" in done.left
    assert not list((tmp_path / "outside").iterdir())
    (other.root / "sub").unlink()
    assert other.sync().left == ""
    assert other.files() == machine.files()
    other.memory.close()


def test_git_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    git_command.check_version.cache_clear()
    monkeypatch.setattr(git_command, "run", lambda *_, **__: b"git version 2.37.9\n")
    with pytest.raises(SyncError, match=r"git is too old: git version 2\.37\.9"):
        checkout.git.check_version()
    git_command.check_version.cache_clear()
