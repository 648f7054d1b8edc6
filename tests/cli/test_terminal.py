"""The command line at a terminal: progress, Ctrl-C, help, and a watch that stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from memcairn import Query
from memcairn.cli.commands import COMMANDS, cli, run
from support import PROGRAM, at_a_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals and signals of POSIX")

PATIENCE_S = 60


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def many(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"note-{number}.md").write_text(f"# Note {number}\n\nText.\n", encoding="utf-8")


def test_a_terminal_sees_progress_and_a_summary(notes: Path) -> None:
    many(notes, 50)

    code, said = at_a_terminal("index", notes)

    assert code == 0
    assert "Indexing" in said
    assert "50 notes indexed" in said


def test_a_pipe_sees_the_summary_only(notes: Path) -> None:
    many(notes, 50)

    done = subprocess.run(
        [*PROGRAM, "index", str(notes)], capture_output=True, text=True, check=True
    )

    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_ctrl_c_ends_a_flush_that_waits_and_loses_nothing(notes: Path, home: Path) -> None:
    from memcairn import Memory
    from memcairn.queue import owner_of_this_process

    many(notes, 1)
    with Memory() as memory:
        memory.index(notes)
        memory.enqueue(notes / "note-0.md")
        # Held by a drainer that lives (this process), so that the flush has to wait for it.
        queue = memory.engine.databases.opened().queue
        assert queue.claim(owner_of_this_process("test"), window_s=0)
        with started("index", "--flush") as flush:
            until(lambda: _is_waiting(flush.pid))
            os.killpg(flush.pid, signal.SIGINT)
            said = flush.communicate(timeout=PATIENCE_S)

        assert flush.returncode == 130
        assert "memcairn: stopped; what was done so far is kept" in said[1]
        assert "Traceback" not in said[1]
        assert memory.queue_status().depth == 1


def _is_waiting(pid: int) -> bool:
    """Whether a process has queue.db open: it has begun, then."""
    if not sys.platform.startswith("linux"):
        time.sleep(3)
        return True
    opened = []
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            opened.append(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
        except OSError:
            continue
    return any(path.endswith("queue.db") for path in opened)


def test_a_watch_keeps_a_folder_current_until_ctrl_c(notes: Path) -> None:
    many(notes, 1)
    with started("index", "--watch", notes) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        assert watch.stdout.readline() == f"indexed {notes / 'note-0.md'}\n"
        assert "stop with Ctrl-C" in watch.stderr.readline()

        (notes / "new.md").write_text("A word that is new: quokka.\n", encoding="utf-8")
        assert watch.stdout.readline() == f"indexed {notes / 'new.md'}\n"
        os.killpg(watch.pid, signal.SIGINT)
        said = watch.communicate(timeout=PATIENCE_S)

    assert watch.returncode == 130
    assert "Traceback" not in said[1]


def test_a_watch_goes_by_settings_and_by_rules_that_change(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_QUEUE_WINDOW_S", "0.1")
    (notes / ".memcairn.toml").write_text('index.extensions = [".org"]', encoding="utf-8")
    (notes / "old.org").write_text("old\n", encoding="utf-8")
    with started("index", "--watch", notes) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        assert watch.stdout.readline() == f"indexed {notes / 'old.org'}\n"
        watch.stderr.readline()

        (notes / "new.org").write_text("new\n", encoding="utf-8")
        assert watch.stdout.readline() == f"indexed {notes / 'new.org'}\n"
        (notes / ".gitignore").write_text("old.*\n", encoding="utf-8")
        assert watch.stdout.readline() == f"removed {notes / 'old.org'}\n"


def test_a_quiet_watch_says_what_it_could_not_do_and_says_a_notice_once(
    notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from memcairn import Memory
    from memcairn.cli.watch import watch

    many(notes, 1)
    (notes / "latin.md").write_bytes(b"gr\xfcn")
    stop = threading.Event()
    stop.set()
    with Memory() as memory:
        memory.refresh_memory_md(notes)
        (notes / "MEMORY.md").unlink()
        (notes / "MEMORY.md").mkdir()

        assert watch(memory, [str(notes)], quiet=True, stop=stop) == 0

    said = capsys.readouterr()
    assert said.out == ""
    assert f"{notes / 'latin.md'}: is not UTF-8" in said.err
    assert said.err.count(f"{notes / 'MEMORY.md'}: is a folder") == 1


def test_a_watch_says_once_what_it_cannot_index(
    notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from memcairn import Memory
    from memcairn.cli.watch import watch

    (notes / "latin.md").write_bytes(b"gr\xfcn")
    looks = 0

    class AfterTheSecondLook(threading.Event):
        def is_set(self) -> bool:
            return looks >= 2

    class Counted(Memory):
        def index(self, *arguments: Any, **options: Any) -> Any:
            nonlocal looks
            looks += 1
            return super().index(*arguments, **options)

    with Counted() as memory:
        watch(memory, [str(notes)], stop=AfterTheSecondLook())

    assert looks == 2
    assert capsys.readouterr().err.count("is not UTF-8") == 1


def test_a_watch_sees_what_was_deleted_and_moved(notes: Path) -> None:
    from memcairn import Memory

    many(notes, 3)
    with started("index", "--watch", notes), Memory() as memory:
        until(lambda: memory.namespaces().get("notes") == 3)

        (notes / "note-0.md").unlink()
        (notes / "note-1.md").rename(notes / "moved.md")

        until(lambda: memory.namespaces().get("notes") == 2)
        until(
            lambda: (
                [p.path for p in memory.search(Query("Note 1", limit=1))]
                == [str(notes / "moved.md")]
            )
        )


def commands() -> list[list[str]]:
    import click

    context = click.Context(cli)
    every = []
    for name in COMMANDS:
        command = cli.get_command(context, name)
        every.append([name])
        if isinstance(command, click.Group):
            every += [[name, below] for below in command.list_commands(context)]
    return every


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_has_a_help_with_an_example(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--help"]) == 0

    said = capsys.readouterr()
    assert said.err == ""
    assert f"Usage: memcairn {' '.join(command)}" in said.out
    assert f"memcairn {' '.join(command)}" in said.out.split("\n", 1)[1], "no example"
    assert "\\b" not in said.out
    assert "\b" not in said.out


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in COMMANDS)
