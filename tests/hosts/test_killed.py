"""`memcairn init`, killed at any change of the disk: the next one completes it, and uninstall restores."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from test_install import THEIRS, snapshot, user, write

from memcairn import paths
from memcairn.hosts import install, plan, uninstall
from memcairn.hosts.known_hosts import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["user"]
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.chmod", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def in_a_process(action: Callable[[], object], kill_at: int = 0) -> tuple[bool, int]:
    """Run an action in a process that is killed before its change number `kill_at`.

    Returns:
        Whether it ended by itself, and how many changes it made.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        made = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal made
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
            if event not in CHANGES and not writes:
                return
            made += 1
            if made == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            sys.addaudithook(count)
            action()
            os.write(writer, str(made).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    made_text = os.read(reader, 16).decode()
    os.close(reader)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0, int(made_text or 0)


@pytest.mark.parametrize("name", ["claude-code", "codex", "copilot"])
def test_a_killed_init_is_completed_by_the_next(
    name: str, user: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    folder = os.getcwd()
    hosts = [BY_NAME[name]]
    theirs = {path: text for path, text in THEIRS.items() if hosts[0].folder in path}

    def start(number: int) -> tuple[Path, dict[str, bytes | None]]:
        own, state = user / str(number), home / str(number)
        own.mkdir()
        state.mkdir(parents=True)
        for path, text in theirs.items():
            write(own / path, text)
        monkeypatch.setenv("HOME", str(own))
        monkeypatch.setenv("MEMCAIRN_HOME", str(state))
        return own, snapshot(own)

    def init() -> None:
        changes = install.planned_changes(hosts, "user", folder, paths.home())
        plan.apply(changes, paths.home(), install=True)

    def remove() -> None:
        changes = uninstall.planned_changes(hosts, folder, paths.home())
        plan.apply(changes, paths.home(), install=False)
        uninstall.remove_leftovers(hosts, folder)

    own, _ = start(0)
    done, changes = in_a_process(init)
    assert done
    complete = snapshot(own)

    for number in range(1, changes + 1):
        own, before = start(number)
        done, _ = in_a_process(init, kill_at=number)
        assert not done

        init()
        assert snapshot(own).keys() == complete.keys(), number
        remove()
        assert snapshot(own) == before, number
