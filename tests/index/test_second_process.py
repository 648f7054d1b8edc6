"""Many new files are taken apart by two processes, and the index is the same as with one."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from index_tools import content, found, write

from memcairn import Memory
from memcairn.indexing import parallel
from memcairn.indexing.parallel import MIN_ITEMS, map_forked
from memcairn.sessions import processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="a second process needs Linux and a second core",
)
ITEMS = [f"item {number}" for number in range(3 * MIN_ITEMS)]


def process_of(item: str) -> tuple[str, int]:
    return item.upper(), os.getpid()


def children() -> set[int]:
    """The processes that this one has started and that it has not waited for."""
    found = (processes.process(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return {one.pid for one in found if one is not None and one.parent == os.getpid()}


@pytest.fixture(autouse=True)
def _no_child_is_left() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


def alone() -> bool:
    """Whether this process has one thread, as a command has; a test runner may have more."""
    return len(os.listdir("/proc/self/task")) == 1


@pytest.fixture
def _forking(monkeypatch: pytest.MonkeyPatch) -> None:
    if not alone():
        monkeypatch.setattr(parallel, "_can_fork", lambda: True)


@pytest.mark.usefixtures("_forking")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
class TestTwoProcesses:
    def test_each_item_is_worked_out_once_by_one_of_the_two(self, tmp_path: Path) -> None:
        def when_both_work(item: str) -> tuple[str, int]:
            (tmp_path / str(os.getpid())).touch()
            give_up = time.monotonic() + 60
            while len(os.listdir(tmp_path)) < 2 and time.monotonic() < give_up:
                time.sleep(0.001)
            return process_of(item)

        results = list(map_forked(ITEMS, when_both_work))

        assert sorted((item, text) for item, (text, _) in results) == sorted(
            (item, item.upper()) for item in ITEMS
        )
        processes = {process for _, (_, process) in results}
        assert len(processes) == 2
        assert os.getpid() in processes

    def test_the_child_does_not_wait_for_a_parent_that_is_busy(self, tmp_path: Path) -> None:
        parent, last_was_taken = os.getpid(), tmp_path / "last"

        def large(item: str) -> bytes:
            if os.getpid() == parent:
                return item.encode()
            if item == ITEMS[-1]:
                last_was_taken.touch()
            return item.encode() * 4_000  # 10 MB in all, and a pipe holds 64 KiB

        results = {}
        for item, result in map_forked(ITEMS, large):
            results[item] = result
            give_up = time.monotonic() + 60
            while not last_was_taken.exists() and time.monotonic() < give_up:
                time.sleep(0.001)

        assert set(results) == set(ITEMS)
        assert sum(len(result) > 100 for result in results.values()) > len(ITEMS) / 2

    def test_what_a_child_that_dies_had_taken_is_done_by_the_parent(self) -> None:
        parent = os.getpid()

        def die_in_the_child(item: str) -> str:
            if os.getpid() != parent:
                os._exit(9)
            return item

        assert sorted(map_forked(ITEMS, die_in_the_child)) == sorted((i, i) for i in ITEMS)

    def test_where_no_process_can_be_made_the_parent_does_all(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fork() -> int:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

        monkeypatch.setattr(os, "fork", fork)
        before = os.listdir("/proc/self/fd")

        assert dict(map_forked(ITEMS, process_of)) == {item: process_of(item) for item in ITEMS}
        assert os.listdir("/proc/self/fd") == before

    def test_an_error_of_the_child_is_raised_by_the_parent(self) -> None:
        def fail(item: str) -> str:
            if item == ITEMS[-1]:
                raise ValueError(item)
            return item

        with pytest.raises(ValueError, match=ITEMS[-1]):
            list(map_forked(ITEMS, fail))

    def test_no_child_is_left_when_the_parent_is_broken_off(self) -> None:
        results = map_forked(ITEMS, process_of)
        next(results)

        results.close()

    def test_the_index_is_the_same_as_with_one_process(
        self, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(2 * MIN_ITEMS):
            text = f"---\ntags: [t{number % 7}]\n---\n# Note {number}\n\nkiwi {number}\n\n## More\n"
            write(notes / f"{number % 5}" / f"{number}.md", text)
        write(notes / "broken.md", "---\ntitle: fine\ntags: [a, b\n---\nplum\n")
        write(notes / "latin.md", b"gr\xfcn\n")
        write(notes / "binary.md", b"\0\1\2")
        with Memory(tmp_path / "two") as two:
            report = two.index(notes)
            with_two = content(two)

        monkeypatch.setattr(parallel, "_can_fork", lambda: False)
        with Memory(tmp_path / "one") as one:
            assert one.index(notes).indexed == report.indexed
            assert content(one) == with_two
            assert found(one, "kiwi", limit=1000, namespace="notes")
        assert report.indexed == sorted(report.indexed)
        assert set(report.failed) == {str(notes / "latin.md")}
        assert set(report.left_out) == {str(notes / "binary.md")}


def test_a_process_with_another_thread_is_not_forked() -> None:
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    try:
        results = dict(map_forked(ITEMS, process_of))
    finally:
        over.set()
        other.join()

    assert {process for _, process in results.values()} == {os.getpid()}


def test_few_items_are_not_worth_a_second_process() -> None:
    results = dict(map_forked(ITEMS[: MIN_ITEMS - 1], process_of))

    assert {process for _, process in results.values()} == {os.getpid()}
