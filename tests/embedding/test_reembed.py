"""Chunks get their embedding: by `memcairn reembed`, behind other commands, and one process at a time."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("numpy")

import model_server
from memcairn import Memory
from memcairn.cli.commands import run
from memcairn.embedding.backfill import LOCK
from memcairn.fs import lock
from support import PROGRAM, require_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from model_server import Server

PATIENCE_S = 60


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server whose model is the one that is configured."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with model_server.running() as server:
        use(monkeypatch, server)
        yield server


def use(monkeypatch: pytest.MonkeyPatch, server: Server, model: str = "tiny") -> None:
    for name, value in server.environment(model).items():
        monkeypatch.setenv(name, value)


def write(notes: Path, count: int) -> None:
    for number in range(count):
        note = notes / f"{number}.md"
        note.write_text(f"# Note {number}\n\nsaying{number} of zebras\n", encoding="utf-8")


def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def waiting() -> int:
    with Memory() as memory:
        return memory.unembedded()


def is_free(home: Path) -> bool:
    with lock.attempt(str(home / LOCK)) as free:
        return free


# ── memcairn reembed ─────────────────────────────────────────────────────────────────────────────


def test_reembed_embeds_what_waits_and_the_next_one_nothing(server: Server, notes: Path) -> None:
    write(notes, 3)
    with Memory() as memory:
        memory.index(notes, embed=False)
    assert waiting() == 3

    first, second = call("reembed", "--json"), call("reembed")

    assert (first.returncode, second.returncode) == (0, 0)
    done = json.loads(first.stdout)
    assert (done["embedded"], done["waiting"], waiting()) == (3, 0, 0)
    assert second.stdout.startswith("0 chunks embedded")
    assert len(server.texts) == 3


def test_embeddings_are_kept_when_a_root_is_forgotten_and_indexed_again(
    server: Server, notes: Path
) -> None:
    write(notes, 3)
    with Memory() as memory:
        memory.index(notes)
        memory.embed()
        memory.forget_root(notes)
    with Memory() as memory:
        memory.index(notes)
        memory.embed()

        assert memory.unembedded() == 0
        assert len(memory.search("saying1 of zebras")) == 3
    assert len(server.texts) == 3 + 1  # each text once, and the question


def to_schema_8(index: str) -> None:
    """What memcairn wrote before embeddings had the vector of what a note is about."""
    with closing(sqlite3.connect(index)) as db:
        db.execute("ALTER TABLE embedding DROP COLUMN about")
        db.execute("DROP TABLE problem")
        db.execute("PRAGMA user_version = 8")


@pytest.mark.parametrize(("earlier", "embedded"), [(to_schema_8, 1)])
def test_embeddings_are_kept_when_the_schema_changes(
    notes: Path,
    monkeypatch: pytest.MonkeyPatch,
    earlier: Callable[[str], None],
    embedded: int,
) -> None:
    """Only the note with a description is embedded again: its description has a vector of its own now."""
    require_model()
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "builtin")
    for number in range(5):
        (notes / f"{number}.md").write_text(f"# {number}\n\nOtter {number} swims.\n", "utf-8")
    (notes / "said.md").write_text("---\ndescription: Who feeds them\n---\nMia.\n", "utf-8")
    with Memory() as memory:
        memory.index(notes, embed=False)
        memory.embed()
        index = memory.engine.databases.index_path
    earlier(index)

    with Memory() as memory:
        memory.index(notes, embed=False)
        report = memory.embed()
        best = memory.search("who gives food to the otters?")[0]

    assert (report.embedded, report.reused) == (embedded, 6 - embedded)
    assert best.why.cosine is not None


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX's")
@pytest.mark.parametrize("option", [None, "--quiet", "--json"])
def test_a_terminal_sees_how_far_it_is_and_a_pipe_nothing_of_it(
    server: Server, notes: Path, option: str | None
) -> None:
    import pty

    write(notes, 40)
    with Memory() as memory:
        memory.index(notes, embed=False)
    server.delay_s = 0.2
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "reembed", *([option] if option else [])],
        stdout=subprocess.PIPE, stderr=theirs, stdin=theirs,
    )  # fmt: skip
    os.close(theirs)

    out, _ = process.communicate(timeout=PATIENCE_S)

    said = b""
    try:
        while part := os.read(ours, 65_536):
            said += part
    except OSError:  # what Linux says when the last writer has gone
        pass
    os.close(ours)
    assert process.returncode == 0
    assert (b"Embedding" in said) == (option is None)
    assert bool(out) == (option != "--quiet")


def test_without_a_model_there_is_nothing_to_embed(
    notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(notes, 1)
    with Memory() as memory:
        memory.index(notes)

    assert run(["reembed"]) == 0

    assert capsys.readouterr().out == "nothing to embed: embedding.provider is none\n"


def test_a_server_that_is_down_is_an_error_that_names_it_and_words_still_find(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(notes, 2)
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "ollama")
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_MODEL", "tiny")
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_BACKGROUND", "false")
    call("index", notes)

    done = call("reembed", "--quiet")

    assert done.returncode == 1
    assert done.stdout == ""
    assert "http://127.0.0.1:9/api/embed: cannot be reached" in done.stderr
    assert waiting() == 2
    assert "saying1" in call("search", "saying1").stdout


def test_ctrl_c_stops_it_and_keeps_what_was_done(server: Server, notes: Path) -> None:
    write(notes, 100)
    with Memory() as memory:
        memory.index(notes, embed=False)
    server.delay_s = 0.3  # of each request, which has 32 texts
    process = subprocess.Popen(
        [*PROGRAM, "reembed"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    until(lambda: waiting() < 100)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, out) == (130, "")
    assert err.strip() == "memcairn: stopped; what was done so far is kept"
    server.delay_s = 0
    left = waiting()
    assert 0 < left < 100
    assert call("reembed").stdout.startswith(f"{left} chunks embedded")


def test_it_waits_for_another_process_and_embeds_the_rest(
    server: Server, notes: Path, home: Path
) -> None:
    write(notes, 3)
    with Memory() as memory:
        memory.index(notes, embed=False)
    with lock.attempt(str(home / LOCK)) as mine:
        assert mine
        process = subprocess.Popen([*PROGRAM, "reembed"], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.0)
        assert server.texts == []

    out, _ = process.communicate(timeout=PATIENCE_S)

    assert out.startswith("3 chunks embedded")


def test_a_search_calls_a_failing_server_once_reports_it_and_uses_keywords(
    server: Server, notes: Path
) -> None:
    write(notes, 3)
    with Memory() as memory:
        memory.index(notes)
    server.script = [(503, {}, b"busy")] * 3
    asked = len(server.requests)

    found = call("search", "saying1")

    assert "saying1 of zebras" in found.stdout
    assert "semantic search is unavailable, using keyword search: http://127.0.0.1:" in found.stderr
    assert len(server.requests) == asked + 1


# ── in the background ────────────────────────────────────────────────────────────────────────────


def test_index_returns_and_a_process_embeds_what_it_found(
    server: Server, notes: Path, home: Path
) -> None:
    write(notes, 40)
    server.delay_s = 0.5

    done = call("index", notes)

    assert done.stdout.endswith("  embedding 40 chunks in the background\n")
    assert waiting() > 0
    until(lambda: waiting() == 0 and is_free(home))
    assert len(server.texts) == 40
    assert call("index", notes).stdout.count("\n") == 1


@pytest.mark.parametrize("command", ["add", "search", "flush"])
def test_what_waits_is_seen_to_by_whichever_command_comes_next(
    server: Server, notes: Path, home: Path, command: str
) -> None:
    write(notes, 2)
    with Memory() as memory:
        memory.index(notes, embed=False)
    arguments: dict[str, list[str]] = {
        "add": ["add", "pigs fly", "--root", str(notes)],
        "search": ["search", "zebras"],
        "flush": ["index", "--flush"],
    }

    assert call(*arguments[command]).returncode == 0

    until(lambda: waiting() == 0 and is_free(home))
    assert len(server.texts) >= 2


def test_a_hook_shaped_call_starts_no_process(server: Server, notes: Path) -> None:
    write(notes, 2)

    call("index", "--debounce-window", "0", notes)

    assert waiting() == 2
    assert server.requests == []


def test_nothing_is_embedded_in_the_background_if_the_setting_says_so(
    server: Server, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_BACKGROUND", "false")
    write(notes, 2)

    done = call("index", notes)

    assert "embedding" not in done.stdout
    assert waiting() == 2
    assert server.requests == []


def test_many_calls_at_once_embed_each_text_once(server: Server, notes: Path, home: Path) -> None:
    write(notes, 40)
    server.delay_s = 0.2
    with Memory() as memory:
        memory.index(notes, embed=False)

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda _: call("index", notes).returncode, range(6)))

    assert codes == [0] * 6
    until(lambda: waiting() == 0 and is_free(home))
    assert sorted(server.texts) == sorted(set(server.texts))
    assert len(server.texts) == 40


def test_what_arrives_while_it_works_is_embedded_by_the_same_process(
    server: Server, notes: Path, home: Path
) -> None:
    write(notes, 2)
    server.delay_s = 0.5
    call("index", notes)
    until(lambda: not is_free(home))

    (notes / "late.md").write_text("# Late\n\nlate words\n", encoding="utf-8")
    with Memory() as memory:
        memory.index(notes, embed=False)  # starts none

    until(lambda: waiting() == 0 and is_free(home))
    assert any("late" in text for text in server.texts)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process is")
def test_the_process_is_detached_and_of_low_priority(
    server: Server, notes: Path, home: Path
) -> None:
    write(notes, 2)
    server.delay_s = 1.0
    call("index", notes)
    until(lambda: server.requests)

    (pid,) = found = background(home)

    assert os.getsid(pid) == pid
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10
    assert os.readlink(f"/proc/{pid}/fd/1") == os.devnull
    assert len(found) == 1
    server.delay_s = 0
    until(lambda: not background(home))


def background(home: Path) -> list[int]:
    """The processes that embed for a home."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes()
            if b"memcairn.cli.reembed" in line and os.readlink(folder / "cwd") == str(home):
                found.append(int(folder.name))
        except OSError:
            continue  # gone, or somebody else's
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process is")
def test_a_program_that_stays_has_no_zombie_of_it(server: Server, notes: Path, home: Path) -> None:
    write(notes, 2)
    before = set(zombies())
    with Memory() as memory:
        memory.index(notes, embed=False)

        assert memory.embed_in_background() == 2

        until(lambda: memory.unembedded() == 0 and is_free(home))
        until(lambda: set(zombies()) <= before)


