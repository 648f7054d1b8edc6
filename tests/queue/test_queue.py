"""The debounce queue, one step after another, on a clock that the test moves."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from memcairn.errors import SchemaTooNew, StateError
from memcairn.queue import LEASE_S, MAX_WAIT_S, Queue, owner_of_this_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support import Clock

NOTE = "/notes/plan.md"
OTHER = "/notes/other.md"


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> Iterator[Queue]:
    queue = Queue(str(tmp_path / "state" / "queue.db"), clock=clock)
    yield queue
    queue.close()


def test_an_entry_is_ready_after_its_window_of_silence(queue: Queue, clock: Clock) -> None:
    queue.enqueue([NOTE])
    assert not queue.has_ready(5)
    assert queue.claim("d", window_s=5) == []

    clock.pass_(5)

    assert queue.has_ready(5)
    assert [claim.path for claim in queue.claim("d", window_s=5)] == [NOTE]


def test_a_write_restarts_the_window(queue: Queue, clock: Clock) -> None:
    queue.enqueue([NOTE])
    clock.pass_(4)
    queue.enqueue([NOTE])
    clock.pass_(4)

    assert queue.claim("d", window_s=5) == []


def test_a_window_that_keeps_being_restarted_ends_at_the_maximum_wait(
    queue: Queue, clock: Clock
) -> None:
    waited = 0
    while not queue.has_ready(5):
        queue.enqueue([NOTE])
        clock.pass_(1)
        waited += 1

    assert waited == MAX_WAIT_S


def test_a_file_that_never_rests_is_indexed_once_per_maximum_wait(
    queue: Queue, clock: Clock
) -> None:
    indexed = 0
    for _ in range(600):
        queue.enqueue([NOTE])
        for claim in queue.claim("d", window_s=5):
            queue.enqueue([NOTE])
            queue.complete("d", [claim])
            indexed += 1
        clock.pass_(1)

    assert indexed == 9


def test_a_path_is_queued_once_and_the_last_write_wins(queue: Queue, clock: Clock) -> None:
    queue.enqueue([NOTE], namespace="old", force=True)
    first = clock.now
    clock.pass_(3)
    queue.enqueue([NOTE], namespace="new")

    (entry,) = queue.entries()
    assert (entry.namespace, entry.force) == ("new", False)
    assert (entry.first_seen, entry.last_seen) == (first, clock.now)


def test_a_file_written_while_it_is_indexed_is_indexed_again(queue: Queue, clock: Clock) -> None:
    queue.enqueue([NOTE])
    clock.pass_(5)
    (claim,) = queue.claim("d", window_s=5)

    queue.enqueue([NOTE])

    assert queue.complete("d", [claim]) == 0
    clock.pass_(5)
    assert queue.claim("d", window_s=5)


def test_a_completed_entry_is_gone(queue: Queue, clock: Clock) -> None:
    queue.enqueue([NOTE])
    clock.pass_(5)

    assert queue.complete("d", queue.claim("d", window_s=5)) == 1
    assert list(queue.entries()) == []


def test_an_entry_queued_again_is_not_completed_by_an_older_claim(
    queue: Queue, clock: Clock
) -> None:
    queue.enqueue([NOTE])
    clock.pass_(5)
    (claim,) = queue.claim("slow", window_s=5)
    clock.pass_(LEASE_S + 1)
    queue.complete("fast", queue.claim("fast", window_s=5))
    queue.enqueue([NOTE])

    assert queue.complete("slow", [claim]) == 0
    assert queue.status().depth == 1


def test_two_drainers_never_hold_the_same_entry(queue: Queue, clock: Clock) -> None:
    queue.enqueue([f"/notes/{n}.md" for n in range(50)])
    clock.pass_(5)
    first = queue.claim("a", window_s=5, limit=30)
    second = queue.claim("b", window_s=5, limit=30)

    assert len(first) == 30
    assert len(second) == 20
    assert not {c.path for c in first} & {c.path for c in second}


def test_a_lease_that_ended_gives_the_entry_to_the_next_drainer(queue: Queue, clock: Clock) -> None:
    queue.enqueue([NOTE])
    clock.pass_(5)
    queue.claim("elsewhere:1:x", window_s=5)
    assert queue.claim("b", window_s=5) == []

    clock.pass_(LEASE_S)

    assert queue.claim("b", window_s=5)


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be looked up safely there")
def test_a_dead_drainer_on_this_host_holds_nothing(queue: Queue, clock: Clock) -> None:
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    mine = owner_of_this_process("x")
    dead = mine.replace(f":{os.getpid()}:", f":{child.stdout.strip()}:")
    queue.enqueue([NOTE])
    clock.pass_(5)
    queue.claim(dead, window_s=5)

    assert queue.claim(mine, window_s=5)


def test_an_error_keeps_the_entry_and_is_tried_again_later_and_later(
    queue: Queue, clock: Clock
) -> None:
    queue.enqueue([NOTE])
    clock.pass_(5)
    waits = []
    for _ in range(12):
        (claim,) = queue.claim("d", window_s=5)
        queue.fail("d", claim, "is not UTF-8")
        waited = 0
        while not queue.has_ready(5):
            clock.pass_(1)
            waited += 1
        waits.append(waited)

    (entry,) = queue.entries(failing=True)
    assert entry.error == "is not UTF-8"
    assert entry.attempts == 12
    assert waits[:4] == [2, 4, 8, 16]
    assert max(waits) == 900


def test_a_write_resets_the_retry_of_a_failing_entry(queue: Queue, clock: Clock) -> None:
    queue.enqueue([NOTE])
    clock.pass_(5)
    for claim in queue.claim("d", window_s=5):
        queue.fail("d", claim, "broken")

    queue.enqueue([NOTE])

    (entry,) = queue.entries()
    assert (entry.error, entry.attempts, entry.retry_at) == (None, 0, None)


def test_a_failure_of_an_older_write_does_not_mark_the_newer_one(
    queue: Queue, clock: Clock
) -> None:
    queue.enqueue([NOTE])
    clock.pass_(5)
    (claim,) = queue.claim("d", window_s=5)
    queue.enqueue([NOTE])

    queue.fail("d", claim, "broken")

    (entry,) = queue.entries()
    assert entry.error is None
    assert not entry.claimed


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_clock_that_jumps_strands_nothing(queue: Queue, clock: Clock, step: float) -> None:
    queue.enqueue(["/notes/waiting.md", "/notes/claimed.md", "/notes/failing.md"])
    clock.pass_(5)
    claims = {claim.path: claim for claim in queue.claim("x:1:y", window_s=5)}
    queue.fail("x:1:y", claims["/notes/failing.md"], "broken")
    queue.complete("x:1:y", [claims["/notes/waiting.md"]])
    queue.enqueue(["/notes/waiting.md"])

    clock.pass_(step)

    assert len(queue.claim("b", window_s=5)) == 3


def test_only_the_given_paths_are_outstanding_for_a_flush_of_them(queue: Queue) -> None:
    queue.enqueue([NOTE, OTHER])
    watermark = queue.begin_flush(only=[NOTE])

    (claim,) = queue.claim_outstanding("d", watermark, only=[NOTE])
    queue.complete("d", [claim])

    assert queue.outstanding(watermark, only=[NOTE]) == 0
    assert [entry.path for entry in queue.entries()] == [OTHER]


def test_a_flush_does_not_wait_for_later_writes(queue: Queue) -> None:
    queue.enqueue([NOTE])
    watermark = queue.begin_flush()
    queue.enqueue([OTHER])

    queue.complete("d", queue.claim_outstanding("d", watermark))

    assert queue.outstanding(watermark) == 0
    assert [entry.path for entry in queue.entries()] == [OTHER]


def test_a_flush_waits_for_what_another_drainer_holds(queue: Queue, clock: Clock) -> None:
    queue.enqueue([NOTE])
    clock.pass_(5)
    claims = queue.claim("other", window_s=5)
    watermark = queue.begin_flush()

    assert queue.claim_outstanding("me", watermark) == []
    assert queue.outstanding(watermark) == 1
    queue.complete("other", claims)
    assert queue.outstanding(watermark) == 0


def test_a_write_that_interrupts_a_claim_ends_the_flush_that_waited_for_the_older_one(
    queue: Queue,
) -> None:
    queue.enqueue([NOTE])
    watermark = queue.begin_flush()
    claims = queue.claim_outstanding("d", watermark)
    queue.enqueue([NOTE])
    queue.complete("d", claims)

    assert queue.outstanding(watermark) == 0
    assert queue.status().depth == 1


def test_a_flush_tries_a_failing_entry_once_without_waiting_for_its_retry(queue: Queue) -> None:
    queue.enqueue([NOTE])
    watermark = queue.begin_flush()
    for claim in queue.claim_outstanding("d", watermark):
        queue.fail("d", claim, "broken")
    assert queue.outstanding(watermark) == 0

    again = queue.begin_flush()

    assert len(queue.claim_outstanding("d", again)) == 1


def test_discarding_drops_failing_entries_only_and_says_which(queue: Queue, clock: Clock) -> None:
    queue.enqueue([NOTE])
    clock.pass_(5)
    for claim in queue.claim("d", window_s=5):
        queue.fail("d", claim, "broken")
    queue.enqueue([OTHER])

    assert [entry.path for entry in queue.discard_failed()] == [NOTE]
    assert [entry.path for entry in queue.entries()] == [OTHER]


def test_status_counts_every_state_at_once(queue: Queue, clock: Clock) -> None:
    queue.enqueue(["/notes/failing.md", "/notes/claimed.md"])
    clock.pass_(5)
    claims = {claim.path: claim for claim in queue.claim("x:1:y", window_s=5)}
    queue.fail("x:1:y", claims["/notes/failing.md"], "broken")
    queue.enqueue(["/notes/ready.md"])
    clock.pass_(1)
    queue.enqueue(["/notes/waiting.md"])

    status = queue.status(window_s=1)

    assert status == (4, 1, 1, 1, "/notes/claimed.md", 6.0)


def test_an_empty_queue_has_no_oldest(queue: Queue) -> None:
    assert queue.status() == (0, 0, 0, 0, None, None)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such file names")
def test_a_file_name_that_is_not_utf8_survives_the_queue(queue: Queue, clock: Clock) -> None:
    path = os.fsdecode(b"/notes/caf\xe9.md")
    queue.enqueue([path])
    clock.pass_(5)

    (claim,) = queue.claim("d", window_s=5)

    assert claim.path == path
    assert queue.complete("d", [claim]) == 1


def test_the_queue_is_readable_by_its_owner_only(queue: Queue) -> None:
    assert stat.S_IMODE(Path(queue.path).stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(queue.path).parent.stat().st_mode) == 0o700


def test_garbage_is_set_aside_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    path.write_bytes(b"this is no database at all" * 100)

    queue = Queue(str(path))

    assert queue.set_aside is not None
    assert Path(queue.set_aside).read_bytes().startswith(b"this is no database")
    assert queue.status().depth == 0
    queue.close()


def test_a_newer_schema_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()

    with pytest.raises(SchemaTooNew) as caught:
        Queue(str(path))

    assert "later memcairn" in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("pragma", "hint"),
    [("max_page_count = 1", "make room on the disk"), ("query_only = ON", "writable")],
)
def test_a_disk_that_takes_nothing_is_an_error_that_says_what_to_do(
    queue: Queue, pragma: str, hint: str
) -> None:
    queue.enqueue([NOTE])
    queue._db.execute(f"PRAGMA {pragma}")

    with pytest.raises(StateError, match=r"queue\.db: cannot be used") as error:
        queue.enqueue([f"/notes/{number}.md" for number in range(1000)])

    assert hint in (error.value.hint or "")
    assert [entry.path for entry in queue.entries()] == [NOTE]


def test_a_queue_that_another_process_holds_for_long_is_an_error_that_says_so(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memcairn.queue.BUSY_S", 0.01)
    waiting = Queue(queue.path)
    with queue._transaction(), pytest.raises(StateError) as error:
        waiting.enqueue([NOTE])
    waiting.close()

    assert "another process" in (error.value.hint or "")
    queue.enqueue([NOTE])


def test_the_module_imports_the_standard_library_only() -> None:
    script = (
        "import sys; before = set(sys.modules); import memcairn.queue;"
        "print(*{m.partition('.')[0] for m in set(sys.modules) - before})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    loaded = set(done.stdout.split())

    assert loaded - set(sys.stdlib_module_names) == {"memcairn"}
    assert not loaded & {"typing", "dataclasses", "inspect", "pathlib", "logging", "tomllib"}


def test_the_time_of_a_claim_is_read_inside_the_transaction(tmp_path: Path) -> None:
    """Read before, it would be earlier than that of a claim made meanwhile, which then lies ahead."""
    path = str(tmp_path / "queue.db")
    others_may_claim: list[bool] = []

    def clock() -> float:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
                others_may_claim.append(True)
            except sqlite3.OperationalError:
                others_may_claim.append(False)
        return 0.0

    queue = Queue(path, clock=clock)
    queue.enqueue(["/notes/a.md"])
    others_may_claim.clear()

    assert queue.claim("here:1:a", window_s=0)
    assert queue.claim_outstanding("here:1:a", queue.begin_flush()) == []

    assert others_may_claim == [False, False]
    queue.close()
