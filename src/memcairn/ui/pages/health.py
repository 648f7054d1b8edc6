"""Health: the queue, failing files, how long hooks take, freshness, sizes, and the doctor."""

from __future__ import annotations

import os
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from memcairn.fs import json_lines
from memcairn.hosts.hook import LOG_KEEP
from memcairn.hosts.limits import LIMIT_S
from memcairn.ui.pages.injected import seconds
from memcairn.ui.site import stamp
from memcairn.ui.strings import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memcairn.queue import QueueEntry
    from memcairn.ui.site import Ask

MAX_ENTRIES = 50
MAX_POINTS = 120


def page(ask: Ask) -> Mapping[str, object]:
    """The values of the page; `doctor` runs its checks, which read all of the index."""
    memory = ask.memory
    hook_log = os.path.join(memory.home, "logs", "hook.log")
    return {
        "status": memory.status(),
        "entries": memory.engine.databases.run(
            lambda opened: list(islice(_waiting(opened.queue.entries()), MAX_ENTRIES))
        ),
        "hooks": _hooks(hook_log, stamp(hook_log)),
        "resident": ask.site.facts(),
        "findings": memory.doctor() if "doctor" in ask.query else None,
        "logs_bytes": _size(os.path.join(memory.home, "logs")),
        "history_bytes": _size(os.path.join(memory.home, "history")),
    }


def _waiting(entries: Any) -> Any:
    one: QueueEntry
    for one in entries:
        if one.error is None:
            yield one


@lru_cache(maxsize=1)
def _hooks(path: str, _: tuple[int, int]) -> list[dict[str, Any]]:
    """For each event in hook.log: times, quantiles, failures, and the latest calls as points of a plot."""
    by_event: dict[str, list[tuple[str, float, str]]] = {}
    for line in json_lines.read(path, keep=LOG_KEEP):
        event, took_ms = line.get("event"), line.get("took_ms")
        if isinstance(event, str) and event in LIMIT_S and isinstance(took_ms, int | float):
            outcome = str(line.get("outcome"))
            by_event.setdefault(event, []).append((str(line.get("time")), took_ms, outcome))
    return [_hook(event, by_event[event]) for event in LIMIT_S if event in by_event]


def _hook(event: str, calls: list[tuple[str, float, str]]) -> dict[str, Any]:
    times = sorted(took for _, took, _ in calls)
    failed = [
        outcome for _, _, outcome in calls if outcome == "late" or outcome.startswith("failed")
    ]
    latest = calls[-MAX_POINTS:]
    top = max(took for _, took, _ in latest) or 1.0
    return {
        "event": event,
        "calls": len(calls),
        "median": times[len(times) // 2],
        "p95": times[min(len(times) - 1, len(times) * 95 // 100)],
        "limit_ms": LIMIT_S[event] * 1000,
        "failed": len(failed),
        "last_failure": failed[-1] if failed else "",
        "last": seconds(calls[-1][0]),
        "top": top,
        "points": [
            (round(i * 300 / max(1, len(latest) - 1), 1), round(40 - 38 * took / top, 1))
            for i, (_, took, _) in enumerate(latest)
        ],
    }


def _size(folder: str) -> int:
    return sum(
        os.path.getsize(os.path.join(top, name))
        for top, _, names in os.walk(folder)
        for name in names
        if os.path.isfile(os.path.join(top, name))
    )


def fix(ask: Ask) -> str:
    """Fix what is safe to fix."""
    findings = ask.memory.doctor(fix=True)
    fixed = sum(one.fixed for one in findings)
    ask.say(TEXT.fixed.format(fixed=fixed, left=len(findings) - fixed))
    return "/health?doctor=1"


def flush(ask: Ask) -> str:
    """Index everything that waits, and try again what failed."""
    report = ask.memory.flush()
    done = len(report.indexed) + len(report.removed)
    ask.say(TEXT.flushed.format(done=done, failed=len(report.failed)))
    return "/health"


def discard(ask: Ask) -> str:
    """Drop the queue's entries that failed."""
    ask.say(TEXT.discarded.format(number=len(ask.memory.discard_failed())))
    return "/health"
