"""The rows about the local page: server time of each page, and the memory that the page adds.

The time is that of the server's CPU, which a busy machine disturbs less; the remark has the clock's.
10,000 notes and 50,000 log lines: those of hooks, as many as its size limit allows, and those of sessions.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from contest import Row, ms
from daemon_rows import resident, search
from memcairn.fs import json_lines
from memcairn.hosts import hook
from memcairn.hosts.limits import LIMIT_S
from memcairn.sessions import Line, Sessions

if TYPE_CHECKING:
    from pathlib import Path

    from contest import Bench

MAX_PAGE_MS = 200.0
MAX_MEMORY = 1.2
HOOK_LINES = 10_000
SESSIONS = 80
EMBED_TIMEOUT_S = 60
QUESTION = "how do we configure the cache of the database"


def pages(bench: Bench) -> tuple[Row, ...]:
    """Each page, with keyword search; and the memory of a process in use, before and after all pages."""
    notes, home = bench.indexed(bench.large)
    env = bench.environment(home)
    paths = sorted(str(path) for path in notes.rglob("*.md") if path.name != "MEMORY.md")
    call = [bench.program, "memory-md", "refresh", str(notes)]
    subprocess.run(call, env=env, check=True, capture_output=True)
    _fill_logs(home, notes, paths, 5 if bench.large < 10_000 else 1)
    note = quote(paths[len(paths) // 2])
    addresses = {
        "Today": "/", "Injected": "/injected", "Injected, a session": "/injected?session=s7",
        "Injected, a question": f"/injected?session=s7&q={quote(QUESTION)}",
        "Notes": "/notes", "Notes, the last page": f"/notes?page={len(paths) // 50 - 1}",
        "Notes, a filter": "/notes?q=cache&order=time", "Note": f"/note?path={note}",
        "Inbox": "/inbox", "MEMORY.md": "/memory-md", "MEMORY.md, why": f"/memory-md?why={note}",
        "Search": f"/search?q={quote(QUESTION)}", "Health": "/health", "Settings": "/settings",
    }  # fmt: skip
    with resident(bench, env):
        visitor = _Visitor(bench, env)
        rows = [visitor.row(name, path, bench.rounds) for name, path in addresses.items()]
    return *rows, _memory(bench, env, notes, list(addresses.values()))


def _memory(bench: Bench, env: dict[str, str], notes: Path, addresses: list[str]) -> Row:
    """With the model, and one session of a client. The vectors are those of a minute."""
    env = {
        **env,
        "MEMCAIRN_EMBEDDING_PROVIDER": "builtin",
        "MEMCAIRN_EMBEDDING_BACKGROUND": "false",
    }
    with contextlib.suppress(subprocess.TimeoutExpired):
        call = [bench.program, "reembed"]
        subprocess.run(call, env=env, check=True, capture_output=True, timeout=EMBED_TIMEOUT_S)
    call = [bench.program, "serve", "--root", str(notes)]
    with (
        resident(bench, env),
        subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as client,
    ):
        search(client, QUESTION)
        before = _memory_mb(_pid(bench, env))
        visitor = _Visitor(bench, env)
        for path in addresses * 2:
            visitor.get(path)
        after = _memory_mb(visitor.pid)
        assert client.stdin is not None
        client.stdin.close()
    return Row(
        "memory of the resident process with the page", "MB", after, f"≤ {MAX_MEMORY} x", before,
        "before the page was opened", after <= MAX_MEMORY * before,
    )  # fmt: skip


class _Visitor:
    """A browser that measures the server: by the clock, and by its CPU time."""

    def __init__(self, bench: Bench, env: dict[str, str]) -> None:
        call = [bench.program, "ui", "--no-browser"]
        done = subprocess.run(call, env=env, check=True, capture_output=True, text=True)
        url = done.stdout.strip()
        self.pid = _pid(bench, env)
        self._host = urlsplit(url).netloc
        self._cookie = ""
        _, headers, _ = self.get(url.partition(self._host)[2])
        self._cookie = str(headers["Set-Cookie"]).partition(";")[0]

    def get(self, path: str) -> tuple[int, http.client.HTTPMessage, float]:
        connection = http.client.HTTPConnection(self._host)
        with contextlib.closing(connection):
            began = time.perf_counter()
            connection.request(
                "GET", path, headers={"Cookie": self._cookie} if self._cookie else {}
            )
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers, time.perf_counter() - began

    def row(self, name: str, path: str, rounds: int) -> Row:
        for _ in range(2):
            status, _, _ = self.get(path)
            assert status == 200, (path, status)
        times, cpu_times = [], []
        for _ in range(rounds):
            began_s = self._cpu_s()
            times.append(self.get(path)[2])
            cpu_times.append(self._cpu_s() - began_s)
        p95, median = ms(sorted(cpu_times)[rounds * 95 // 100]), ms(sorted(cpu_times)[rounds // 2])
        wall, wall_median = ms(sorted(times)[rounds * 95 // 100]), ms(sorted(times)[rounds // 2])
        about = f"median {median:.0f} ms; by the clock {wall:.0f} ms, median {wall_median:.0f} ms"
        return Row(
            f"page {name}, CPU at the 95th percentile", "ms", p95, f"≤ {MAX_PAGE_MS:.0f} ms",
            reached=p95 <= MAX_PAGE_MS, remark=about,
        )  # fmt: skip

    def _cpu_s(self) -> float:
        """Of the whole process, in nanoseconds' resolution: its clock has this number in Linux."""
        return time.clock_gettime(~self.pid << 3 | 2)


def _pid(bench: Bench, env: dict[str, str]) -> int:
    status = [bench.program, "daemon", "status", "--json"]
    done = subprocess.run(status, env=env, check=True, capture_output=True).stdout
    return int(json.loads(done)["pid"])


def _memory_mb(pid: int) -> float:
    """The proportional set size of a process."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        kib = sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return kib * 1024 / 1e6


def _fill_logs(home: Path, notes: Path, paths: list[str], share: int) -> None:
    """The log lines of a long time, a `share` of them in a quick run."""
    os.makedirs(home / "logs", exist_ok=True)
    events = list(LIMIT_S)
    for number in range(HOOK_LINES // share):
        line = {
            "time": "2026-11-21T08:00:00.000Z", "host": "codex", "event": events[number % len(events)],
            "session": "s1", "outcome": "silent", "took_ms": 20.0 + number % 17,
        }  # fmt: skip
        json_lines.append(
            str(home / "logs" / "hook.log"), line, max_bytes=hook.LOG_BYTES, keep=hook.LOG_KEEP
        )
    sessions = Sessions(str(home))
    for number in range(SESSIONS):
        session = sessions.start(f"s{number}", root=str(notes), host="codex", title=f"s{number}")
        for recall in range(250 // share):
            path = paths[(number * 251 + recall) % len(paths)]
            session.log(Line("recall.user-prompt", outcome="found", size_bytes=900))
            session.log(Line("recall.user-prompt", path, "shown", lines="3-9", score=0.8))
