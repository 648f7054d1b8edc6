"""Copies of transcripts: what is copied, and what never is."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import pytest

from fake_secrets import fake_secrets
from memcairn.cli.commands import run
from memcairn.daemon.background import Background
from memcairn.errors import UsageError
from memcairn.memory import Memory
from memcairn.search.query import Query
from memcairn.sessions.transcripts import copying
from transcript_forms import ALL, Writer, claude, codex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The HOME of a user who has turned transcripts on."""
    for variable in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "COPILOT_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("MEMCAIRN_TRANSCRIPTS_COPY", "true")
    (tmp_path / "user").mkdir()
    return tmp_path / "user"


@pytest.fixture
def memory(home: Path, user: Path) -> Iterator[Memory]:
    with Memory() as memory:
        yield memory


def texts(memory: Memory, query: Query | str) -> list[str]:
    return [passage.text for passage in memory.search_transcripts(query)[0]]


def everything(home: Path) -> str:
    """All that the database holds, inflated."""
    with copying.opened(str(home)) as db:
        rows = db.execute("SELECT session FROM file").fetchall()
        words = (
            [row[0] for row in db.execute("SELECT term FROM temp.vocabulary")]
            if _vocabulary(db)
            else []
        )
    with Memory() as memory:
        said = [passage.text for (session,) in rows for passage in _session(memory, session)]
    return "\n".join([*said, *words])


def _vocabulary(db: copying.TranscriptDatabase) -> bool:
    db.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab (main, fulltext, row)")
    return True


def _session(memory: Memory, session: str) -> list[Any]:
    try:
        return memory.transcript(session)
    except UsageError:
        return []


@pytest.mark.parametrize("form", ALL)
def test_what_was_said_is_found_with_its_session_turn_and_file(
    form: Callable[[], Writer], memory: Memory, user: Path
) -> None:
    writer = form().prompt("Good morning").reply("Hello")
    writer.prompt("Why is the parser test flaky?").run("pytest -x tests/parser", "1 failed", 1)
    path = writer.reply("The clock jumped.").write(user)

    (found,) = memory.search_transcripts("flaky parser")[0]

    assert (found.host, found.turn, found.path) == (writer.host, 2, str(path))
    assert found.session == writer.session
    assert found.time == "2026-11-30T21:06:07+00:00"
    assert found.text.split("\n") == [
        "user: Why is the parser test flaky?", "$ pytest -x tests/parser", "agent: The clock jumped.",
    ]  # fmt: skip
    line = path.read_text(encoding="utf-8").splitlines()[found.line - 1]
    assert "Why is the parser test flaky?" in line


def test_the_output_of_tools_is_not_copied(memory: Memory, user: Path, home: Path) -> None:
    for form in ALL:
        form().prompt("Run it").run("make", "zyzzyva in the output").write(user)
    memory.update_transcripts()

    assert "zyzzyva" not in everything(home)


def test_secrets_private_parts_and_data_are_not_copied(
    memory: Memory, user: Path, home: Path
) -> None:
    writer = claude()
    fakes = fake_secrets()
    for fake in fakes:
        writer.prompt(f"Look:\n{fake.text}\n").reply(f"I see\n{fake.text}\n")
    writer.prompt("a <private>plugh</private> b").reply("It was <private>plugh</private>.")
    writer.run("echo '<private>plugh</private>'", "")
    writer.run("curl -H 'Authorization: Bearer ghp_" + "a1B2" * 9 + "' https://x", "")
    writer.prompt("long " * 500 + "token: ghp_" + "c3D4" * 9)
    writer.prompt("picture data:image/png;base64," + "iVBORw0KGgo" * 100).write(user)
    memory.update_transcripts()

    held = everything(home)
    for fake in fakes:
        assert fake.secret not in held
    for word in ("plugh", "a1B2a1B2", "a1b2a1b2", "c3D4c3D4", "c3d4c3d4", "KGgoiVBORw0KGgo"):
        assert word not in held
    raw = (home / "transcripts.db").read_bytes()
    assert b"plugh" not in raw


