"""Index what waits in the queue.

`drain` takes what is ready and returns; `flush` returns when everything that was queued before it has
been indexed or has recorded an error, including what other drainers hold. No lock is held while
anything is indexed.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

from memcairn import queue as queues
from memcairn.errors import MemcairnError
from memcairn.indexing.report import IndexReport
from memcairn.sqlite import SQLiteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from memcairn.indexing.indexer import Indexer
    from memcairn.queue import Claim, Queue

log = logging.getLogger(__name__)

# How long a flush waits before it looks again at entries that another drainer holds.
POLL_S = 0.02
# How often a drain that takes its time says that it is still alive.
RENEW_S = queues.LEASE_S / 4


def drain(
    queue: Queue,
    indexer: Indexer,
    *,
    window_s: float,
    limit: int | None = None,
    deadline: float | None = None,
) -> IndexReport:
    """Index the entries that are ready now.

    Args:
        queue: where they wait.
        indexer: what indexes them.
        window_s: how long an entry must have been silent.
        limit: stop after this many entries.
        deadline: stop, between two entries, when `time.monotonic()` is past it.
    """
    owner = queues.owner_of_this_process(os.urandom(4).hex())
    report = IndexReport()
    done = 0

    def take(size: int) -> list[Claim]:
        room = size if limit is None else min(size, limit - done)
        late = deadline is not None and time.monotonic() > deadline
        return [] if late or room <= 0 else queue.claim(owner, window_s=window_s, limit=room)

    try:
        while claims := take(_BATCH):
            done += len(claims)
            _work(queue, indexer, owner, claims, report, deadline)
    finally:
        queue.release(owner)
    return report


def flush(
    queue: Queue,
    indexer: Indexer,
    *,
    only: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    deadline: float | None = None,
) -> IndexReport:
    """Index everything that is queued, ready or not, and return when that is done.

    Args:
        queue: where it waits.
        indexer: what indexes it.
        only: real paths: flush just these.
        progress: called with (done, total).
        deadline: give up when `time.monotonic()` is past it; what is left stays queued.
    """
    owner = queues.owner_of_this_process(os.urandom(4).hex())
    report = IndexReport()
    # In groups: a statement of SQLite has 32,766 values at most, and all are asked for at each step.
    groups = [None] if only is None else list(_in_groups(list(dict.fromkeys(only))))
    marks = [queue.begin_flush(only=group) for group in groups]
    total = sum(map(queue.outstanding, marks, groups))
    done = 0
    try:
        for mark, group in zip(marks, groups, strict=True):
            first = queue.outstanding(mark, group)
            while left := queue.outstanding(mark, group):
                if progress is not None:
                    progress(done + first - left, total)
                if deadline is not None and time.monotonic() > deadline:
                    break
                claims = queue.claim_outstanding(owner, mark, group, limit=_BATCH)
                if claims:
                    _work(queue, indexer, owner, claims, report, deadline)
                else:
                    time.sleep(POLL_S)
            done += first
    finally:
        queue.release(owner)
    wanted = None if only is None else frozenset(only)
    for entry in queue.entries(failing=True):
        if (wanted is None or entry.path in wanted) and entry.seq <= max(marks, default=0):
            report.failed.setdefault(entry.path, entry.error or "failed")
    if progress is not None:
        progress(total, total)
    return report


_BATCH = 32
_GROUP = 500


def _in_groups(changed: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(changed), _GROUP):
        yield changed[start : start + _GROUP]


def _work(
    queue: Queue,
    indexer: Indexer,
    owner: str,
    claims: Sequence[Claim],
    report: IndexReport,
    deadline: float | None,
) -> None:
    """Index claimed entries, each on its own: one that fails does not hold up the others."""
    finished = []
    renewed = time.monotonic()
    for claim in claims:
        if time.monotonic() - renewed > RENEW_S:
            queue.renew(owner)
            renewed = time.monotonic()
        if deadline is not None and time.monotonic() > deadline:
            break
        try:
            part = indexer.index_changed(claim.path, namespace=claim.namespace, force=claim.force)
        except (MemcairnError, OSError, SQLiteError) as error:
            log.info("drain.failed", exc_info=True, extra={"path": claim.path})
            part = IndexReport(failed={claim.path: str(error)})
        except Exception as error:  # one file must not stop the drain
            log.exception("drain.failed", extra={"path": claim.path})
            part = IndexReport(failed={claim.path: f"{type(error).__name__}: {error}"})
        report.add(part)
        if part.failed:
            why = part.failed.get(claim.path)
            queue.fail(owner, claim, why or _several(part.failed))
        else:
            finished.append(claim)
    queue.complete(owner, finished)


def _several(failed: dict[str, str]) -> str:
    path, why = next(iter(failed.items()))
    more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    return f"{path}: {why}{more}"
