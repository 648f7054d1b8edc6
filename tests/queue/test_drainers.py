"""The queue with real processes: many writers, drainers that are killed, flushes that wait."""

from __future__ import annotations

import json
import random
import sqlite3
import string
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from memcairn import Memory, Query
from memcairn.indexing.indexer import Indexer
from memcairn.indexing.report import IndexReport
from memcairn.queue import Queue

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

WRITER = """
import json, sys, time
from memcairn.queue import Queue
number, path = int(sys.argv[1]), sys.argv[2]
sys.stdin.readline()
queue = Queue(path, clock=lambda: now)
written = []
for n in range(100):
    # Half of the paths are everybody's, half are this process's own.
    name, now = f"/notes/shared-{n}.md" if n % 2 else f"/notes/{number}-{n}.md", time.time()
    queue.enqueue([name])
    written.append((name, now))
print(json.dumps(written))
"""

DRAINER = """
import json, sys
from memcairn import Memory
memory = Memory()
print("ready", flush=True)
report = memory.flush() if sys.argv[1:] == ["flush"] else memory.drain(0)
print(json.dumps(report.indexed))
"""


def test_64_processes_enqueue_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    path = str(tmp_path / "home" / "queue.db")
    Queue(path).close()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(number), path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for number in range(64)
    ]  # fmt: skip
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    written: dict[str, list[float]] = {}
    for writer in writers:
        said, error = writer.communicate()
        assert (writer.returncode, error) == (0, b"")
        for name, at in json.loads(said):
            written.setdefault(name, []).append(at)

    queue = Queue(path)
    entries = {entry.path: entry for entry in queue.entries()}
    shared = {f"/notes/shared-{n}.md" for n in range(100) if n % 2}
    own = {f"/notes/{number}-{n}.md" for number in range(64) for n in range(100) if n % 2 == 0}
    assert entries.keys() == shared | own
    assert queue.watermark() == 6400
    assert {name: (entry.first_seen, entry.last_seen) for name, entry in entries.items()} == {
        name: (min(times), max(times)) for name, times in written.items()
    }
    assert all(len(written[name]) == 64 for name in shared)
    assert queue.check() == []
    queue.close()