def zombies() -> list[str]:
    """Processes of ours that have ended, and that nobody has taken note of."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == os.getpid():
            found.append(folder.name)
    return found


def test_a_home_that_was_deleted_does_not_come_back(server: Server, home: Path) -> None:
    done = subprocess.run([sys.executable, "-P", "-m", "memcairn.cli.reembed"], check=False)

    assert done.returncode == 0
    assert not home.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which process it is")
def test_after_a_killed_process_the_next_call_goes_on(
    server: Server, notes: Path, home: Path
) -> None:
    write(notes, 100)
    server.delay_s = 0.3
    call("index", notes)
    until(lambda: waiting() < 100)
    for pid in background(home):
        os.kill(pid, signal.SIGKILL)
    until(lambda: is_free(home))
    server.delay_s = 0
    assert waiting() > 0

    call("index", notes)

    until(lambda: waiting() == 0 and is_free(home))


def test_a_failure_in_the_background_is_kept_and_not_repeated_by_each_call(
    server: Server, notes: Path, home: Path
) -> None:
    write(notes, 2)
    server.script = [(401, {}, b"no key")] * 9

    call("index", notes)
    until(lambda: server.requests and is_free(home))
    asked = len(server.requests)
    again = call("index", notes)

    assert "embedding" not in again.stdout
    assert len(server.requests) == asked
    status = call("status").stdout
    assert "embedding: 0 chunks, 2 waiting\n  failing: http://127.0.0.1:" in status
    assert "responded 401 Unauthorized: no key\n" in status
    server.script.clear()
    assert call("reembed").stdout.startswith("2 chunks embedded")
    assert "embedding: 2 chunks with openai:tiny\n" in call("status").stdout


# ── what is embedded ─────────────────────────────────────────────────────────────────────────────


def test_a_rename_a_move_and_an_edit_that_is_taken_back_embed_nothing(
    server: Server, notes: Path
) -> None:
    write(notes, 3)
    with Memory() as memory:
        memory.index(notes)
        assert len(server.texts) == 3

        (notes / "0.md").rename(notes / "renamed.md")
        memory.index(notes)
        (notes / "below").mkdir()
        (notes / "1.md").rename(notes / "below" / "1.md")
        memory.index(notes)
        assert len(server.texts) == 3
        before = (notes / "2.md").read_text(encoding="utf-8")
        (notes / "2.md").write_text("# Other\n\nother words\n", encoding="utf-8")
        memory.index(notes)
        assert len(server.texts) == 4
        (notes / "2.md").write_text(before, encoding="utf-8")
        memory.index(notes)

        assert len(server.texts) == 4
        assert memory.unembedded() == 0
        assert memory.search("saying1")[0].path == str(notes / "below" / "1.md")


def test_another_model_embeds_everything_again_and_keyword_search_works_meanwhile(
    server: Server, notes: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(notes, 3)
    with Memory() as memory:
        memory.index(notes)
        assert memory.unembedded() == 0
    with model_server.running() as other:
        other.dimension = 48
        use(monkeypatch, other, "other")
        with Memory() as memory:
            assert memory.unembedded() == 3
            found = memory.search("saying1")
            assert found[0].path == str(notes / "1.md")

            report = memory.embed()

            assert (report.embedded, report.reused, report.waiting) == (3, 0, 0)
            assert len(other.texts) >= 3
            assert memory.search("saying1")[0].path == str(notes / "1.md")
        assert other.texts[-1] == "saying1"
    use(monkeypatch, server)
    assert waiting() == 3


def test_a_model_whose_vectors_change_their_length_is_noticed_and_replaced(
    server: Server, notes: Path
) -> None:
    write(notes, 3)
    with Memory() as memory:
        memory.index(notes)
    server.dimension = 48

    with Memory() as memory:
        assert memory.unembedded() == 0
        assert memory.search("saying1")[0].path == str(notes / "1.md")
        assert memory.unembedded() == 3
        report = memory.embed()

        assert (report.embedded, report.waiting) == (3, 0)
        assert memory.search("saying1")[0].path == str(notes / "1.md")


@pytest.mark.parametrize(("given", "used"), [(None, "1"), ("3", "3")])
def test_the_program_starts_no_threads_for_products_by_default(
    given: str | None, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if given is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", given)
    code = (
        "import os, sys; sys.argv = ['memcairn', 'models', '--quiet']; import memcairn.cli as cli\n"
        "try: cli.main()\n"
        "finally: print(os.environ['OPENBLAS_NUM_THREADS'])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == f"{used}\n"
