"""The command line as scripts and people use it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import pytest

from memcairn import Memory, Query, paths
from memcairn.cli import index, parse_enqueue
from memcairn.cli.commands import run
from memcairn.indexing import drain
from memcairn.indexing.indexer import Indexer
from support import PROGRAM

if TYPE_CHECKING:
    from memcairn.indexing.report import IndexReport

NOTE = "# Deploy\n\nWe deploy with blue-green.\n"


@pytest.fixture
def note(notes: Path) -> Path:
    note = notes / "deploy.md"
    note.write_text(NOTE, encoding="utf-8")
    return note


def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--flush", "--status"], ("--flush", "--status")),
        (["--flush", "--watch"], ("--flush", "--watch")),
        (["--status", "--watch"], ("--status", "--watch")),
        (["--debounce-window", "5", "--flush", "x"], ("--debounce-window", "--flush")),
        (["--debounce-window", "5", "--status"], ("--debounce-window", "--status")),
        (["--debounce-window", "5", "--watch", "x"], ("--debounce-window", "--watch")),
        (["--flush", "x"], ("--flush", "PATH")),
        (["--status", "x"], ("--status", "PATH")),
        (["--flush", "--force"], ("--flush", "--force")),
        (["--status", "--namespace", "n"], ("--status", "--namespace")),
        (["--paths", "x"], ("--paths", "--flush")),
        (["--discard-failed", "x"], ("--discard-failed", "--flush")),
        (["--watch", "--json", "x"], ("--watch", "--json")),
    ],
)
def test_what_does_not_go_together_is_a_usage_error_that_names_both(
    arguments: list[str], named: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["index", *arguments]) == 2
    message = capsys.readouterr().err
    assert all(name in message for name in named)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--debounce-window", "5"],
        ["--debounce-window", "-1", "x"],
        ["--nonsense"],
        ["--paths"],
        [""],
        ["--debounce-window", "5", ""],
        ["--flush", "--paths", ""],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert call("index", *arguments).returncode == 2
    assert call("index", "--status").stdout == "queue: empty\n"


def test_a_path_that_is_not_there_does_not_hold_up_the_others(note: Path) -> None:
    done = call("index", note.parent / "nowhere", note)

    assert done.returncode == 1
    assert "1 note indexed, 1 failed" in done.stdout
    assert done.stderr == f"memcairn: {note.parent / 'nowhere'}: there is no such file or folder\n"


def test_an_unknown_command_is_wrong_usage() -> None:
    assert run(["nonsense"]) == 2


def test_a_file_that_cannot_be_read_leaves_exit_code_1(notes: Path, note: Path) -> None:
    note.with_name("latin.md").write_bytes(b"caf\xe9")

    done = call("index", notes)

    assert done.returncode == 1
    assert "latin.md: is not UTF-8 text (line 1)" in done.stderr
    assert "1 note indexed, 1 failed" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "--json", "blue-green"],
        ["search", "--json", "nothing-has-this-word"],
        ["status", "--json"],
        ["doctor", "--json"],
        ["namespaces", "--json"],
        ["config", "show", "--json"],
        ["index", "--status", "--json"],
        ["index", "--flush", "--json"],
        ["index", "--json", "NOTES"],
        ["index", "--debounce-window", "0", "--json", "NOTES"],
        ["forget-root", "--json", "NOTES"],
    ],
)
def test_json_is_one_document(note: Path, arguments: list[str]) -> None:
    call("index", note.parent)

    words = [note.parent if word == "NOTES" else word for word in arguments]
    assert isinstance(json.loads(call(*words).stdout), dict)


def test_status_folds_roots_without_notes(notes: Path, tmp_path: Path) -> None:
    (notes / "a.md").write_text("# Words\n", encoding="utf-8")
    folders = [notes, tmp_path / "empty", tmp_path / "bare"]
    for folder in folders:
        folder.mkdir(exist_ok=True)
        call("index", str(folder))

    text = call("status").stdout
    found = json.loads(call("status", "--json").stdout)

    assert "2 roots without notes" in text
    assert [str(folder) in text for folder in folders] == [True, False, False]
    assert {root["path"] for root in found["roots"]} == {str(folder) for folder in folders}


def test_a_flush_names_what_fails_until_it_is_fixed_or_discarded(
    notes: Path, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_QUEUE_WINDOW_S", "600")
    call("index", notes)
    bad = note.with_name("latin.md")
    bad.write_bytes(b"caf\xe9")
    call("index", "--debounce-window", "60", bad)
    call("index", "--debounce-window", "60", note)

    some = call("index", "--flush", "--paths", note)
    assert (some.returncode, some.stderr) == (0, "")
    assert "1 path (0 ready" in call("index", "--status").stdout
    for _ in range(2):
        flush = call("index", "--flush")
        assert flush.returncode == 1
        assert flush.stderr == f"memcairn: {bad}: is not UTF-8 text (line 1)\n"
    status = call("index", "--status")
    assert (status.returncode, "1 failing" in status.stdout) == (1, True)

    dropped = call("index", "--flush", "--discard-failed")

    assert dropped.returncode == 0
    assert f"{bad}: dropped from the queue: is not UTF-8" in dropped.stdout
    assert call("index", "--status").stdout == "queue: empty\n"


def test_the_last_write_decides_what_a_queued_path_is_labelled(note: Path) -> None:
    call("index", note.parent)
    for name in ("first", "last"):
        call("index", "--debounce-window", "60", "--namespace", name, note)

    call("index", "--flush")

    assert json.loads(call("namespaces", "--json").stdout) == {
        "namespaces": [{"name": "last", "notes": 1}]
    }


def test_a_search_is_the_same_on_the_short_way_and_on_the_long_one(
    note: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call("index", note.parent)

    short = call("search", "blue-green", "--limit", "3")
    run(["search", "blue-green", "--limit", "3"])

    assert short.stdout == capsys.readouterr().out
    assert f"{note}:3" in short.stdout


def plain(text: str) -> str:
    """Without the time that it took."""
    return re.sub(r"\d+\.\d\d s", "T", text)


def test_an_index_is_the_same_on_the_short_way_and_on_the_long_one(
    notes: Path,
    note: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def new(text: str) -> None:
        note.with_name("new.md").write_text(text, encoding="utf-8")

    def break_one() -> None:
        note.with_name("latin.md").write_bytes(b"caf\xe9")
        note.with_name("binary.md").write_bytes(b"\0")

    steps = [
        lambda: None,
        lambda: os.utime(note, (1_700_000_000, 1_700_000_000)),
        lambda: os.utime(notes, (1_700_000_000, 1_700_000_000)),
        lambda: None,
        lambda: None,
        lambda: new("New.\n"),
        lambda: note.with_name("new.md").unlink(),
        break_one,
        lambda: None,
    ]
    short, long = str(tmp_path / "short"), str(tmp_path / "long")
    for step in steps:
        step()
        monkeypatch.setenv("MEMCAIRN_HOME", short)
        done = call("index", notes)
        monkeypatch.setenv("MEMCAIRN_HOME", long)
        code = run(["index", str(notes)])

        told = capsys.readouterr()
        assert (plain(done.stdout), done.stderr) == (plain(told.out), told.err)
        assert done.returncode == code


@pytest.mark.parametrize("path", ["nothing", "picture.png", "MEMORY.md"])
def test_an_error_is_the_same_on_the_short_way_and_on_the_long_one(
    notes: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (notes / "picture.png").write_bytes(b"\0")
    (notes / "MEMORY.md").write_text("# Notes\n", encoding="utf-8")

    done = call("index", notes / path)

    assert done.returncode == run(["index", str(notes / path)])
    told = capsys.readouterr()
    assert (plain(done.stdout), done.stderr) == (plain(told.out), told.err)


def test_an_index_that_finds_nothing_new_keeps_memory_md_current(notes: Path, note: Path) -> None:
    call("memory-md", "refresh", notes)
    for path in (note, notes):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    call("index", notes)
    (notes / "MEMORY.md").write_text("# Mine\n", encoding="utf-8")
    os.utime(notes, (1_700_000_000, 1_700_000_000))

    call("index", notes)

    assert "deploy.md" in (notes / "MEMORY.md").read_text(encoding="utf-8")


def test_a_hook_call_that_finds_a_backlog_leaves_what_takes_too_long_to_the_next(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [notes / f"{number}.md" for number in range(40)]
    for file in files:
        file.write_text("kiwi\n", encoding="utf-8")
    hook_call = ["index", "--debounce-window", "0", str(files[0])]
    index_files = Indexer.index_files
    began: list[float] = []

    def take_long(indexer: Indexer, files: list[str], **more: object) -> IndexReport:
        began.append(time.monotonic())
        while time.monotonic() <= began[0] + index.DRAIN_S:
            time.sleep(0.001)
        return index_files(indexer, files, **more)  # type: ignore[arg-type]

    with Memory() as memory:
        memory.index(notes / "0.md")
        memory.enqueue(files)
        with monkeypatch.context() as patch:
            patch.setattr(Indexer, "index_files", take_long)
            patch.setattr(drain, "BATCH_SIZE_BEFORE_DEADLINE", 3)
            patch.setattr(index, "DRAIN_S", 0.1)
            assert run(hook_call) == 0

        assert len(began) == 1
        status = memory.queue_status()
        assert (status.depth, status.claimed, status.failing) == (37, 0, 0)
        while memory.queue_status().depth:
            assert run(hook_call) == 0
        assert len(memory.search(Query("kiwi", limit=50))) == 40


def test_a_search_shows_what_was_written_a_moment_ago(note: Path) -> None:
    call("index", note.parent)
    call("search", "blue-green")
    note.write_text(
        "# Deploy\n\nWe deploy with canaries, blue-green is history.\n", encoding="utf-8"
    )
    note.with_name("new.md").write_text("Purple is the new blue-green.\n", encoding="utf-8")

    found = call("search", "blue-green").stdout

    assert "canaries" in found
    assert "Purple" in found


def test_a_namespace_that_does_not_exist_finds_nothing_and_says_so(note: Path) -> None:
    call("index", note.parent)

    done = call("search", "--namespace", "nonsense", "blue-green")

    assert done.stdout == ""
    assert done.stderr == "memcairn: no note has the namespace nonsense\n  there are: notes\n"
    assert done.returncode == 2


def test_a_folder_that_does_not_exist_finds_nothing_and_says_so(note: Path) -> None:
    call("index", note.parent)

    done = call("search", "--root", note.parent / "nowhere", "blue-green")

    assert done.stdout == ""
    assert done.stderr == f"memcairn: {note.parent / 'nowhere'}: there is no such file or folder\n"


@pytest.mark.parametrize(
    "arguments",
    [
        "index NOTES",
        "index --flush",
        "index --status",
        "index --debounce-window 0 NOTES",
        "search blue-green",
        "status",
        "doctor",
        "namespaces",
        "config show",
        "forget-root NOTES",
    ],
)
def test_quiet_prints_nothing_but_errors(note: Path, arguments: str) -> None:
    call("index", note.parent)
    note.write_text(NOTE + "More.\n", encoding="utf-8")
    words = [str(note.parent) if word == "NOTES" else word for word in arguments.split()]

    done = call(*words, "--quiet")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_note_cannot_send_escape_sequences_to_the_terminal(notes: Path) -> None:
    notes.joinpath("evil.md").write_text("evil \x1b[2J\x1b]0;owned\x07 text\n", encoding="utf-8")
    call("index", notes)

    assert "\x1b" not in call("search", "evil").stdout


def test_a_reader_that_stops_early_is_not_an_error(note: Path) -> None:
    call("index", note.parent)
    program = subprocess.Popen(
        [*PROGRAM, "search", "blue-green"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdout is not None
    program.stdout.close()
    _, error = program.communicate()

    assert program.returncode == 0
    assert error == b""


@pytest.mark.parametrize("arguments", [["--help"], ["status"], ["config", "show"]])
def test_a_reader_that_stops_early_is_not_an_error_with_unbuffered_output(
    note: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    call("index", note.parent)
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [*PROGRAM, *arguments], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "arguments",
    [["search", "blue-green"], ["index", "NOTES"], ["status"]],
)
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
@pytest.mark.skipif(os.name == "nt", reason="a shell's way to close a stream")
def test_a_closed_stream_is_not_an_error(note: Path, closed: str, arguments: list[str]) -> None:
    call("index", note.parent)
    words = [str(note.parent) if word == "NOTES" else word for word in arguments]

    done = subprocess.run(
        f"{shlex.join([*PROGRAM, *words])} {closed}",
        shell=True, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr.replace("memcairn: nothing found\n", "")) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("arguments", [["search", "blue-green"], ["index", "NOTES"], ["status"]])
def test_an_answer_that_cannot_be_written_is_an_error(note: Path, arguments: list[str]) -> None:
    call("index", note.parent)
    words = [str(note.parent) if word == "NOTES" else word for word in arguments]

    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert (done.returncode, done.stderr) == (1, "memcairn: No space left on device\n")


def test_what_the_system_refuses_is_said_with_its_path(home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "memory").write_text("in the way", encoding="utf-8")

    done = call("add", "we deploy with blue-green")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"memcairn: {home / 'memory'}: File exists\n"


@pytest.mark.parametrize("settings", [None, "[recall]\nbudget_words = 300\n"])
def test_an_enqueue_call_loads_no_third_party_module(note: Path, settings: str | None) -> None:
    if settings is not None:
        Path(paths.config_file()).write_text(settings, encoding="utf-8")
    script = (
        "import os, sys; before = set(sys.modules)\n"
        "from memcairn.cli import main\n"
        "os._exit = lambda code: None\n"
        f"sys.argv = ['memcairn', 'index', '--debounce-window', '5', {str(note)!r}]\n"
        "main()\n"
        "print(*{m.partition('.')[0] for m in set(sys.modules) - before})"
    )
    done = subprocess.run(
        [PROGRAM[0], "-c", script], capture_output=True, text=True, check=True, encoding="utf-8"
    )

    assert not set(done.stdout.split()) & {
        "click",
        "yaml",
        "pathspec",
        "typing",
        "dataclasses",
    }
    assert "1 path" in call("index", "--status").stdout


@pytest.mark.parametrize("in_file", [True, False])
def test_the_maximum_wait_that_is_set_counts_for_an_enqueue_call(
    note: Path, monkeypatch: pytest.MonkeyPatch, *, in_file: bool
) -> None:
    call("index", note.parent)
    call("index", "--debounce-window", "3600", note)
    assert "1 path" in call("index", "--status").stdout

    if in_file:
        Path(paths.config_file()).write_text("[queue]\nmax_wait_s = 0\n", encoding="utf-8")
    else:
        monkeypatch.setenv("MEMCAIRN_QUEUE_MAX_WAIT_S", "0")
    call("index", "--debounce-window", "3600", note)

    assert "queue: empty" in call("index", "--status").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["index", "x"],
        ["index", "--debounce-window", "5"],
        ["index", "--debounce-window", "x", "y"],
        ["index", "--debounce-window", "5", "x", "y"],
        ["index", "--debounce-window", "5", "--json", "x"],
        ["index", "--debounce-window", "5", "--namespace", "--force", "x"],
        ["search", "x"],
        [],
    ],
)
def test_other_calls_than_a_plain_enqueue_are_left_to_click(arguments: list[str]) -> None:
    assert parse_enqueue(arguments) is None


def test_an_enqueue_call_is_parsed_without_click() -> None:
    arguments = ["index", "--debounce-window", "5", "x.md", "--namespace", "n", "--force"]

    assert parse_enqueue(arguments) == (5.0, "x.md", "n", True)


@pytest.mark.parametrize(
    ("platform", "module"), [("linux", "unix"), ("darwin", "macos"), ("win32", "windows")]
)
def test_the_home_is_where_platformdirs_says(
    platform: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEMCAIRN_HOME")
    monkeypatch.setenv("LOCALAPPDATA", "/users/x/AppData/Local")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr("sys.platform", platform)
    classes = {"unix": "Unix", "macos": "MacOS", "windows": "Windows"}
    found = getattr(__import__(f"platformdirs.{module}", fromlist=["x"]), classes[module])(
        "memcairn", appauthor=False
    )

    if platform == "win32":
        monkeypatch.setattr(
            "platformdirs.windows.get_win_folder", lambda _: "/users/x/AppData/Local"
        )
    assert Path(paths.home()) == Path(found.user_data_dir)
    assert platformdirs.__version__


def test_a_search_before_anything_is_indexed_says_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["search", "anything"]) == 0

    assert "nothing is indexed yet: `memcairn index FOLDER`" in capsys.readouterr().err


def test_a_search_with_a_broken_config_says_so_like_any_other_command(
    note: Path, tmp_path: Path
) -> None:
    assert call("index", note.parent).returncode == 0
    (tmp_path / "config.toml").write_text("index = [", encoding="utf-8")

    done = call("search", "blue-green")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"memcairn: {tmp_path / 'config.toml'}: is not TOML")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a working folder cannot be deleted there")
def test_a_search_from_a_folder_that_was_deleted_finds_what_it_finds_elsewhere(
    note: Path, tmp_path: Path
) -> None:
    assert call("index", note.parent).returncode == 0
    gone = tmp_path / "gone"
    program = (
        f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r}); "
        "from memcairn.cli import main; main()"
    )

    for arguments in (["search", "blue-green"], ["status"]):
        gone.mkdir()
        done = subprocess.run(
            [*PROGRAM[:1], "-P", "-c", program, *arguments],  # as the script: not from this folder
            capture_output=True, text=True, check=False, encoding="utf-8",
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert str(note.parent) in done.stdout
