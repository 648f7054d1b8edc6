"""Run programs and compare their times.

Because other programs disturb the measurement, contestants alternate in rounds, and medians are compared.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

Contestant = Callable[[], float]

# Linux counts the peak memory of the process that spawns towards the spawned one, so that a small
# process must do it.
PEAK = """
import os, sys
null = os.open(os.devnull, os.O_RDWR)
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)])
_, status, usage = os.wait4(pid, 0)
print(status, usage.ru_maxrss)
"""


class ProgramFailedError(Exception):
    """A program that was to be timed ended with an error."""


def run(
    call: Sequence[str], env: Mapping[str, str] | None = None, ok: Sequence[int] = (0,)
) -> float:
    """Seconds that a program takes, from spawn to exit, its output thrown away."""
    env = os.environ if env is None else env
    null = os.open(os.devnull, os.O_RDWR)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)]
        began = time.perf_counter()
        pid = os.posix_spawn(call[0], call, env, file_actions=actions)
        _, status = os.waitpid(pid, 0)
        took = time.perf_counter() - began
    finally:
        os.close(null)
    if os.waitstatus_to_exitcode(status) not in ok:
        again = subprocess.run(call, env=env, capture_output=True, text=True, check=False)
        raise ProgramFailedError(f"{' '.join(call)}\n{again.stdout[-2000:]}{again.stderr[-2000:]}")
    return took


def peak_mb(
    call: Sequence[str], env: Mapping[str, str] | None = None, ok: Sequence[int] = (0,)
) -> float:
    """The most memory (resident set) that a program has at once, in MB of 1,000,000 bytes."""
    launcher = [sys.executable, "-I", "-S", "-c", PEAK, *call]
    done = subprocess.run(launcher, env=env, capture_output=True, text=True, check=True)
    status, peak = map(int, done.stdout.split())
    if os.waitstatus_to_exitcode(status) not in ok:
        raise ProgramFailedError(" ".join(call))
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def alternate(
    contestants: Mapping[str, Contestant], rounds: int, *, seldom: Mapping[str, int] | None = None
) -> dict[str, list[float]]:
    """Let contestants run in turn.

    Args:
        contestants: what each round calls, by name; each returns its own time.
        rounds: how often.
        seldom: contestants that run only this often, because they are slow.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds):
        for name in names:
            if number < (seldom or {}).get(name, rounds):
                times[name].append(contestants[name]())
        names = [*names[1:], names[0]]
    return times


def median(times: Sequence[float]) -> float:
    return statistics.median(times)


def p95(times: Sequence[float]) -> float:
    """The 95th percentile, nearest rank."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, -(-95 * len(ordered) // 100) - 1)]
