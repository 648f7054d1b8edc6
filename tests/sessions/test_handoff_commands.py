"""`memcairn handoff`, `memcairn session list|show` and `memcairn task` over what sessions did."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from player import Player, check_out

from memcairn.cli.commands import run
from memcairn.memory import Memory

if TYPE_CHECKING:
    from pathlib import Path

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def player(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Player:
    """A session that wrote a file, failed at a command and stopped; its folder is the working directory."""
    folder = tmp_path / "project"
    check_out(folder, "work")
    monkeypatch.chdir(folder)
    with Memory(home, semantic=False) as memory:
        player = Player(memory, folder, "claude-code")
        player.start()
        player.prompt("Begin.")
        player.write("a.py")
        player.run("make check", "", 2)
        player.stop("It fails. Next: look at the log.")
    return player


@pytest.mark.usefixtures("player")
def test_handoff_prints_the_last_session_of_the_branch(capsys: Printed) -> None:
    assert run(["handoff"]) == 0
    printed = capsys.readouterr().out
    assert "Failed: `make check` exit 2" in printed
    assert "Open: look at the log" in printed

    assert run(["handoff", "--branch", "other"]) == 1
    assert "no session of this project did anything on branch other" in capsys.readouterr().out

    assert run(["handoff", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["host"] == "claude-code"


@pytest.mark.usefixtures("player")
def test_handoff_says_that_notes_are_turned_off(
    capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_SESSIONS_NOTES", "false")

    assert run(["handoff"]) == 2
    assert "turned off" in capsys.readouterr().err


def test_sessions_are_listed_with_what_they_did(player: Player, capsys: Printed) -> None:
    assert run(["session", "list"]) == 0

    line = next(line for line in capsys.readouterr().out.splitlines() if player.session in line)
    assert "1 file  1 failing command  1 open end" in line


def test_a_session_is_shown_whole_even_if_only_its_note_is_left(
    player: Player, home: Path, capsys: Printed
) -> None:
    assert run(["session", "show", player.session, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["activity"]["branches"]["work"]["files"] == {"a.py": 1}

    shutil.rmtree(home / "sessions" / player.session)

    assert run(["session", "show", player.session]) == 0
    assert "- `make check`: exit 2" in capsys.readouterr().out
    assert run(["session", "show", player.session, "--json"]) == 0
    assert "`make check`" in json.loads(capsys.readouterr().out)["note"]


@pytest.mark.usefixtures("player")
def test_a_task_from_its_start_to_its_end(capsys: Printed) -> None:
    assert run(["task", "add", "Read the log", "--due", "2026-12-01", "--next", "find it"]) == 0
    id_ = capsys.readouterr().out.strip()

    assert run(["task", "list"]) == 0
    assert (
        f"Read the log (in-progress, due 2026-12-01; id {id_}); next: find it"
        in capsys.readouterr().out
    )
    assert run(["task", "done", id_[:6], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["branch"] == "work"
    assert run(["task", "list"]) == 0
    assert capsys.readouterr().out == ""
    assert run(["task", "resume", id_]) == 0
    assert "## Next steps\n\n- find it" in capsys.readouterr().out
    assert run(["task", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tasks"][0]["status"] == "in-progress"

    assert run(["task", "done", "nothing"]) == 2
    assert run(["task", "add", "x", "--due", "soon"]) == 2
