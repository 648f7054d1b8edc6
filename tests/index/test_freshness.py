"""A search shows what the files say now."""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest
from index_tools import found, settle, write

from memcairn import Memory, engine
from memcairn.daemon.background import Background
from memcairn.fs import signature
from memcairn.indexing import batch, reading, scan
from memcairn.search import freshness, pipeline
from memcairn.search.query import Query

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settled(memory: Memory, notes: Path) -> Path:
    """An indexed folder in which nothing has happened lately."""
    write(notes / "a.md", "kiwi one\n")
    write(notes / "b.md", "mango one\n")
    write(notes / "sub" / "c.md", "kiwi two\n")
    settle(notes / "sub", notes)
    memory.index(notes)
    return notes


@pytest.mark.parametrize("text", ["plum one\n", "plum\n", "", "plum and much more text\n"])
def test_text_that_is_no_longer_there_is_not_shown(
    memory: Memory, settled: Path, text: str
) -> None:
    write(settled / "a.md", text, age_s=None)

    assert found(memory, "kiwi") == {"c.md"}
    assert found(memory, "plum") == ({"a.md"} if text else set())


def test_many_edits_of_the_same_size_are_all_seen(memory: Memory, settled: Path) -> None:
    before = "kiwi"
    for word in ("plum", "pear", "lime", "date", "fig1", "kiwi") * 5:
        write(settled / "a.md", f"{word} one\n", age_s=None)

        assert "a.md" not in found(memory, before)
        assert "a.md" in found(memory, f"one {word}")
        before = word


@pytest.mark.parametrize("place", ["new.md", "sub/new.md", "fresh/new.md", "x/y/z/new.md"])
def test_a_new_file_is_found(memory: Memory, settled: Path, place: str) -> None:
    write(settled / place, "papaya\n", age_s=None)

    assert found(memory, "papaya") == {"new.md"}


def test_a_file_made_right_after_a_search_is_found(memory: Memory, settled: Path) -> None:
    for number in range(20):
        write(settled / f"{number}.md", f"papaya {number}\n", age_s=None)

        assert f"{number}.md" in found(memory, f"papaya {number}", limit=50)


def test_a_renamed_file_is_found_by_its_new_name_only(memory: Memory, settled: Path) -> None:
    (settled / "a.md").rename(settled / "sub" / "z.md")

    assert found(memory, "kiwi") == {"c.md", "z.md"}


def test_a_file_renamed_over_another_takes_its_place(memory: Memory, settled: Path) -> None:
    (settled / "a.md").replace(settled / "b.md")

    assert found(memory, "kiwi") == {"b.md", "c.md"}
    assert found(memory, "mango") == set()


def test_a_file_replaced_as_editors_do_is_found_by_its_new_text(
    memory: Memory, settled: Path
) -> None:
    write(settled / ".a.tmp", "papaya\n", age_s=None)
    (settled / ".a.tmp").replace(settled / "a.md")

    assert found(memory, "papaya") == {"a.md"}


def test_a_removed_file_or_folder_is_not_found(memory: Memory, settled: Path) -> None:
    (settled / "a.md").unlink()
    assert found(memory, "kiwi") == {"c.md"}

    shutil.rmtree(settled / "sub")
    assert found(memory, "kiwi") == set()


def test_a_folder_that_moves_takes_its_notes_along(memory: Memory, settled: Path) -> None:
    (settled / "sub").rename(settled / "moved")

    (passage,) = [p for p in memory.search("kiwi") if p.path.endswith("c.md")]
    assert passage.path == str(settled / "moved" / "c.md")


def test_a_root_that_comes_back_is_found_again(
    memory: Memory, settled: Path, tmp_path: Path
) -> None:
    settled.rename(tmp_path / "away")
    assert found(memory, "kiwi") == set()
    assert found(memory, "kiwi") == set()

    (tmp_path / "away").rename(settled)
    assert found(memory, "kiwi") == {"a.md", "c.md"}


