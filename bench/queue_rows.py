"""The rows about the queue: a hook-shaped call, alone, beside a flush, and before a backlog."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from contest import Row, compare, ms
from measure import ProgramFailedError, alternate, median, p95, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contest import Bench, Contestant

SQLITE_AND_JSON = "import sqlite3, json"
SPIN = "while True: sum(range(10000))"


def enqueue(bench: Bench) -> Row:
    """One hook-shaped call, whole process, on a queue that exists."""
    note = next(bench.notes(bench.small).rglob("*.md"))
    home = bench.fresh_home()
    contestants: dict[str, Contestant] = {
        "ours": lambda: bench.ours(home, "index", "--debounce-window", "5", note),
        "floor": lambda: bench.bare(SQLITE_AND_JSON),
    }
    if bench.peer:
        peer_home = bench.fresh_home()
        bench.peer.set_up(peer_home, note.parent)
        contestants["peer"] = lambda: bench.theirs(
            peer_home, "index", "--debounce-window", "5", note
        )
    for contestant in contestants.values():
        contestant()
    # The same path again and again, within the maximum wait of a minute, so that nothing becomes
    # ready and no call does more than to queue.
    times = alternate(contestants, bench.rounds, seldom={"peer": bench.seldom})
    return compare("one enqueue call", times, "import sqlite3, json", 1.6, 20)


def changed_root(bench: Bench, home: Path) -> tuple[list[str], str]:
    """A root that is known while it is empty, then 1,000 files in it, and one more beside them."""
    root = home.with_suffix(".root")
    root.mkdir()
    bench.ours(home, "index", root)
    shutil.copytree(bench.notes(bench.small), root, dirs_exist_ok=True)
    files = [str(path) for path in sorted(root.rglob("*.md"))]
    other = root / "other.md"
    other.write_text("# Another note\n\nWritten while the others are indexed.\n", encoding="utf-8")
    return files, str(other)


def enqueue_during_flush(bench: Bench) -> tuple[Row, Row]:
    """The same call while another process flushes 1,000 files, 95th percentile of each."""
    idle: list[float] = []
    busy: list[float] = []
    control: list[float] = []
    for _ in range(2 if bench.rounds < 10 else 8):
        home = bench.fresh_home()
        files, other = changed_root(bench, home)
        env = bench.environment(home)
        call = [bench.program, "index", "--debounce-window", "5", other]
        run(call, env)
        idle.extend(run(call, env) for _ in range(20))
        with spinning(bench.python):
            control.extend(run(call, env) for _ in range(20))
        queue_files(bench.python, files, env)
        told = home.with_suffix(".log")
        with told.open("w") as log:
            flush = subprocess.Popen(
                [bench.program, "index", "--flush"], env=env, stdout=log, stderr=log
            )
        while flush.poll() is None:
            took = run(call, env)
            if flush.poll() is None:
                busy.append(took)
        if flush.returncode != 0:
            raise ProgramFailedError(f"memcairn index --flush\n{told.read_text()[-2000:]}")
        shutil.rmtree(home.with_suffix(".root"))
    what = f"enqueue during a flush of {len(files):,} files, p95"
    ours, alone, crowded = p95(busy), p95(idle), p95(control)
    return (
        Row(
            what,
            "ms",
            ms(ours),
            "≤ 1.3 x idle",
            ms(alone),
            "the same on an idle queue, p95",
            ours / alone <= 1.3,
            remark=(
                f"{len(busy)} calls during flushes; medians {ms(median(busy)):.1f}, and "
                f"{ms(median(idle)):.1f} idle"
            ),
        ),
        Row(
            f"{what}, on a machine as busy",
            "ms",
            ms(ours),
            "≤ 1.3 x control",
            ms(crowded),
            "the same on an idle queue beside a process that only computes, p95",
            ours / crowded <= 1.3,
            remark="where the row above is worse than this one, the machine was short of cores",
        ),
    )


def enqueue_behind_a_backlog(bench: Bench) -> Row:
    """The same call when 1,000 files have been ready for long, and nobody indexes them yet."""
    times = []
    for _ in range(bench.few):
        home = bench.fresh_home()
        files, other = changed_root(bench, home)
        env = bench.environment(home)
        queue_files(bench.python, files, env, age_s=30)
        times.append(run([bench.program, "index", "--debounce-window", "5", other], env))
        shutil.rmtree(home.with_suffix(".root"))
    return Row(
        f"enqueue call that finds {len(files):,} files ready",
        "ms",
        ms(median(times)),
        "none is set",
        remark="it drains them for a second, and leaves the rest to the next call",
    )


def flush_loose_files(bench: Bench) -> tuple[Row, Row]:
    """A flush of files outside all roots, beside files of a root, and beside `index` of their folder."""
    notes = bench.notes(bench.small)

    def loose() -> float:
        home = bench.fresh_home()
        files = [str(path) for path in sorted(notes.rglob("*.md"))]
        queue_files(bench.python, files, bench.environment(home))
        return bench.ours(home, "index", "--flush")

    def inside() -> float:
        home = bench.fresh_home()
        files, _ = changed_root(bench, home)
        queue_files(bench.python, files, bench.environment(home))
        took = bench.ours(home, "index", "--flush")
        shutil.rmtree(home.with_suffix(".root"))
        return took

    contestants: dict[str, Contestant] = {
        "loose": loose,
        "inside": inside,
        "index": lambda: bench.ours(bench.fresh_home(), "index", notes),
    }
    times = alternate(contestants, bench.few)
    took = {name: ms(median(each)) for name, each in times.items()}
    what = f"flush of {bench.small:,} queued files outside all roots"
    return (
        Row(
            what,
            "ms",
            took["loose"],
            "≤ 1.5 x inside",
            took["inside"],
            "a flush of the same files in a root",
            took["loose"] <= 1.5 * took["inside"],
        ),
        Row(
            f"{what}, beside `index`",
            "ms",
            took["loose"],
            "≤ 2 x index",
            took["index"],
            "`memcairn index` of their folder",
            took["loose"] <= 2 * took["index"],
        ),
    )


@contextmanager
def spinning(python: str) -> Iterator[None]:
    """While another process takes one core and touches no file of memcairn."""
    process = subprocess.Popen([python, "-c", SPIN])
    try:
        yield
    finally:
        process.kill()
        process.wait()


QUEUE_FILES = """
import json, os, sys, time
from memcairn import paths
from memcairn.queue import Queue
age = float(sys.argv[1])
queue = Queue(os.path.join(paths.home(), "queue.db"), clock=lambda: time.time() - age)
queue.enqueue(paths.real(path) for path in json.load(sys.stdin))
queue.close()
"""


def queue_files(python: str, files: list[str], env: dict[str, str], age_s: float = 0) -> None:
    """Enqueue many files at once, as if `age_s` ago."""
    call = [python, "-c", QUEUE_FILES, str(age_s)]
    subprocess.run(call, input=json.dumps(files), env=env, text=True, check=True)
