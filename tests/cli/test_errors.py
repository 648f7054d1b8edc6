"""One style of error: what happened to which path, and on the next line what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from memcairn.cli.commands import run
from support import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command that fails; gives its lines on stderr."""

    def said(*arguments: str | Path, code: int = 2) -> list[str]:
        assert run(list(map(str, arguments))) == code
        printed = capsys.readouterr()
        assert printed.out == ""
        return printed.err.splitlines()

    return said


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ("serach x", "there is no command serach", "did you mean search?"),
        ("trash lst", "trash: there is no command lst", "did you mean list?"),
        ("search --limt 3 x", "search: there is no option --limt", "did you mean --limit?"),
        ("trash list --rot x", "trash list: there is no option --rot", "did you mean --root?"),
        ("xyzzy", "there is no command xyzzy", "see `memcairn --help`"),
        ("search x --xyzzy", "search: there is no option --xyzzy", "see `memcairn search --help`"),
        ("search", "QUERY is missing", "see `memcairn search --help`"),
        ("trash restore", "ID is missing", "see `memcairn trash restore --help`"),
        (
            "search x --limit y",
            "--limit: 'y' is not a valid integer",
            "see `memcairn search --help`",
        ),
        ("search --limit", "option '--limit' requires an argument", "see `memcairn --help`"),
        (
            "index --flush x",
            "--flush takes no plain PATH: write --flush --paths PATH",
            "see `memcairn index --help`",
        ),
    ],
)
def test_wrong_usage_is_named_with_what_was_meant(
    said: Any, arguments: str, message: str, hint: str
) -> None:
    assert said(*arguments.split()) == [f"memcairn: {message}", f"  {hint}"]


@pytest.mark.parametrize(
    ("arguments", "code", "type_", "message"),
    [
        ("serach x --json", 2, "UsageError", "there is no command serach"),
        ("search --json", 2, "UsageError", "QUERY is missing"),
        ("serve --json", 2, "UsageError", "serve: there is no option --json"),
        ("pin nowhere.md --json", 1, "NoteMissing", None),
        ("session show nothing --json", 2, "UsageError", "there is no session 'nothing'"),
    ],
)
def test_an_error_is_one_json_document_too(
    arguments: str,
    code: int,
    type_: str,
    message: str | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(arguments.split()) == code

    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert list(document) == ["error"]
    error = document["error"]
    assert list(error) == ["message", "path", "hint", "type"]
    assert error["type"] == type_
    assert message in (None, error["message"])
    assert printed.err.startswith("memcairn: ")


def test_what_the_system_refuses_is_json_too(home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "memory").write_text("in the way", encoding="utf-8")

    done = subprocess.run(
        [*PROGRAM, "add", "we deploy", "--json"], capture_output=True, text=True, check=False
    )

    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["message"]) == (1, "File exists")
    assert error["path"] == str(home / "memory")


def test_json_after_the_end_of_options_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pin", "--", "--json", "x"]) == 2

    assert capsys.readouterr().out == ""


def test_a_wrong_number_is_named_in_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "--limit", "x", "kiwi"]) == 2
    assert "--limit: 'x' is not a valid integer\n" in capsys.readouterr().err


def test_no_option_is_suggested_for_its_dashes_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--json"]) == 2
    assert "see `memcairn init --help`" in capsys.readouterr().out


# ── no silent success ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("command", "said_on_stderr"),
    [
        ("list", "there are no notes yet"),
        ("namespaces", "there are no notes yet"),
        ("session list", "there are no sessions yet"),
        ("task list", "there are no open tasks"),
        ("scope list", "there are no scopes yet"),
        ("log --recall", "hooks have shown nothing yet"),
        ("trash list --root", "the trash is empty"),
        ("snapshot list --root", "there are no snapshots"),
        ("log --root", "no change is recorded"),
        ("review --root", "nothing waits"),
    ],
)
def test_an_empty_list_says_so_beside_stdout(
    notes: Path, home: Path, capsys: pytest.CaptureFixture[str], command: str, said_on_stderr: str
) -> None:
    arguments = command.split()
    if "--root" in arguments:
        assert run(["index", str(notes), "--quiet"]) == 0
        arguments.append(str(notes))
    capsys.readouterr()

    assert run(arguments) == 0

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"memcairn: {said_on_stderr}")
    assert not (home / "memory").exists()
    assert not (home / "trash").exists()