def test_a_file_that_cannot_be_read_any_more_is_not_shown(memory: Memory, settled: Path) -> None:
    write(settled / "a.md", b"kiwi \xff\n", age_s=None)

    assert found(memory, "kiwi") == {"c.md"}


def test_a_file_that_changes_during_every_search_is_left_out(
    memory: Memory, settled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memcairn.search import pipeline

    search = pipeline.search
    turn = 0

    def write_during_search(*given, **more):
        nonlocal turn
        turn += 1
        answer = search(*given, **more)
        write(settled / "a.md", "kiwi " * (turn + 1), age_s=None)
        return answer

    monkeypatch.setattr(pipeline, "search", write_during_search)

    assert found(memory, "kiwi") == {"c.md"}


def test_a_file_that_changes_once_during_a_search_is_shown_as_it_is(
    memory: Memory, settled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memcairn.search import pipeline

    search = pipeline.search
    changes = ["papaya and kiwi\n"]

    def write_during_search(*given, **more):
        answer = search(*given, **more)
        if changes:
            write(settled / "a.md", changes.pop(), age_s=None)
        return answer

    monkeypatch.setattr(pipeline, "search", write_during_search)

    texts = {os.path.basename(p.path): p.text for p in memory.search("kiwi")}
    assert texts["a.md"] == "papaya and kiwi"


def test_a_note_that_another_process_indexed_during_a_search_is_shown_in_its_new_form(
    memory: Memory, settled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memcairn.search import pipeline

    search = pipeline.search
    changes = ["papaya\n"]

    def index_during_search(*given, **more):
        answer = search(*given, **more)
        if changes:
            write(settled / "a.md", changes.pop(), age_s=7)
            with Memory() as other:
                other.index(settled)
        return answer

    monkeypatch.setattr(pipeline, "search", index_during_search)

    assert found(memory, "kiwi") == {"c.md"}


def test_a_note_edited_in_place_is_found_by_its_new_words(memory: Memory, settled: Path) -> None:
    write(settled / "b.md", "papaya\n", age_s=1)
    settle(settled)

    assert found(memory, "papaya") == {"b.md"}


def test_each_search_checks_a_part_of_many_notes(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "MAX_NOTES", 10)
    monkeypatch.setattr(freshness, "SAMPLE_SIZE", 4)
    for number in range(11):
        write(notes / f"{number:02}.md", f"kiwi {number}\n")
    settle(notes)
    memory.index(notes)
    for age_s, word in enumerate(("papaya", "mango"), 1):
        for number in range(11):
            write(notes / f"{number:02}.md", f"{word} {number}\n", age_s=age_s)
        settle(notes)

        # What is found by its old words is looked at in any case; nothing is, by these.
        seen = [len(found(memory, word, limit=50)) for _ in range(3)]

        assert seen == [4, 8, 11]


def test_a_note_that_cannot_be_read_any_more_is_not_opened_by_each_search(
    memory: Memory, settled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settled / "a.md", b"\xff\n", age_s=1)
    settle(settled)
    memory.search("mango")
    opened = []
    read = reading.read
    monkeypatch.setattr(reading, "read", lambda *given: (opened.append(given), read(*given))[1])

    assert found(memory, "mango") == {"b.md"}

    assert opened == []


def test_a_time_to_come_does_not_make_a_note_one_to_look_at_again(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(notes / "a.md", "kiwi\n")
    for place in (path, notes):
        os.utime(place, (4_000_000_000, 4_000_000_000))
    memory.index(notes)
    opened = []
    read = reading.read
    monkeypatch.setattr(reading, "read", lambda *given: (opened.append(given), read(*given))[1])

    assert found(memory, "kiwi") == {"a.md"}
    assert memory.index(notes).unchanged == 1

    assert opened == []


@pytest.mark.parametrize("second", [10_000_000_000, 10_000_000_000_000])
def test_a_file_of_a_time_that_the_index_cannot_hold_is_indexed_with_the_others(
    memory: Memory, notes: Path, second: int
) -> None:
    write(notes / "a.md", "kiwi one\n")
    write(notes / "b.md", "kiwi two\n")
    (notes / "MEMORY.md").write_text("")
    memory.index(notes)
    for path in (notes / "a.md", notes / "MEMORY.md", notes):
        os.utime(path, (second, second))

    memory.index(notes)
    assert found(memory, "kiwi") == {"a.md", "b.md"}

    write(notes / "a.md", "plum one\n", age_s=None)
    assert found(memory, "kiwi") == {"b.md"}


def test_a_file_number_that_the_index_cannot_hold_is_another_one_that_it_can(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(notes / "a.md", "kiwi one\n")
    real, most = os.stat, (1 << 64) - 1

    def stat(*arguments: object, **more: object) -> os.stat_result:
        status = real(*arguments, **more)  # type: ignore[arg-type]
        return os.stat_result((status.st_mode, most, *status[2:]), {"st_mtime_ns": 7 * 10**18})

    monkeypatch.setattr(os, "stat", stat)
    known = signature.signature_of(os.stat(notes / "a.md"))

    assert known.inode < 1 << 63
    assert signature.signature_at(str(notes / "a.md")) == known
    assert signature.changed_files([(str(notes / "a.md"), *known)]) == []


def test_notes_that_only_became_old_enough_to_be_trusted_are_not_searched_for_again(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many of them, each at another moment, would else look like notes that never rest."""
    monkeypatch.setattr(scan, "RACY_NS", 1 << 62)
    write(notes / "a.md", "A walrus.\n")
    memory.index(notes)
    search, searches = pipeline.search, []

    def counted(*asked: object) -> object:
        searches.append(asked)
        monkeypatch.setattr(scan, "RACY_NS", 0)
        return search(*asked)

    monkeypatch.setattr(pipeline, "search", counted)

    assert found(memory, "walrus") == {"a.md"}
    assert len(searches) == 1


def test_past_its_deadline_a_search_leaves_out_what_changed(memory: Memory, settled: Path) -> None:
    write(settled / "a.md", "kiwi anew\n", age_s=None)
    write(settled / "new.md", "kiwi new\n", age_s=None)

    late = memory.search("kiwi", deadline=time.monotonic())

    assert {os.path.basename(passage.path) for passage in late} == {"c.md"}
    assert found(memory, "kiwi") == {"a.md", "c.md", "new.md"}


def test_indexing_that_a_deadline_stopped_goes_on_where_it_was(
    memory: Memory, settled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        write(settled / "many" / f"{number}.md", f"papaya {number}\n", age_s=None)
        write(settled / f"{number}.md", f"papaya {number}\n", age_s=None)
    clock = itertools.count()
    monkeypatch.setattr(engine, "INDEXING_S", 7.0)
    monkeypatch.setattr(batch.time, "monotonic", lambda: float(next(clock)))

    counts = [
        len(memory.search(Query("papaya", 100), deadline=next(clock) + 7.0)) for _ in range(30)
    ]

    assert counts[0] < 60
    assert counts == sorted(counts)
    assert counts[-1] == 60


def test_a_search_with_a_deadline_indexes_for_a_moment_and_the_background_does_the_rest(
    memory: Memory, settled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "INDEXING_S", -1.0)
    for number in range(30):
        write(settled / f"{number}.md", f"papaya {number}\n", age_s=None)
    papayas = Query("papaya", 100)
    assert memory.search(papayas, deadline=time.monotonic() + 60) == []
    assert memory.notices == []

    background = Background(lambda: memory)
    background.start()
    assert background.checked.wait(60)
    background.stop()

    assert len(memory.search(papayas, deadline=time.monotonic() + 60)) == 30


def test_a_search_with_a_deadline_does_not_wait_for_another_process_that_indexes(
    memory: Memory, settled: Path, home: Path
) -> None:
    write(settled / "a.md", "kiwi anew\n", age_s=None)
    other = sqlite3.connect(home / "index.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    late = memory.search("kiwi", deadline=time.monotonic())

    assert other.in_transaction
    other.close()
    assert {os.path.basename(passage.path) for passage in late} == {"c.md"}
    assert found(memory, "kiwi") == {"a.md", "c.md"}
