"""index.db is a cache: damaged, deleted, shared or without room, the notes are found again."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from index_tools import content, found, rows, write

from memcairn import Memory, Query, engine
from memcairn.errors import SchemaTooNew, StateError
from memcairn.fs import atomic
from memcairn.queue import Queue

if TYPE_CHECKING:
    from memcairn.engine import Opened


def indexed(notes: Path) -> str:
    """Index some notes, and say where index.db is."""
    for number in range(30):
        write(notes / f"{number}.md", f"# Note {number}\n\nkiwi {number}\n")
    with Memory() as memory:
        memory.index(notes, namespace="given")
        return memory.engine.databases.index_path


@pytest.mark.parametrize("damage", ["garbage", "header", "truncated", "short", "middle"])
def test_a_damaged_index_is_set_aside_and_rebuilt(notes: Path, damage: str) -> None:
    index = indexed(notes)
    whole = Path(index).read_bytes()
    with open(index, "wb") as file:
        file.write(
            {
                "garbage": b"garbage " * 1000,
                "header": b"\0" * 100 + whole[100:],
                "truncated": whole[: len(whole) // 2],
                "short": whole[:50],
                "middle": whole[:4096] + os.urandom(len(whole) - 4096),
            }[damage]
        )
    for suffix in ("-wal", "-shm"):
        if os.path.exists(index + suffix):
            os.unlink(index + suffix)

    with Memory() as memory:
        assert len(memory.search(Query("kiwi", limit=50, namespace="given"))) == 30
        assert any("damaged" in notice for notice in memory.notices)
        assert rows(memory, "PRAGMA integrity_check") == [("ok",)]
    assert any(".damaged-" in name for name in os.listdir(os.path.dirname(index)))


def test_a_deleted_index_comes_back_with_its_roots_and_namespaces(notes: Path) -> None:
    index = indexed(notes)
    with Memory() as memory:
        before = content(memory)
    os.unlink(index)

    with Memory() as memory:
        assert len(memory.search(Query("kiwi", limit=50, namespace="given"))) == 30
        assert content(memory) == before


def test_a_newer_index_is_refused_and_not_touched(notes: Path) -> None:
    index = indexed(notes)
    with closing(sqlite3.connect(index)) as db:
        db.execute("PRAGMA user_version = 99")
    before = Path(index).read_bytes()

    with Memory() as memory, pytest.raises(SchemaTooNew, match="schema 99"):
        memory.search("kiwi")

    assert Path(index).read_bytes() == before


def test_an_index_of_an_earlier_schema_is_rebuilt_from_the_files(notes: Path) -> None:
    index = indexed(notes)
    with Memory() as memory:
        before = content(memory)
    with closing(sqlite3.connect(index)) as db:
        db.execute("PRAGMA user_version = 1")
        db.execute("DROP TABLE problem")

    with Memory() as memory:
        assert len(memory.search(Query("kiwi", limit=50, namespace="given"))) == 30
        assert content(memory) == before


def test_a_home_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path, notes: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StateError, match=r"queue\.db: cannot be created"):
        Queue(str(tmp_path / "file" / "home" / "queue.db"))
    with Memory(tmp_path / "file" / "home") as memory, pytest.raises(StateError) as error:
        memory.index(notes)

    assert str(tmp_path / "file" / "home") in str(error.value)


def test_an_index_that_cannot_be_written_is_an_error_with_a_hint(notes: Path) -> None:
    indexed(notes)
    write(notes / "new.md", "kiwi new\n")
    with Memory() as memory:
        memory.engine.databases.opened().db.execute("PRAGMA query_only = ON")

        with pytest.raises(StateError) as error:
            memory.index(notes)

    assert "index.db" in str(error.value)
    assert error.value.hint == "make the file and its folder writable"


def test_a_full_disk_is_an_error_and_loses_nothing(notes: Path) -> None:
    indexed(notes)
    with Memory() as memory:
        before = content(memory)
        handles = memory.engine.databases.opened()
        (pages,) = handles.db.execute("PRAGMA page_count").fetchone()
        handles.db.execute(f"PRAGMA max_page_count = {pages}")
        write(notes / "new.md", "".join(f"# H{n}\n\nplum {n} {'x' * 999}\n\n" for n in range(500)))

        with pytest.raises(StateError) as error:
            memory.index(notes)
        assert error.value.hint == "make room on the disk"
        assert content(memory) == before

        memory.enqueue(notes / "new.md")
        assert not memory.flush().is_whole
        assert memory.queue_status().failing == 1

        handles.db.execute("PRAGMA max_page_count = 1000000")
        assert memory.flush().is_whole
        assert found(memory, "plum") == {"new.md"}


def test_files_that_we_make_are_private(notes: Path) -> None:
    index = indexed(notes)
    home = os.path.dirname(index)

    assert os.stat(home).st_mode & 0o077 == 0
    for name in os.listdir(home):
        assert os.stat(os.path.join(home, name)).st_mode & 0o077 == 0, name


INDEX = "import sys; from memcairn import Memory; Memory().index(sys.argv[1])"


def test_two_processes_index_the_same_folder_at_once(notes: Path, tmp_path: Path) -> None:
    for number in range(300):
        write(notes / f"{number % 7}" / f"{number}.md", f"# Note {number}\n\nkiwi {number}\n")
    command = [sys.executable, "-c", INDEX, str(notes)]
    for round_ in range(2):
        both = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
        assert [(p.communicate()[1], p.returncode) for p in both] == [(b"", 0)] * 2
        for number in range(0, 300, 3):
            write(notes / f"{number % 7}" / f"{number}.md", f"plum {number}\n", age_s=round_ + 1)

    with Memory() as memory, Memory(tmp_path / "fresh") as fresh:
        memory.index(notes)
        fresh.index(notes)
        assert content(memory) == content(fresh)


WORDS = ["zulu", "alpha", "bravo", "charlie", "delta", "echo"]


def test_threads_search_while_another_indexes(memory: Memory, notes: Path) -> None:
    def write_all(word: str, step: int) -> None:
        for number in range(0, 40, step):
            text = f"# Note {number}\n\nkiwi {number} {word}\n"
            write(notes / f"{number}.md", text, age_s=None)
        memory.index(notes)

    def index() -> None:
        try:
            for word in WORDS[1:]:
                write_all(word, 2)
        finally:
            done.set()

    def search() -> int:
        turns = 0
        while not done.is_set() or not turns:
            turns += 1
            for passage in memory.search(Query("kiwi", limit=5)):
                assert "kiwi" in passage.text
        return turns

    done = threading.Event()
    write_all(WORDS[0], 1)
    with ThreadPoolExecutor(5) as threads:
        searches = [threads.submit(search) for _ in range(4)]
        threads.submit(index).result()
        assert all(turns.result() for turns in searches)

    assert len(memory.search(Query(WORDS[-1], limit=50))) == 20
    assert memory.search(WORDS[-2]) == []
    assert rows(memory, "PRAGMA integrity_check") == [("ok",)]


def test_a_root_that_cannot_be_written_down_is_none_and_the_error_names_the_file(
    notes: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(notes / "a.md", "kiwi\n")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Memory() as memory:
        with monkeypatch.context() as patch:
            patch.setattr(atomic, "replace", full)
            with pytest.raises(StateError, match="No space") as error:
                memory.index(notes)
        assert error.value.path == home / "roots.json"
        assert memory.roots() == []

        memory.index(notes)
        assert found(memory, "kiwi") == {"a.md"}


def test_a_running_call_uses_the_index_that_another_thread_rebuilds(
    memory: Memory, notes: Path, home: Path
) -> None:
    write(notes / "a.md", "A walrus.\n")
    memory.index(notes)
    begun, go_on = threading.Event(), threading.Event()
    counted: list[int] = []

    def count(opened: Opened) -> int:
        begun.set()
        assert go_on.wait(60)
        (number,) = opened.db.execute("SELECT COUNT(*) FROM note").fetchone()
        return int(number)

    under_way = threading.Thread(target=lambda: counted.append(memory.engine.databases.run(count)))
    under_way.start()
    assert begun.wait(60)
    (home / "index.db").write_bytes(b"this is no database" * 1000)
    memory.engine.databases.close()
    assert found(memory, "walrus") == {"a.md"}
    go_on.set()
    under_way.join(60)

    assert counted == [1]


@pytest.mark.parametrize("what", ["home", "index.db"])
def test_a_process_goes_on_in_the_files_that_replaced_its_own(
    memory: Memory,
    notes: Path,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    monkeypatch.setattr(engine, "REPLACED_CHECK_S", 0)
    write(notes / "a.md", "kiwi\n")
    memory.index(notes)
    assert found(memory, "kiwi") == {"a.md"}

    if what == "home":
        home.rename(tmp_path / "old home")
        with Memory() as other:
            other.index(notes)
    else:
        for name in ("index.db", "index.db-wal", "index.db-shm"):
            (home / name).unlink(missing_ok=True)
    write(notes / "b.md", "kiwi\n")

    assert found(memory, "kiwi") == {"a.md", "b.md"}
    assert rows(memory, "SELECT COUNT(*) FROM note") == [(2,)]


@pytest.mark.parametrize("name", ["index.db", "queue.db"])
@pytest.mark.parametrize("damage", ["a table is missing", "the version is lost"])
def test_a_database_with_a_damaged_schema_is_rebuilt(
    memory: Memory, notes: Path, home: Path, name: str, damage: str
) -> None:
    write(notes / "a.md", "kiwi\n")
    memory.index(notes)
    memory.enqueue(notes / "a.md")
    memory.close()
    with closing(sqlite3.connect(home / name)) as db:
        if damage == "a table is missing":
            table = "chunk" if name == "index.db" else "entry"
            db.execute(f"DROP TABLE {table}")
        else:
            db.execute("PRAGMA user_version = 0")

    assert found(memory, "kiwi") == {"a.md"}
    memory.enqueue(notes / "a.md")
    assert memory.flush().is_whole
    assert rows(memory, "SELECT COUNT(*) FROM note") == [(1,)]
