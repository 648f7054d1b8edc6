"""The rows about the resident process: whole processes that ask it, against a bare start of Python.

Each is measured twice in one interleaved run: by the clock, and by the CPU time of the process, which a
busy machine disturbs less. What the resident process itself does is not in the CPU time.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from contest import Row, compare
from measure import alternate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from contest import Bench

HANDSHAKE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "b", "version": "1"}
    },
}  # fmt: skip
FLOOR = "python -c pass"
PROGRAM = "from memcairn.cli import main; main()"
# A session as it is without a resident process.
ALONE = (
    "from memcairn.cli.serve import open_root; from memcairn.mcp import stdio;"
    "from memcairn.mcp.server import MemoryServer; from memcairn.memory import Memory; import sys;"
    "stdio.serve(MemoryServer(lambda: open_root(Memory(), sys.argv[1]), 'core'))"
)
SESSIONS = 10


class Timed:
    """Programs that get input and end by themselves: their wall and CPU time, by name."""

    def __init__(self, env: dict[str, str]) -> None:
        self._env = env
        self.cpu_s: dict[str, list[float]] = {}

    def run(self, name: str, call: list[str], content: bytes = b"") -> float:
        """The wall time of one call, in seconds."""
        reading, writing = os.pipe()
        os.write(writing, content)
        os.close(writing)
        null = os.open(os.devnull, os.O_RDWR)
        actions = [(os.POSIX_SPAWN_DUP2, reading, 0)]
        actions += [(os.POSIX_SPAWN_DUP2, null, number) for number in (1, 2)]
        began = time.perf_counter()
        pid = os.posix_spawn(call[0], call, self._env, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
        took = time.perf_counter() - began
        os.close(reading)
        os.close(null)
        assert os.waitstatus_to_exitcode(status) == 0
        self.cpu_s.setdefault(name, []).append(usage.ru_utime + usage.ru_stime)
        return took

    def rows(self, what: str, times: dict[str, list[float]], reach: float) -> tuple[Row, Row]:
        """The row of the clock, and that of the CPU."""
        wall = compare(what, times, FLOOR, reach, None)
        return wall, compare(f"{what}, CPU", self.cpu_s, FLOOR, reach, None)


def search(server: subprocess.Popen[bytes], question: str) -> None:
    """Begin a session of the MCP server on these pipes, and wait for the answer of one search."""
    assert server.stdin is not None
    assert server.stdout is not None
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    ask = {"jsonrpc": "2.0", "id": 2, "method": "tools/call",
           "params": {"name": "memory_search", "arguments": {"query": question}}}  # fmt: skip
    for message in (HANDSHAKE, ready, ask):
        server.stdin.write(json.dumps(message).encode() + b"\n")
        server.stdin.flush()
    while json.loads(server.stdout.readline()).get("id") != 2:
        pass


@contextmanager
def resident(bench: Bench, env: dict[str, str]) -> Iterator[None]:
    """A resident process."""
    subprocess.run([bench.program, "daemon", "start"], env=env, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run([bench.program, "daemon", "stop"], env=env, check=True, capture_output=True)


def environment(bench: Bench) -> tuple[Path, dict[str, str]]:
    """Indexed notes, and the variables of a user who has the built-in model."""
    notes, home = bench.indexed(bench.small)
    env = bench.environment(home)
    del env["MEMCAIRN_EMBEDDING_PROVIDER"]
    env = {name: value for name, value in env.items() if not name.startswith("CLAUDE")}
    subprocess.run([bench.program, "reembed"], env=env, check=True, capture_output=True)
    return notes, env


def _hook(
    bench: Bench, event: str, fields: Callable[[int], dict[str, object]], reach: float
) -> tuple[Row, Row]:
    notes, env = environment(bench)
    timed, number = Timed(env), iter(range(10_000))

    def ours() -> float:
        given = {"session_id": "s1", "cwd": str(notes), **fields(next(number))}
        call = [bench.python, "-c", PROGRAM, "hook", event, "--host", "claude-code"]
        return timed.run("ours", call, json.dumps(given).encode())

    with resident(bench, env):
        for _ in range(3):
            ours()
        timed.cpu_s.clear()
        times = alternate(
            {"ours": ours, "floor": lambda: timed.run("floor", [bench.python, "-c", "pass"])},
            bench.rounds,
        )
    return timed.rows(f"hook {event}, warm", times, reach)


def hook_prompt(bench: Bench) -> tuple[Row, Row]:
    """`user-prompt` with semantic search."""
    return _hook(bench, "user-prompt", lambda number: {
        "session_id": f"s{number}", "prompt": "How do we deploy the service without an interruption?",
    }, 2.0)  # fmt: skip


def hook_used(bench: Bench) -> tuple[Row, Row]:
    """`tool-used` for a note that was written."""
    note = str(next(bench.notes(bench.small).rglob("*.md")))
    return _hook(bench, "tool-used", lambda _: {
        "tool_name": "Write", "tool_input": {"file_path": note},
    }, 2.0)  # fmt: skip


def first_answer(call: list[str], env: dict[str, str]) -> float:
    """Seconds until `initialize` is answered."""
    began = time.perf_counter()
    with subprocess.Popen(
        call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(HANDSHAKE).encode() + b"\n")
        server.stdin.flush()
        assert b'"result"' in server.stdout.readline()
        took = time.perf_counter() - began
        server.stdin.close()
    return took


def serve(bench: Bench) -> tuple[Row, Row]:
    """`serve` until `initialize` is answered, with a warm resident process and without any."""
    notes, env = environment(bench)
    call = [bench.python, "-c", PROGRAM, "serve", "--root", str(notes)]

    def floor() -> float:
        return Timed(env).run("floor", [bench.python, "-c", "pass"])

    with resident(bench, env):
        first_answer(call, env)
        warm = alternate({"ours": lambda: first_answer(call, env), "floor": floor}, bench.rounds)

    def cold() -> float:
        took = first_answer(call, env)
        subprocess.run([bench.program, "daemon", "stop"], env=env, check=True, capture_output=True)
        return took

    cold_times = alternate({"ours": cold, "floor": floor}, bench.few)
    return (
        compare("serve to initialize, warm", warm, FLOOR, 2.5, None),
        compare("serve to initialize, cold", cold_times, FLOOR, 40, None),
    )


def _resident_mb(pid: int) -> float:
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Pss:")) * 1024 / 1e6


def memory(bench: Bench) -> Row:
    """Memory (proportional set size) of ten sessions with the resident process, and of one without."""
    notes, env = environment(bench)

    @contextmanager
    def session(call: list[str]) -> Iterator[int]:
        with subprocess.Popen(
            call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
        ) as server:
            search(server, "How do we deploy?")
            yield server.pid
            assert server.stdin is not None
            server.stdin.close()

    with session([bench.python, "-c", ALONE, str(notes)]) as pid:
        alone = _resident_mb(pid)
    call = [bench.python, "-c", PROGRAM, "serve", "--root", str(notes)]

    def all_of(count: int) -> float:
        if count == 0:
            status = [bench.program, "daemon", "status", "--json"]
            told = subprocess.run(status, env=env, check=True, capture_output=True).stdout
            return _resident_mb(json.loads(told)["pid"])
        with session(call) as pid:
            return all_of(count - 1) + _resident_mb(pid)

    with resident(bench, env):
        together = all_of(SESSIONS)
    return Row(
        f"memory of {SESSIONS} sessions", "MB", together, "≤ 1.5 x one", alone,
        "one session without a resident process", together <= 1.5 * alone,
    )  # fmt: skip
