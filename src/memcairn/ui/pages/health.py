"""Health: the queue, failing files, how long hooks take, freshness, sizes, and the doctor."""

from __future__ import annotations

import os
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from memcairn.fs import json_lines
from memcairn.hosts.hook import LOG_KEEP
from memcairn.hosts.limits import LIMIT_S
from memcairn.ui import TEXT
from memcairn.ui.site import Shown, stamp

if TYPE_CHECKING:
    from memcairn.ui.site import Ask

MAX_LISTED = 50
MAX_POINTS = 120


def page(ask: Ask) -> Shown:
    """The page; `doctor` runs its checks, which read all of the index."""
    memory = ask.memory
    status = memory.status()
    hook_log = os.path.join(memory.home, "logs", "hook.log")
    waiting = memory.engine.databases.run(
        lambda opened: list(
            islice((one for one in opened.queue.entries() if one.error is None), MAX_LISTED)
        )
    )
    values = {
        "status": status,
        "waiting": waiting,
        "more_waiting": status.queue.depth - len(status.failing) - len(waiting),
        "problems": status.problems[:MAX_LISTED],
        "hooks": _hooks(hook_log, stamp(hook_log)),
        "resident": ask.site.facts(),
        "findings": memory.doctor() if "doctor" in ask.query else None,
        "sizes": [
            (TEXT.size_index, status.index_bytes),
            (TEXT.size_queue, status.queue_bytes),
            (TEXT.size_history, _size(os.path.join(memory.home, "history"))),
            (TEXT.size_logs, _size(os.path.join(memory.home, "logs"))),
        ],
    }
    return Shown("health", values)


@lru_cache(maxsize=1)
def _hooks(path: str, _: tuple[int, int]) -> list[dict[str, Any]]:
    """For each event in hook.log: times, quantiles, failures, and the latest calls as points of a plot."""
    by_event: dict[str, list[tuple[float, str]]] = {}
    for line in json_lines.read(path, keep=LOG_KEEP):
        event, took_ms = line.get("event"), line.get("took_ms")
        if isinstance(event, str) and event in LIMIT_S and isinstance(took_ms, int | float):
            by_event.setdefault(event, []).append((took_ms, str(line.get("outcome"))))
    return [_hook(event, by_event[event]) for event in LIMIT_S if event in by_event]


def _hook(event: str, calls: list[tuple[float, str]]) -> dict[str, Any]:
    times = sorted(took for took, _ in calls)
    failed = [outcome for _, outcome in calls if outcome.startswith(("late", "failed"))]
    latest = [took for took, _ in calls[-MAX_POINTS:]]
    top = max(latest) or 1.0
    return {
        "event": event,
        "calls": len(calls),
        "median": times[len(times) // 2],
        "p95": times[min(len(times) - 1, len(times) * 95 // 100)],
        "limit_ms": LIMIT_S[event] * 1000,
        "failed": len(failed),
        "last_failure": failed[-1] if failed else "",
        "top": top,
        "points": [
            (round(i * 300 / max(1, len(latest) - 1), 1), round(40 - 38 * took / top, 1))
            for i, took in enumerate(latest)
        ],
    }


def _size(folder: str) -> int:
    files = (os.path.join(top, name) for top, _, names in os.walk(folder) for name in names)
    return sum(stamp(file)[1] for file in files)


def fix(ask: Ask) -> str:
    """Fix what is safe to fix."""
    findings = ask.memory.doctor(fix=True)
    fixed = sum(one.fixed for one in findings)
    return ask.done("/health?doctor=1", TEXT.fixed, fixed=fixed, left=len(findings) - fixed)


def flush(ask: Ask) -> str:
    """Index everything that waits, and try again what failed."""
    report = ask.memory.flush()
    done = len(report.indexed) + len(report.removed)
    return ask.done("/health", TEXT.flushed, done=done, failed=len(report.failed))


def discard(ask: Ask) -> str:
    """Drop the queue's entries that failed."""
    return ask.done("/health", TEXT.discarded, number=len(ask.memory.discard_failed()))
