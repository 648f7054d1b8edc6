"""`memcairn session`."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from memcairn.cli.commands import run
from memcairn.sessions import Line, Sessions
from support import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = ("MEMCAIRN_SESSION", "CLAUDE_CODE_SESSION_ID", "GEMINI_SESSION_ID", "CODEX_THREAD_ID")


@pytest.fixture(autouse=True)
def _no_session_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_start_prints_the_id_that_the_other_commands_take(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    assert run(["session", "start"]) == 0
    id_ = capsys.readouterr().out.strip()
    Sessions(str(home)).start(id_).log(Line("mem_write", "/r/a.md", "created", 3, 1.0))

    assert run(["session", "show", id_, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [line["path"] for line in shown["lines"]] == ["/r/a.md"]
    assert run(["session", "end", id_]) == 0
    assert run(["session", "list"]) == 0
    assert f"ended  {id_}" in capsys.readouterr().out


def test_list_shows_the_last_sessions(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    for number in range(4):
        Sessions(str(home)).start(f"s{number}", pid=os.getpid())

    assert run(["session", "list", "-n", "2", "--json"]) == 0

    listed = json.loads(capsys.readouterr().out)["sessions"]
    assert [one["id"] for one in listed] == ["s3", "s2"]


def test_start_takes_an_id_and_a_root(capsys: pytest.CaptureFixture[str], notes: Path) -> None:
    assert run(["session", "start", "--id", "../x", "--root", str(notes), "--json"]) == 0

    started = json.loads(capsys.readouterr().out)
    assert (started["id"], started["root"]) == ("../x", str(notes.resolve()))
    assert os.path.isdir(started["scratch"])


def test_end_auto_ends_the_session_of_the_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(str(home))
    sessions.start("mine", pid=0)
    sessions.start("other", pid=0)
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "mine")

    assert run(["session", "end", "--auto"]) == 0

    assert sessions.open("mine") is None
    assert sessions.open("other") is not None


def test_end_auto_ends_the_session_of_the_process_above(home: Path) -> None:
    Sessions(str(home)).start("mine", pid=os.getpid())

    done = subprocess.run([*PROGRAM, "session", "end", "--auto"], capture_output=True, check=True)

    assert (done.stdout, done.stderr) == (b"", b"")
    assert Sessions(str(home)).open("mine") is None


def test_end_auto_is_silent_where_there_is_no_session(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["session", "end", "--auto"]) == 0

    assert capfd.readouterr() == ("", "")


def test_a_session_that_does_not_exist_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["session", "end", "nope"]) == 2
    assert run(["session", "show", "nope"]) == 2

    assert "there is no session 'nope'" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["end"], ["end", "--auto", "x"]])
def test_end_takes_an_id_or_auto(arguments: list[str]) -> None:
    assert run(["session", *arguments]) == 2


@pytest.mark.parametrize("arguments", [["--keep-scratch"], []])
def test_the_scratch_folder_is_kept_by_a_flag_or_a_setting(
    arguments: list[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = Sessions(str(home)).start("one")
    if not arguments:
        monkeypatch.setenv("MEMCAIRN_SESSIONS_KEEP_SCRATCH", "1")

    assert run(["session", "end", "one", *arguments]) == 0

    assert os.path.isdir(os.path.join(started.folder, "scratch"))


def test_an_id_with_control_characters_does_not_reach_the_terminal(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Sessions(str(home)).start("evil\x1b[2J")

    assert run(["session", "list"]) == 0

    assert "\x1b" not in capsys.readouterr().out


def test_a_home_that_cannot_be_written_is_said(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write_text("a file", encoding="utf-8")

    assert run(["session", "start"]) == 1

    assert "cannot be written" in capsys.readouterr().err
