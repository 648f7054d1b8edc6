"""The resident process is killed in the middle of requests, again and again.

MEMCAIRN_TEST_KILLS and MEMCAIRN_TEST_REQUESTS set how often, and the number of requests each time.
"""

from __future__ import annotations

import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from daemon.conftest import Session, hook, is_gone, running, start, status, wait_until
from memcairn.memory import Memory

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="asks /proc"),
    pytest.mark.timeout(7_200),
]

KILLS = int(os.environ.get("MEMCAIRN_TEST_KILLS", "3"))
REQUESTS = int(os.environ.get("MEMCAIRN_TEST_REQUESTS", "12"))
WORKERS = 6


class Load:
    """Mixed requests of several sessions, and the notes that they wrote."""

    def __init__(self, root: Path, project: Path) -> None:
        self._root = root
        self._project = project
        self.written: list[Path] = []
        self.failed = 0
        self.sessions = [
            Session("--root", str(root), "--profile", "full").initialize() for _ in range(WORKERS)
        ]

    def run(self, round_: int, worker: int) -> None:
        for number in range(worker, REQUESTS, WORKERS):
            name = f"n{round_}-{number}.md"
            title = f"Quokka{round_}x{number}"
            ask = (self._by_hook, self._by_tool, self._recall)[number % 3]
            ask(worker, name, title)

    def _fields(self, worker: int) -> dict[str, str]:
        return {"session_id": f"s{worker}", "cwd": str(self._project)}

    def _by_hook(self, worker: int, name: str, title: str) -> None:
        path = self._root / name
        path.write_text(f"# {title}\n\nIt smiles.\n", encoding="utf-8")
        used = {"tool_name": "Write", "tool_input": {"file_path": str(path)}}
        assert hook("tool-used", {**self._fields(worker), **used}) is None
        self.written.append(path)

    def _by_tool(self, worker: int, name: str, title: str) -> None:
        session = self.sessions[worker]
        arguments = {"path": name, "content": f"# {title}\n\nIt smiles.\n"}
        found = session.answer(session.send("tools/call", name="mem_write", arguments=arguments))
        if "error" in found:
            assert "may have been carried out" in found["error"]["message"]
            self.failed += 1
        else:
            self.written.append(self._root / name)

    def _recall(self, worker: int, name: str, title: str) -> None:
        hook(
            "user-prompt",
            {**self._fields(worker), "prompt": f"Where does {title} smile, in {name}?"},
        )

    def kill_in_the_middle(self, round_: int, home: Path) -> None:
        enough = len(self.written) + random.randrange(1, max(2, REQUESTS // 4))
        with ThreadPoolExecutor(WORKERS) as pool:
            runs = [pool.submit(self.run, round_, worker) for worker in range(WORKERS)]
            wait_until(lambda: len(self.written) >= enough or all(run.done() for run in runs))
            for pid in running(home):
                os.kill(pid, signal.SIGKILL)
            for run in runs:
                run.result()


def test_nothing_is_lost_when_it_is_killed(home: Path, root: Path, project: Path) -> None:
    """Every call is answered or silent, each note is found in the end, and one process is left."""
    load = Load(root, project)
    for round_ in range(KILLS):
        load.kill_in_the_middle(round_, home)
    for session in load.sessions:
        session.call("memory_search", query="balancer")
        assert session.close() == 0

    wait_until(lambda: running(home) == [(status(home) or {}).get("pid")])
    with Memory() as memory:
        memory.drain(0.0)
        assert memory.queue_status().depth == 0
        for path in load.written:
            title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
            assert str(path) in {str(passage.path) for passage in memory.search(title)}
    assert load.failed <= KILLS * WORKERS


def test_a_process_that_is_stuck_is_done_without(home: Path, root: Path, project: Path) -> None:
    pid = start(home)
    os.kill(pid, signal.SIGSTOP)
    note = root / "late.md"
    note.write_text("# Late\n\nA quokka smiles.\n", encoding="utf-8")
    used = {"session_id": "s1", "cwd": str(project), "tool_name": "Write"}
    try:
        assert hook("tool-used", {**used, "tool_input": {"file_path": str(note)}}) is None
    finally:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_gone(pid))
