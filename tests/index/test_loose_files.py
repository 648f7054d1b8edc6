"""Notes outside every root: each is indexed by itself, and all of them are kept in one collection."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from index_tools import chunk_ids, content, found, rows, settle, write

from memcairn import Memory
from memcairn.errors import UsageError
from memcairn.fs import atomic
from memcairn.hosts import enqueue_writes
from memcairn.indexing import drain, reading

if TYPE_CHECKING:
    from pathlib import Path


def queue_and_flush(memory: Memory, *files: Path) -> None:
    memory.enqueue(files)
    assert memory.flush().is_whole


def loose_files(memory: Memory) -> list[str]:
    return [os.path.basename(path) for path in memory.status().loose.files]


def test_a_queued_file_is_found_and_makes_no_root(memory: Memory, notes: Path) -> None:
    path = write(notes / "a.md", "kiwi\n")

    queue_and_flush(memory, path)

    assert found(memory, "kiwi") == {"a.md"}
    assert memory.roots() == []
    assert loose_files(memory) == ["a.md"]


def test_a_file_of_another_kind_is_not_a_note(memory: Memory, notes: Path) -> None:
    other, index = write(notes / "a.py", "kiwi\n"), write(notes / "MEMORY.md", "kiwi\n")

    memory.enqueue((other, index))
    report = memory.flush()

    assert report.left_out == {str(other): "not a note", str(index): "not a note"}
    assert loose_files(memory) == []


def test_its_namespace_is_given_or_its_own_or_ruled_or_the_name_of_its_folder(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_NAMESPACES", "ruled*=rule")
    plain = write(notes / "plain.md", "kiwi\n")
    ruled = write(notes / "ruled.md", "kiwi\n")
    own = write(notes / "own.md", "---\nnamespace: own\n---\nkiwi\n")
    given = write(notes / "given.md", "kiwi\n")
    with Memory() as memory:
        memory.enqueue(given, namespace="given")
        queue_and_flush(memory, plain, ruled, own)

        assert dict(rows(memory, "SELECT path, namespace FROM note")) == {
            str(plain): "notes",
            str(ruled): "rule",
            str(own): "own",
            str(given): "given",
        }


def test_new_rules_give_loose_files_new_namespaces(notes: Path, tmp_path: Path) -> None:
    first, second = write(notes / "a.md", "kiwi\n"), write(notes / "b.md", "plum\n")
    with Memory() as memory:
        queue_and_flush(memory, first)
    (tmp_path / "config.toml").write_text('[namespaces]\n"*.md" = "fruit"\n')

    with Memory() as memory:
        queue_and_flush(memory, second)

        assert memory.namespaces() == {"fruit": 2}


def test_a_search_finds_the_new_text_of_an_edited_file(memory: Memory, notes: Path) -> None:
    path = write(notes / "a.md", "kiwi\n")
    queue_and_flush(memory, path)

    write(path, "papaya\n", age_s=1)

    assert found(memory, "papaya") == {"a.md"}
    assert found(memory, "kiwi") == set()


def test_a_file_that_is_gone_leaves_the_index_and_the_list(memory: Memory, notes: Path) -> None:
    path = write(notes / "a.md", "kiwi\n")
    queue_and_flush(memory, path)

    path.unlink()

    assert found(memory, "kiwi") == set()
    assert loose_files(memory) == []


def test_a_renamed_file_keeps_its_chunks(memory: Memory, notes: Path) -> None:
    path = write(notes / "a.md", "kiwi\n")
    queue_and_flush(memory, path)
    before = set(chunk_ids(memory, path).values())
    new = path.rename(notes / "b.md")

    queue_and_flush(memory, path, new)

    assert set(chunk_ids(memory, new).values()) == before
    assert loose_files(memory) == ["b.md"]


def test_a_file_that_cannot_be_read_is_listed_with_its_problem(memory: Memory, notes: Path) -> None:
    path = write(notes / "a.md", b"\xff\n")

    memory.enqueue(path)

    assert memory.flush().failed == {str(path): "is not UTF-8 text (line 1)"}
    assert [problem.path for problem in memory.status().problems] == [str(path)]
    assert loose_files(memory) == ["a.md"]
    write(path, "kiwi\n", age_s=1)
    queue_and_flush(memory, path)
    assert memory.status().problems == ()


def test_a_folder_that_is_indexed_later_takes_its_files_over(memory: Memory, notes: Path) -> None:
    path, other = write(notes / "sub" / "a.md", "kiwi\n"), write(notes / "b.md", "kiwi\n")
    broken, outside = write(notes / "c.md", b"\xff\n"), write(notes.parent / "d.md", "plum\n")
    memory.enqueue((path, broken, outside))
    memory.flush()
    before = chunk_ids(memory, path)

    memory.index(notes)

    assert chunk_ids(memory, path) == before, "the embeddings are those of the chunks"
    assert len(chunk_ids(memory, other)) == 1
    assert loose_files(memory) == ["d.md"]
    assert [root.notes for root in memory.status().roots] == [2]
    with Memory(notes.parent / "fresh") as fresh:
        fresh.enqueue(outside)
        fresh.flush()
        fresh.index(notes)
        assert content(memory) == content(fresh)


def test_a_new_root_leaves_alone_a_loose_file_that_it_does_not_take(
    memory: Memory, notes: Path
) -> None:
    hidden = write(notes / ".hidden" / "a.md", "kiwi\n")
    memory.index(hidden)

    memory.index(notes)
    memory.index(notes)

    assert found(memory, "kiwi") == {"a.md"}
    write(hidden, "papaya\n", age_s=1)
    queue_and_flush(memory, hidden)
    assert found(memory, "papaya") == {"a.md"}


def test_a_queued_file_that_its_root_leaves_out_is_not_a_loose_file(
    memory: Memory, notes: Path
) -> None:
    write(notes / ".gitignore", "a.md\n")
    path = write(notes / "a.md", "kiwi\n")
    memory.index(notes)

    memory.enqueue(path)

    assert memory.flush().left_out == {str(path): "not a note"}
    assert loose_files(memory) == []


def test_loose_files_come_back_after_index_db_is_deleted(memory: Memory, notes: Path) -> None:
    files = [write(notes / f"{number}.md", f"kiwi {number}\n") for number in range(3)]
    memory.enqueue(files[0], namespace="given")
    queue_and_flush(memory, *files[1:])
    before = content(memory)
    memory.close()
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(memory.engine.databases.index_path + suffix):
            os.unlink(memory.engine.databases.index_path + suffix)

    with Memory() as again:
        assert found(again, "kiwi") == {"0.md", "1.md", "2.md"}
        assert content(again) == before


def test_a_single_file_that_an_earlier_version_kept_as_a_root_is_a_loose_file(
    memory: Memory, notes: Path
) -> None:
    path = write(notes / "a.md", "kiwi\n")
    os.makedirs(memory.engine.home)
    with open(os.path.join(memory.engine.home, "roots.json"), "w", encoding="ascii") as file:
        json.dump({"roots": [{"path": str(path), "memory_md": None}], "labels": {}}, file)

    assert found(memory, "kiwi") == {"a.md"}
    assert memory.roots() == []
    assert loose_files(memory) == ["a.md"]


def test_a_damaged_queue_is_answered_with_a_scan_of_loose_files(
    memory: Memory, notes: Path
) -> None:
    path = write(notes / "a.md", "kiwi\n")
    queue_and_flush(memory, path)
    memory.close()
    with open(memory.engine.databases.queue_path, "wb") as file:
        file.write(b"garbage " * 1000)

    with Memory() as again:
        assert again.queue_status().oldest_path == str(path)


def test_a_loose_file_is_forgotten_by_its_path_or_its_folder(memory: Memory, notes: Path) -> None:
    first, second = write(notes / "a.md", "kiwi\n"), write(notes / "b.md", "kiwi\n")
    other = write(notes.parent / "c.md", "kiwi\n")
    queue_and_flush(memory, first, second, other)

    assert memory.forget_root(first) == 1
    assert found(memory, "kiwi") == {"b.md", "c.md"}
    assert memory.forget_root(notes) == 1
    assert found(memory, "kiwi") == {"c.md"}

    assert first.exists()
    with pytest.raises(UsageError, match="not a known notes folder"):
        memory.forget_root(notes)


def test_a_host_s_write_to_a_loose_file_is_enqueued(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(notes / "a.md", "kiwi\n")
    queue_and_flush(memory, path)

    monkeypatch.setattr(enqueue_writes.event_session, "log_queued", lambda *_: None)
    enqueued: list[str] = []
    event = WrittenFiles((str(path), str(notes / "b.md")))

    enqueue_writes.record(memory.engine.home, event, enqueued.extend)

    assert enqueued == [str(path)]


class WrittenFiles:
    """The part of a hook event that matters here."""

    def __init__(self, written: tuple[str, ...]) -> None:
        self.written = written


# ── what a flush costs ───────────────────────────────────────────────────────────────────────────


def cost_of_flush(
    memory: Memory, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> dict[str, int]:
    """How many statements and transactions a flush of files runs, and how often roots.json is written."""
    counts = {"statements": 0, "transactions": 0, "roots.json": 0}

    def count(sql: str) -> None:
        counts["statements"] += 1
        counts["transactions"] += sql.startswith("BEGIN IMMEDIATE")

    replace = atomic.replace

    def count_and_replace(path: Path, text: bytes) -> object:
        counts["roots.json"] += os.path.basename(path) == "roots.json"
        return replace(path, text)

    memory.enqueue(files)
    connection = memory.engine.databases.opened().db.connection
    connection.set_trace_callback(count)
    with monkeypatch.context() as patch:
        patch.setattr(atomic, "replace", count_and_replace)
        assert len(memory.flush().indexed) == len(files)
    connection.set_trace_callback(None)
    return counts


def files_in(folder: Path, count: int) -> list[Path]:
    files = [
        write(folder / f"{number}.md", f"kiwi {folder.name} {number}\n") for number in range(count)
    ]
    settle(folder)
    return files


def test_the_statements_of_a_flush_grow_with_the_files_and_not_faster(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = cost_of_flush(memory, files_in(tmp_path / "few", 100), monkeypatch)
    many = cost_of_flush(memory, files_in(tmp_path / "many", 400), monkeypatch)

    assert many["statements"] <= 4.4 * few["statements"]


def test_a_flush_takes_a_transaction_and_a_roots_json_a_batch_and_not_a_file(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "BATCH_SIZE", 100)

    cost = cost_of_flush(memory, files_in(tmp_path / "loose", 400), monkeypatch)

    assert cost["roots.json"] == 4
    assert cost["transactions"] <= 4 * 5


def test_loose_files_take_as_many_statements_as_files_of_a_root(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loose = cost_of_flush(memory, files_in(tmp_path / "loose", 300), monkeypatch)
    (tmp_path / "root").mkdir()
    memory.index(tmp_path / "root")

    inside = cost_of_flush(memory, files_in(tmp_path / "root", 300), monkeypatch)

    assert loose["statements"] <= 1.5 * inside["statements"]


def test_files_that_are_gone_or_touched_are_written_in_one_transaction_a_batch(
    memory: Memory, notes: Path
) -> None:
    files = files_in(notes, 60)
    memory.index(notes)
    for path in files[:30]:
        path.unlink()
    settle(*files[30:], age_s=1)
    memory.enqueue(files)
    transactions = []
    connection = memory.engine.databases.opened().db.connection
    connection.set_trace_callback(transactions.append)

    report = memory.flush()

    assert (len(report.removed), report.unchanged) == (30, 30)
    assert sum(sql.startswith("BEGIN IMMEDIATE") for sql in transactions) < 10


def test_a_file_whose_parser_breaks_fails_alone(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_in(notes, 5)
    read = reading.read

    def break_at_one(path: str, max_bytes: int) -> object:
        if path.endswith("3.md"):
            raise RuntimeError("broken")
        return read(path, max_bytes)

    monkeypatch.setattr(reading, "read", break_at_one)
    memory.enqueue(files)

    report = memory.flush()

    assert report.failed == {str(files[3]): "RuntimeError: broken"}
    assert memory.queue_status().depth == 1
    assert len(found(memory, "kiwi")) == 4