def test_only_a_new_task_makes_the_notes_folder_of_a_project(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["task", "done", "x"]) == 2
    assert "no tasks yet" in capsys.readouterr().err
    assert not (home / "memory").exists()

    assert run(["task", "add", "Update the docs"]) == 0
    assert run(["task", "list"]) == 0
    assert "Update the docs" in capsys.readouterr().out


@pytest.fixture
def note(notes: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    note = notes / "deploy.md"
    note.write_text("---\ntype: project\n---\nWe deploy with blue-green.\n", encoding="utf-8")
    assert run(["index", str(notes)]) == 0
    capsys.readouterr()
    return note


@pytest.mark.parametrize(("filter_", "known"), [("--type", "project"), ("--namespace", "notes")])
def test_a_search_for_a_type_or_namespace_that_no_note_has_is_refused(
    said: Any, note: Path, filter_: str, known: str
) -> None:
    assert said("search", filter_, "xyzzy", "blue-green") == [
        f"memcairn: no note has the {filter_[2:]} xyzzy",
        f"  there are: {known}",
    ]
    assert run(["search", filter_, known, "nothing-has-this-word"]) == 0


def test_a_search_below_a_folder_that_is_not_indexed_is_refused(
    said: Any, note: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()

    message, hint = said("search", "--root", tmp_path / "other", "blue-green")

    assert message == f"memcairn: {tmp_path / 'other'}: not a known notes folder"
    assert hint.startswith(f"  notes folders: {note.parent};")
    assert run(["search", "--root", str(tmp_path), "blue-green"]) == 0
    (tmp_path / "other" / "loose.md").write_text("A file outside all roots.\n", encoding="utf-8")
    assert run(["index", str(tmp_path / "other" / "loose.md")]) == 0
    assert run(["search", "--root", str(tmp_path / "other"), "blue-green"]) == 0


@pytest.mark.parametrize(
    "command", ["index --flush --paths PATH", "index --debounce-window 5 PATH", "index PATH"]
)
def test_a_path_that_was_never_there_is_reported(command: str, note: Path, home: Path) -> None:
    nowhere = note.with_name("nowhere.md")

    for _ in range(2):
        done = subprocess.run(
            [*PROGRAM, *(str(nowhere) if word == "PATH" else word for word in command.split())],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr == f"memcairn: {nowhere}: there is no such file or folder\n"


@pytest.mark.parametrize("command", ["index --flush --paths", "index --debounce-window 0"])
@pytest.mark.parametrize("gone", ["note", "folder", "queued"])
def test_a_path_that_was_deleted_leaves_the_index(
    command: str, gone: str, note: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = note.with_name("queued.md") if gone == "queued" else note
    if gone == "queued":
        path.write_text("Never indexed.\n", encoding="utf-8")
        assert run(["index", "--debounce-window", "60", str(path)]) == 0
    shutil.rmtree(path.parent) if gone == "folder" else path.unlink()

    if gone == "folder":
        # The notes folder itself is away until the user confirms that it is gone.
        assert run([*command.split(), str(path.parent)]) == int("--flush" not in command)
        assert run(["index", "--force", str(path.parent)]) == 0
    else:
        assert run([*command.split(), str(path)]) == 0

    assert run(["list"]) == 0
    assert ("deploy" in capsys.readouterr().out) == (gone == "queued")


def test_a_session_works_on_a_folder_that_exists(said: Any, tmp_path: Path) -> None:
    assert said("session", "start", "--root", tmp_path / "none") == [
        f"memcairn: {tmp_path / 'none'}: not a folder"
    ]


# ── completion ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_calls_the_program(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert run(["completion", shell]) == 0

    script = capsys.readouterr().out
    checked = subprocess.run([shell, "-n"], input=script, text=True, check=False)
    assert checked.returncode == 0
    assert "_MEMCAIRN_COMPLETE" in script


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("memcairn s", ["search", "status", "serve", "session"]),
        ("memcairn trash re", ["restore"]),
        ("memcairn search --bud", ["--budget"]),
    ],
)
def test_the_program_completes_commands_and_options(words: str, completed: list[str]) -> None:
    environment = os.environ | {
        "_MEMCAIRN_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }

    done = subprocess.run(PROGRAM, capture_output=True, text=True, check=True, env=environment)

    found = [line.removeprefix("plain,") for line in done.stdout.splitlines()]
    assert set(completed) <= set(found)