def test_only_what_was_added_is_read(memory: Memory, user: Path) -> None:
    writer = claude().prompt("first question about cats").reply("cats")
    path = writer.write(user)
    size = path.stat().st_size
    assert memory.update_transcripts().read_bytes == size
    assert memory.update_transcripts().read_bytes == 0

    writer.prompt("second question about dogs").reply("dogs").write(user)

    report = memory.update_transcripts()
    assert report.read_bytes == path.stat().st_size - size
    (found,) = memory.search_transcripts("dogs")[0]
    assert (found.turn, found.text) == (2, "user: second question about dogs\nagent: dogs")


def test_a_turn_that_grows_between_updates_keeps_its_number(memory: Memory, user: Path) -> None:
    writer = claude().prompt("one").prompt("about llamas")
    writer.write(user)
    memory.update_transcripts()
    writer.reply("llamas are tall").write(user)

    assert {found.turn for found in memory.search_transcripts("llamas")[0]} == {2}


def test_every_cut_of_a_transcript_leads_to_the_same_copies(
    memory: Memory, user: Path, home: Path
) -> None:
    writer = (
        claude()
        .prompt("one question")
        .reply("one answer")
        .prompt("two")
        .run("ls", "x")
        .reply("two answers")
    )
    path = writer.write(user)
    data = path.read_bytes()

    for cut in range(0, len(data), 97):
        path.write_bytes(data[:cut])
        memory.update_transcripts()
    path.write_bytes(data)
    memory.update_transcripts()

    said = [line for passage in memory.transcript("c1") for line in passage.text.split("\n")]
    assert said == [
        "user: one question",
        "agent: one answer",
        "user: two",
        "$ ls",
        "agent: two answers",
    ]
    assert [passage.turn for passage in memory.transcript("c1")][-1] == 2


