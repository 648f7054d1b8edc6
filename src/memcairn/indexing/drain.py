"""Index the paths that wait in the queue.

`drain` indexes the entries that are ready and returns; `flush` returns when every entry that was queued
before it has been indexed or has recorded an error, including those that other drainers hold. Files are
indexed many at a time, in one transaction. No lock is held while files are read.
"""

from __future__ import annotations

import contextlib
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

# How long a flush waits before it checks again the entries that another drainer holds.
POLL_S = 0.02
# How often a drain that takes long renews its lease.
RENEW_S = queues.LEASE_S / 4
# How many entries are claimed, and their files indexed, at a time.
BATCH_SIZE = 500
# The same before a deadline, which is checked between two groups.
BATCH_SIZE_BEFORE_DEADLINE = 32
# A group of files that are indexed together ends once they have this size.
GROUP_BYTES = 2 * 1024 * 1024


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
        queue: the queue.
        indexer: indexes them.
        window_s: how long an entry must have been silent.
        limit: stop after this many entries.
        deadline: stop, between two groups of entries, when `time.monotonic()` is past it.
    """
    owner = queues.owner_of_this_process(os.urandom(4).hex())
    report = IndexReport()
    done = 0

    def take() -> list[Claim]:
        size = _batch_size(deadline)
        room = size if limit is None else min(size, limit - done)
        late = deadline is not None and time.monotonic() > deadline
        return [] if late or room <= 0 else queue.claim(owner, window_s=window_s, limit=room)

    try:
        while claims := take():
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
        queue: the queue.
        indexer: indexes it.
        only: real paths: flush only these.
        progress: called with (done, total).
        deadline: give up when `time.monotonic()` is past it; the other entries stay queued.
    """
    owner = queues.owner_of_this_process(os.urandom(4).hex())
    report = IndexReport()
    # In groups: a statement of SQLite has at most 32,766 values, and each step passes all of them.
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
                claims = queue.claim_outstanding(owner, mark, group, limit=_batch_size(deadline))
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


def _batch_size(deadline: float | None) -> int:
    return BATCH_SIZE if deadline is None else BATCH_SIZE_BEFORE_DEADLINE


def _in_groups(changed: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(changed), BATCH_SIZE):
        yield changed[start : start + BATCH_SIZE]


def _work(
    queue: Queue,
    indexer: Indexer,
    owner: str,
    claims: Sequence[Claim],
    report: IndexReport,
    deadline: float | None,
) -> None:
    """Index claimed entries, in groups; an entry that fails does not stop the others."""
    finished = []
    renewed = time.monotonic()
    for group in _groups(claims):
        if time.monotonic() - renewed > RENEW_S:
            queue.renew(owner)
            renewed = time.monotonic()
        if deadline is not None and time.monotonic() > deadline:
            break
        failed = _index(indexer, group, report)
        for claim in group:
            if claim.path in failed:
                queue.fail(owner, claim, failed[claim.path])
            else:
                finished.append(claim)
    queue.complete(owner, finished)


def _groups(claims: Sequence[Claim]) -> Iterator[list[Claim]]:
    """Claims that are indexed together: one folder, or files with the same namespace and force."""
    files: dict[tuple[str | None, bool], list[Claim]] = {}
    for claim in claims:
        if os.path.isdir(claim.path):
            yield [claim]
        else:
            files.setdefault((claim.namespace, claim.force), []).append(claim)
    for alike in files.values():
        group: list[Claim] = []
        size = 0
        for claim in alike:
            group.append(claim)
            with contextlib.suppress(OSError):
                size += os.stat(claim.path, follow_symlinks=False).st_size
            if size >= GROUP_BYTES:
                yield group
                group, size = [], 0
        if group:
            yield group


def _index(indexer: Indexer, group: Sequence[Claim], report: IndexReport) -> dict[str, str]:
    """Index a group; returns the path of each claim that failed, with the reason."""
    first = group[0]
    part = IndexReport()
    is_broken_off = False
    try:
        if len(group) == 1:
            part.add(
                indexer.index_changed(first.path, namespace=first.namespace, force=first.force)
            )
        else:
            files = [claim.path for claim in group]
            indexer.index_files(files, namespace=first.namespace, force=first.force, report=part)
    except (MemcairnError, OSError, SQLiteError) as error:
        log.info("drain.failed", exc_info=True, extra={"path": first.path})
        part.failed = {first.path: str(error)}
        is_broken_off = True
    except Exception as error:  # one file must not stop the drain
        log.exception("drain.failed", extra={"path": first.path})
        part.failed = {first.path: f"{type(error).__name__}: {error}"}
        is_broken_off = True
    if is_broken_off and len(group) > 1:
        part.failed = {}
        report.add(part)
        one_by_one = [_index(indexer, [claim], report) for claim in group]
        return {path: why for failed in one_by_one for path, why in failed.items()}
    report.add(part)
    if part.failed and len(group) == 1:
        return {first.path: part.failed.get(first.path) or _several(part.failed)}
    return part.failed


def _several(failed: dict[str, str]) -> str:
    path, why = next(iter(failed.items()))
    more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    return f"{path}: {why}{more}"