def test_no_lock_is_held_while_a_file_is_indexed(
    notes: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = notes / "slow.md"
    note.write_text("slow\n", encoding="utf-8")
    memory = Memory()
    memory.index(notes)
    memory.enqueue(note)
    indexing, go_on = threading.Event(), threading.Event()

    def index_slowly(_: Indexer, path: str, **_more: object) -> IndexReport:
        indexing.set()
        assert go_on.wait(60)
        return IndexReport(indexed=[path])

    monkeypatch.setattr(Indexer, "index_changed", index_slowly)
    flush = threading.Thread(target=memory.flush)
    flush.start()
    assert indexing.wait(60)

    # With a lock held these would fail at once: nothing waits for a busy database here.
    for name in ("queue.db", "index.db"):
        with sqlite3.connect(home / name, timeout=0, isolation_level=None) as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
        db.close()
    memory.enqueue(notes / "another.md")

    go_on.set()
    flush.join(60)
    assert [e.path for e in memory.engine.databases.opened().queue.entries()] == [
        str(notes / "another.md")
    ]
    memory.close()


def test_a_file_written_while_it_is_indexed_is_indexed_again(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = notes / "plan.md"
    note.write_text("old words\n", encoding="utf-8")
    memory = Memory()
    memory.index(notes)
    index_changed = Indexer.index_changed

    def write_meanwhile(indexer: Indexer, path: str, **more: object) -> IndexReport:
        report = index_changed(indexer, path, **more)
        monkeypatch.setattr(Indexer, "index_changed", index_changed)
        note.write_text("newest words\n", encoding="utf-8")
        memory.enqueue(note)
        return report

    monkeypatch.setattr(Indexer, "index_changed", write_meanwhile)
    memory.enqueue(note)
    memory.flush()
    assert memory.queue_status().depth == 1

    memory.flush()

    assert memory.queue_status().depth == 0
    assert memory.search("newest")
    memory.close()


def test_a_drainer_that_is_killed_at_any_moment_loses_nothing(notes: Path, home: Path) -> None:
    memory = Memory()
    memory.index(notes)
    rng = random.Random(7)
    killed = 0
    for word in (f"kiwi{letter}ova" for letter in string.ascii_lowercase):
        changed = [notes / f"{word}-{n}.md" for n in range(40)]
        for path in changed:
            path.write_text(f"# Note {path.stem}\n\n{word}\n", encoding="utf-8")
        memory.enqueue(changed)
        drainer = subprocess.Popen(
            [sys.executable, "-c", DRAINER, "flush"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert drainer.stdout is not None
        assert drainer.stdout.readline() == b"ready\n"
        try:
            drainer.wait(rng.uniform(0, 0.05))
        except subprocess.TimeoutExpired:
            drainer.kill()
            killed += 1
        drainer.wait()
        drainer.stdout.close()

        report = memory.flush()

        assert report.failed == {}
        assert memory.queue_status().depth == 0
        indexed = {p.path for p in memory.search(Query(word, limit=100))}
        assert indexed == {str(path) for path in changed}
    memory.close()
    assert killed > 8, "nearly nothing was killed: the test tests nothing"
    for name in ("queue.db", "index.db"):
        with sqlite3.connect(home / name) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.close()


def test_two_drainers_and_a_flush_index_each_write_once(notes: Path) -> None:
    memory = Memory()
    memory.index(notes)
    changed = [notes / f"{n}.md" for n in range(300)]
    for path in changed:
        path.write_text(f"# Note {path.stem}\n\ntogether\n", encoding="utf-8")
    memory.enqueue(changed)
    drainers = [
        subprocess.Popen([sys.executable, "-c", DRAINER], stdout=subprocess.PIPE) for _ in "ab"
    ]
    for drainer in drainers:
        assert drainer.stdout is not None
        assert drainer.stdout.readline() == b"ready\n"

    report = memory.flush()

    # What the others held is done, too, when the flush returns.
    assert memory.queue_status().depth == 0
    assert {p.path for p in memory.search(Query("together", limit=400))} == {
        str(p) for p in changed
    }
    indexed = list(report.indexed)
    for drainer in drainers:
        said, _ = drainer.communicate()
        assert drainer.returncode == 0
        indexed += json.loads(said)
    assert sorted(indexed) == sorted(map(str, changed))
    memory.close()


def test_a_file_that_fails_keeps_its_entry_and_holds_up_no_other(notes: Path) -> None:
    good, bad, gone = notes / "good.md", notes / "bad.md", notes / "gone.md"
    memory = Memory()
    gone.write_text("gone\n", encoding="utf-8")
    memory.index(notes)
    good.write_text("good\n", encoding="utf-8")
    bad.write_bytes(b"caf\xe9\n")
    gone.unlink()
    memory.enqueue([bad, good, gone])

    report = memory.flush()

    assert report.failed == {str(bad): "is not UTF-8 text (line 1)"}
    assert memory.search("good")
    assert not memory.search("gone")
    (entry,) = memory.engine.databases.opened().queue.entries()
    assert (entry.path, entry.attempts) == (str(bad), 1)
    bad.write_text("bad is mended\n", encoding="utf-8")
    assert memory.flush().failed == {}
    assert memory.queue_status().depth == 0
    memory.close()


def test_a_flush_takes_more_paths_than_a_statement_has_values(notes: Path) -> None:
    one = notes / "one.md"
    one.write_text("The last of many.", encoding="utf-8")
    many = [str(notes / f"gone-{number}.md") for number in range(33_000)]
    with Memory() as memory:
        memory.index(notes)
        memory.enqueue([one, *many[-2:]])

        memory.flush([*many, one])

        assert memory.queue_status().depth == 0


def test_a_flush_of_some_paths_leaves_the_rest_alone(notes: Path) -> None:
    memory = Memory()
    memory.index(notes)
    changed = [notes / f"{n}.md" for n in range(5000)]
    changed[0].write_text("first\n", encoding="utf-8")
    memory.enqueue([*changed, notes / "left.md"])

    memory.flush(changed)

    assert [e.path for e in memory.engine.databases.opened().queue.entries()] == [
        str(notes / "left.md")
    ]
    assert memory.search("first")
    memory.close()


def test_a_queue_of_garbage_is_set_aside_and_answered_with_a_scan(notes: Path, home: Path) -> None:
    with Memory() as memory:
        memory.index(notes)
    notes.joinpath("new.md").write_text("found again\n", encoding="utf-8")
    for name in ("queue.db-wal", "queue.db-shm"):
        home.joinpath(name).unlink(missing_ok=True)
    home.joinpath("queue.db").write_bytes(b"garbage " * 1000)

    with Memory() as memory:
        memory.flush()

        assert "queue.db was damaged" in memory.notices[0]
        assert memory.search("found again")
    assert list(home.glob("queue.db.damaged-*"))


def test_one_memory_serves_threads(notes: Path) -> None:
    memory = Memory()
    memory.index(notes)
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for n in range(5):
                path = notes / f"{number}-{n}.md"
                path.write_text(f"thread{number}x\n", encoding="utf-8")
                memory.enqueue(path)
                memory.drain(0)
                memory.flush()
                assert memory.search(Query(f"thread{number}x", limit=20))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert (
        len({p.path for n in range(8) for p in memory.search(Query(f"thread{n}x", limit=20))}) == 40
    )
    memory.close()