def test_a_copy_stays_when_the_transcript_is_deleted(
    memory: Memory, user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = claude().prompt("remember the alamo").write(user)
    memory.update_transcripts()
    path.unlink()

    (found,) = memory.search_transcripts("alamo")[0]

    assert found.is_deleted
    assert memory.transcript_status().deleted == 1
    assert run(["search", "--transcripts", "alamo"]) == 0
    assert "deleted by its agent" in capsys.readouterr().out
    assert run(["transcripts", "show", "c1"]) == 0
    assert "remember the alamo" in capsys.readouterr().out


def test_a_forked_session_adds_only_its_own_messages(memory: Memory, user: Path) -> None:
    parent = claude("c1").prompt("a question about owls").run("ls", "").reply("owls hoot")
    parent.write(user)
    memory.update_transcripts()
    fork = claude("c2")
    fork.lines = [line | {"sessionId": "c2"} for line in parent.lines]
    fork.prompt("more about owls").write(user)

    found = memory.search_transcripts("owls")[0]

    assert [one.text for one in memory.transcript("c2")] == ["user: more about owls"]
    assert sorted((one.session, one.turn) for one in found) == [("c1", 1), ("c2", 2)]


def test_a_long_text_that_a_command_repeats_is_copied_once(memory: Memory, user: Path) -> None:
    instructions = "Review the change as a careful wombat would. " * 20
    for number in range(3):
        codex(f"x{number}").prompt(instructions).write(user)

    assert len(memory.search_transcripts("careful wombat")[0]) == 1


def test_a_transcript_that_was_replaced_is_read_again(memory: Memory, user: Path) -> None:
    path = claude().prompt("about lemurs").reply("yes").write(user)
    memory.update_transcripts()
    claude().prompt("about geckos, and this one is longer than before").reply("sure").write(user)
    memory.update_transcripts()
    path.write_bytes(b"")
    memory.update_transcripts()

    assert texts(memory, "geckos")
    assert texts(memory, "lemurs")


def test_what_has_no_conversation_is_no_error(memory: Memory, user: Path) -> None:
    folder = user / ".claude/projects/p"
    folder.mkdir(parents=True)
    (folder / "empty.jsonl").touch()
    (folder / "binary.jsonl").write_bytes(os.urandom(5000))
    (folder / "folder.jsonl").mkdir()
    os.mkfifo(folder / "fifo.jsonl")
    (folder / "link.jsonl").symlink_to("/dev/zero")
    (folder / "loop.jsonl").symlink_to(folder / "loop.jsonl")
    claude().prompt("still about toucans").write(user)

    assert texts(memory, "toucans")


def test_a_transcript_behind_a_symlink_is_followed_as_it_grows(memory: Memory, user: Path) -> None:
    writer = claude().prompt("about toucans")
    path = writer.write(user)
    path.rename(user / "elsewhere.jsonl")
    path.symlink_to(user / "elsewhere.jsonl")
    memory.update_transcripts()
    (user / "elsewhere.jsonl").write_bytes(writer.prompt("about gibbons").data())

    assert texts(memory, "toucans")
    assert texts(memory, "gibbons")


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31", "", "x", "-1"])
def test_a_time_that_cannot_be_understood_is_unknown(time: str, memory: Memory, user: Path) -> None:
    writer = claude().prompt("about toucans")
    writer.lines[0]["timestamp"] = time
    writer.write(user)

    assert texts(memory, "toucans")


def test_a_file_that_cannot_be_read_is_reported_and_the_others_are_copied(
    memory: Memory, user: Path
) -> None:
    if os.getuid() == 0:
        pytest.skip("root can read everything")
    path = claude("c1").prompt("hidden").write(user)
    path.chmod(0)
    claude("c2").prompt("about toucans").write(user)

    assert memory.update_transcripts().failed == {str(path): "cannot be read"}
    assert texts(memory, "toucans")


def test_filters_are_dates_and_the_folder_of_the_session(memory: Memory, user: Path) -> None:
    claude().prompt("about otters").write(user)

    for query, expected in [
        (Query("otters", since="2026-11"), 1),
        (Query("otters", since="2026-12"), 0),
        (Query("otters", until="2026-10"), 0),
        (Query("otters", root="/home/me"), 1),
        (Query("otters", root="/home/me/shop"), 1),
        (Query("otters", root="/home/me/sho"), 0),
    ]:
        assert len(texts(memory, query)) == expected, query


def test_no_query_is_a_syntax_error(memory: Memory, user: Path) -> None:
    claude().prompt('say "hello" AND (NOT) text: * ^ -- ü 你好').write(user)

    for query in ('"', "AND", "NOT (", "text:", "*", "^", "--", "", "\ud800", "你好", "a" * 5000):
        texts(memory, query)
    assert texts(memory, "你好")


def test_one_thread_copies_at_a_time_and_nothing_is_copied_twice(
    memory: Memory, user: Path
) -> None:
    for number in range(20):
        claude(f"c{number}").prompt(f"number {number} about puffins").reply("yes").write(user)
    threads = [threading.Thread(target=memory.update_transcripts) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    memory.update_transcripts()

    assert len(texts(memory, Query("puffins", 50))) == 20


def test_a_large_backlog_is_copied_in_batches_and_can_be_stopped(
    memory: Memory, user: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "BATCH_BYTES", 2000)
    stop = threading.Event()
    for number in range(5):
        writer = claude(f"c{number}")
        for turn in range(10):
            writer.prompt(f"turn {turn} of {number} about narwhals").reply(
                f"answer {turn} {number}"
            )
        writer.write(user)

    report = copying.update(str(home), {}, stop=stop, progress=lambda *_: stop.set())
    assert 0 < report.read_bytes < report.left_bytes
    assert copying.update(str(home), {}).left_bytes == 0

    assert len(memory.search_transcripts(Query("narwhals", 100))[0]) == 50
    assert [one.turn for one in memory.transcript("c3")] == list(range(1, 11))


def test_more_than_a_little_is_copied_by_another_process(
    memory: Memory, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "MAX_FOREGROUND_BYTES", 100)
    claude().prompt("about ocelots").write(user)

    report = memory.update_transcripts()

    assert report.left_bytes > 0
    for _ in iter(lambda: memory.transcript_status().left_files, 0):
        threading.Event().wait(0.05)
    assert texts(memory, "ocelots")


def test_a_damaged_database_is_set_aside(memory: Memory, user: Path, home: Path) -> None:
    claude().prompt("about ibexes").write(user)
    memory.update_transcripts()
    (home / "transcripts.db").write_bytes(b"not a database" * 1000)
    for name in ("transcripts.db-wal", "transcripts.db-shm"):
        (home / name).unlink(missing_ok=True)

    assert texts(memory, "ibexes")
    assert [name for name in os.listdir(home) if name.startswith("transcripts.db.")]


def test_the_copies_are_private(memory: Memory, user: Path, home: Path) -> None:
    claude().prompt("about ibexes").write(user)
    memory.update_transcripts()

    assert (home / "transcripts.db").stat().st_mode & 0o777 == 0o600


def test_nothing_is_copied_before_it_is_turned_on(
    memory: Memory,
    user: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("MEMCAIRN_TRANSCRIPTS_COPY")
    memory.close()
    claude().prompt("about ibexes").write(user)

    assert run(["search", "--transcripts", "ibexes"]) == 2
    assert "memcairn transcripts on" in capsys.readouterr().err
    assert not (home / "transcripts.db").exists()

    assert run(["transcripts", "on"]) == 0
    assert run(["transcripts", "status", "--json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out[out.index("{") :])["sessions"] == {"claude-code": 1}
    assert run(["transcripts", "off"]) == 0
    assert run(["search", "--transcripts", "ibexes", "--json"]) == 0
    out = capsys.readouterr().out
    assert len(json.loads(out[out.index("{") :])["passages"]) == 1

    assert run(["transcripts", "off", "--delete"]) == 0
    assert run(["search", "--transcripts", "ibexes"]) == 2
    assert not (home / "transcripts.db").exists()


def test_a_search_of_notes_never_returns_transcripts(
    memory: Memory, user: Path, notes: Path
) -> None:
    claude().prompt("about ibexes").write(user)
    (notes / "a.md").write_text("# Goats\n\nGoats climb.\n")
    memory.index(notes)
    memory.update_transcripts()

    assert memory.search("ibexes") == []


def test_options_for_notes_are_refused(
    memory: Memory, user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claude().prompt("about ibexes").write(user)
    for option in (["--namespace", "x"], ["--type", "user"], ["--as-of", "2026"], ["--explain"]):
        assert run(["search", "--transcripts", "ibexes", *option]) == 2
        assert f"cannot be combined with {option[0]}" in capsys.readouterr().err
    assert run(["transcripts", "show", "nobody"]) == 2


def test_a_file_that_sqlite_cannot_write_is_an_error_with_its_path(
    memory: Memory, user: Path, home: Path
) -> None:
    claude().prompt("about ibexes").write(user)
    memory.update_transcripts()
    db = sqlite3.connect(home / "transcripts.db")
    db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(Exception, match="later memcairn"):
        memory.search_transcripts("ibexes")


def test_a_long_lived_process_copies_what_is_added(memory: Memory, user: Path) -> None:
    claude().prompt("about ibexes").write(user)
    background = Background(lambda: memory)
    background.start()
    background.wake()
    assert background.checked.wait(60)
    background.stop()

    assert memory.transcript_status().passages == 1


def test_transcripts_that_cannot_be_copied_do_not_keep_notes_waiting(
    memory: Memory, user: Path, home: Path, notes: Path
) -> None:
    claude().prompt("about ibexes").write(user)
    memory.update_transcripts()
    with sqlite3.connect(home / "transcripts.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    (notes / "a.md").write_text("# Goats\n\nGoats climb.\n")
    memory.index(notes)
    (notes / "b.md").write_text("# Ibexes\n\nIbexes climb.\n")
    memory.enqueue(notes / "b.md", force=True)
    background = Background(lambda: memory)
    background.start()

    for _ in range(2):
        background.checked.clear()
        background.wake()
        assert background.checked.wait(60), "the work ended with the failure"
    background.stop()
