#!/usr/bin/env python3
"""How fast memcairn is, each time against a floor and against a peer, in one run.

usage: run.py [--only NAME ...] [--quick] [--without-peer] [--python PYTHON]

Each row is a ratio: memcairn, the floor and memtomem (where it is installed, see README.md) run in
turn, and their medians are compared. It measures the memcairn that is installed beside PYTHON, by
default the Python that runs this.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import peer_memtomem
from make_notes import NoteMaker, make_notes
from measure import ProgramFailedError, alternate, median, p95, peak_mb, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
NOTHING = "pass"
SQLITE_AND_JSON = "import sqlite3, json"
WALK = """
import os, sys
def walk(folder):
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                walk(entry.path)
            else:
                entry.stat(follow_symlinks=False)
walk(sys.argv[1])
"""
SPIN = "while True: sum(range(10000))"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Numbers are in `unit`; ratios are ours to the floor, peer to ours."""

    what: str
    unit: str
    ours: float
    reach: str
    floor: float | None = None
    floor_is: str = ""
    reached: bool | None = None
    peer: float | None = None
    remark: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.floor if self.floor else None

    @property
    def peer_ratio(self) -> float | None:
        return self.peer / self.ours if self.peer else None


class Bench:
    """What the rows need: programs, notes, homes, sizes."""

    def __init__(
        self, folder: Path, python: str, peer: peer_memtomem.Memtomem | None, *, quick: bool
    ) -> None:
        self.folder = folder
        self.python = python
        self.program = str(Path(python).parent / "memcairn")
        self.peer = peer
        self.small = 200 if quick else 1_000
        self.large = 1_000 if quick else 10_000
        self.chunks = 10_000 if quick else 100_000
        self.rounds = 5 if quick else 31
        self.few = 3 if quick else 5
        self.seldom = 1 if quick else 5
        self._homes = itertools.count()

    def notes(self, count: int) -> Path:
        """A folder of so many notes, made once."""
        folder = self.folder / f"notes-{count}"
        if not folder.exists():
            say(f"making {count:,} notes")
            make_notes(folder, count)
        return folder

    def fresh_home(self) -> Path:
        return self.folder / f"home-{next(self._homes)}"

    def environment(self, home: Path) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MEMCAIRN_")}
        return clean | {"MEMCAIRN_HOME": str(home), "MEMCAIRN_CONFIG": str(home / "none.toml")}

    def ours(self, home: Path, *arguments: str | Path) -> float:
        return run([self.program, *map(str, arguments)], self.environment(home))

    def bare(self, code: str, *arguments: str | Path) -> float:
        return run([self.python, "-c", code, *map(str, arguments)])

    def theirs(self, home: Path, *arguments: str | Path) -> float:
        assert self.peer is not None
        call = [self.peer.program, *map(str, arguments)]
        # 1: done, but its guard against secrets left out a note or two.
        return run(call, self.peer.environment(home), ok=(0, 1))

    def indexed(self, count: int) -> tuple[Path, Path]:
        """Notes, and a home of ours where they are indexed."""
        notes, home = self.notes(count), self.folder / f"home-of-{count}"
        if not home.exists():
            say(f"indexing {count:,} notes")
            self.ours(home, "index", notes)
        return notes, home

    def peer_indexed(self, count: int) -> tuple[Path, Path]:
        """Notes, and a home of the peer's where they are indexed."""
        assert self.peer is not None
        notes, home = self.notes(count), self.folder / f"peer-home-of-{count}"
        if not home.exists():
            say(f"indexing {count:,} notes with memtomem")
            self.peer.set_up(home, notes)
            self.theirs(home, "index", notes)
        return notes, home

    def environment_of_python(self) -> str:
        code = (
            "import importlib.metadata as m, sqlite3, sys;"
            "print('memcairn', m.version('memcairn') + ', Python', sys.version.split()[0]"
            " + ', SQLite', sqlite3.sqlite_version)"
        )
        done = subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True)
        return done.stdout.strip()


def ms(seconds: float) -> float:
    return seconds * 1e3


def enqueue(bench: Bench) -> Row:
    """One hook-shaped call, whole process, on a queue that exists."""
    note = next(bench.notes(bench.small).rglob("*.md"))
    home = bench.fresh_home()
    contestants: dict[str, Callable[[], float]] = {
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
        remark="it drains them, as the window asks",
    )


def first_index(bench: Bench) -> Row:
    """A folder that nobody has seen, whole process."""
    notes = bench.notes(bench.small)
    floor = [bench.python, str(HERE / "floor_index.py"), str(notes)]
    contestants: dict[str, Callable[[], float]] = {
        "ours": lambda: bench.ours(bench.fresh_home(), "index", notes),
        "floor": lambda: run([*floor, str(bench.fresh_home().with_suffix(".db"))]),
    }
    if bench.peer:

        def theirs() -> float:
            assert bench.peer is not None
            home = bench.fresh_home()
            bench.peer.set_up(home, notes)
            return bench.theirs(home, "index", notes)

        contestants["peer"] = theirs
    times = alternate(contestants, bench.few + 4, seldom={"peer": min(3, bench.seldom)})
    what = f"first index of {bench.small:,} notes of 4 sections"
    return compare(what, times, "read, split, insert into FTS5", 5, 15)


def index_again(bench: Bench) -> Row:
    """The same folder once more, nothing changed."""
    notes, home = bench.indexed(bench.large)
    contestants: dict[str, Callable[[], float]] = {
        "ours": lambda: bench.ours(home, "index", notes),
        "floor": lambda: bench.bare(WALK, notes),
    }
    if bench.peer:
        _, peer_home = bench.peer_indexed(bench.large)
        contestants["peer"] = lambda: bench.theirs(peer_home, "index", notes)
    times = alternate(contestants, bench.rounds, seldom={"peer": min(2, bench.seldom)})
    what = f"index again, nothing changed, {bench.large:,} notes"
    return compare(what, times, "os.scandir and stat of each file", 3, None)


def search_process(bench: Bench) -> Row:
    """`memcairn search`, whole process, a new question each time."""
    _, home = bench.indexed(bench.large)
    maker = NoteMaker()
    ours, theirs = itertools.count(), itertools.count()
    contestants: dict[str, Callable[[], float]] = {
        "ours": lambda: bench.ours(home, "search", maker.question(next(ours), bench.large)),
        "floor": lambda: bench.bare(NOTHING),
    }
    if bench.peer:
        _, peer_home = bench.peer_indexed(bench.large)
        contestants["peer"] = lambda: bench.theirs(
            peer_home, "search", maker.question(next(theirs), bench.large)
        )
    for contestant in contestants.values():
        contestant()
    times = alternate(contestants, bench.rounds, seldom={"peer": bench.seldom})
    what = f"memcairn search, {bench.large:,} notes"
    return compare(what, times, "one interpreter start", 4, 10)


WARM = """
import json, sys, time
from memcairn import Memory
home, questions = sys.argv[1], json.load(sys.stdin)
times = []
with Memory(home) as memory:
    for question in questions:
        began = time.perf_counter()
        found = memory.search(question)
        times.append((time.perf_counter() - began, len(found)))
print(json.dumps(times))
"""


def search_warm(bench: Bench) -> Row:
    """Many different questions in one process that has answered some before."""
    per_note = chunks(bench, bench.indexed(bench.small)[1]) / bench.small
    count = round(bench.chunks / per_note)
    notes, home = bench.indexed(count)
    held = chunks(bench, home)
    maker = NoteMaker()
    questions = [maker.question(1_000_000 + n, count) for n in range(320)]
    call = [bench.python, "-c", WARM, str(home)]
    done = subprocess.run(
        call,
        input=json.dumps(questions),
        env=bench.environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = json.loads(done.stdout)[20:]
    times = [took for took, _ in answers]
    floor = plain_fts5(notes, bench.folder / "warm-floor.db", questions)[20:]
    empty = sum(found == 0 for _, found in answers)
    return Row(
        f"search in a warm process, {held:,} chunks, median",
        "ms",
        ms(median(times)),
        "median 10 ms, p95 40 ms",
        ms(median(floor)),
        "FTS5's own bm25(), OR of the words",
        median(times) <= 0.010 and p95(times) <= 0.040,
        remark=(
            f"p95 {ms(p95(times)):.1f}, worst {ms(max(times)):.1f} of {len(times)} questions; "
            f"floor's p95 {ms(p95(floor)):.1f}; {empty} found nothing"
        ),
    )


def memory(bench: Bench) -> Row:
    """The most resident memory of a process that indexes a new folder."""
    notes = bench.notes(bench.large)
    ours = peak_mb([bench.program, "index", str(notes)], bench.environment(bench.fresh_home()))
    floor = peak_mb(
        [
            *(bench.python, str(HERE / "floor_index.py"), str(notes)),
            str(bench.fresh_home().with_suffix(".db")),
        ]
    )
    theirs = None
    if bench.peer:
        home = bench.fresh_home()
        bench.peer.set_up(home, notes)
        call = [bench.peer.program, "index", str(notes)]
        theirs = peak_mb(call, bench.peer.environment(home), ok=(0, 1))
    return Row(
        f"peak memory of indexing {bench.large:,} notes",
        "MB",
        ours,
        "< 150 MB",
        floor,
        "read, split, insert into FTS5",
        ours < 150,
        theirs,
    )


ROWS: dict[str, Callable[[Bench], Row | tuple[Row, ...]]] = {
    "enqueue": enqueue,
    "enqueue-during-flush": enqueue_during_flush,
    "enqueue-behind-a-backlog": enqueue_behind_a_backlog,
    "first-index": first_index,
    "index-again": index_again,
    "search-process": search_process,
    "search-warm": search_warm,
    "memory": memory,
}


def compare(
    what: str,
    times: dict[str, list[float]],
    floor_is: str,
    most: float,
    peer_least: float | None,
) -> Row:
    """A row of medians, in milliseconds."""
    ours, floor = median(times["ours"]), median(times["floor"])
    theirs = median(times["peer"]) if times.get("peer") else None
    reached = ours / floor <= most
    reach = f"≤ {most:g} x floor"
    if peer_least:
        reach += f", peer ≥ {peer_least:g} x"
        reached = reached and (theirs is None or theirs / ours >= peer_least)
    return Row(
        what, "ms", ms(ours), reach, ms(floor), floor_is, reached, ms(theirs) if theirs else None
    )


@contextmanager
def spinning(python: str) -> Iterator[None]:
    """While another process takes one core and touches nothing of ours."""
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


def chunks(bench: Bench, home: Path) -> int:
    done = subprocess.run(
        [bench.program, "status", "--json"],
        env=bench.environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    return int(json.loads(done.stdout)["chunks"])


def plain_fts5(notes: Path, database: Path, questions: list[str]) -> list[float]:
    """Seconds for each question with FTS5 alone, over the floor's own index of the same notes."""
    run([sys.executable, str(HERE / "floor_index.py"), str(notes), str(database)])
    db = sqlite3.connect(database)
    sql = "SELECT path, text FROM chunk WHERE chunk MATCH ? ORDER BY rank LIMIT 10"
    times = []
    for question in questions:
        words = "".join(c if c.isalnum() else " " for c in question).split()
        began = time.perf_counter()
        db.execute(sql, (" OR ".join(f'"{word}"' for word in words),)).fetchall()
        times.append(time.perf_counter() - began)
    db.close()
    return times


def machine() -> str:
    """Processor, cores, memory, system and load."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        pass  # not Linux
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{name}, {os.cpu_count()} cores, {memory_gb:.0f} GB, "
        f"{platform.system()} {platform.release()}, load {load}"
    )


def show(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:.1f}" if number < 100 else f"{number:,.0f}"


def line(row: Row) -> str:
    ratio = f"{row.ratio:.2f}" if row.ratio else ""
    peer_ratio = f"{row.peer_ratio:.1f}" if row.peer_ratio else ""
    reached = {True: "yes", False: "**no**", None: ""}[row.reached]
    cells = [
        f"{row.what} [{row.unit}]",
        *(show(row.ours), show(row.floor), ratio, row.reach, reached),
        *(show(row.peer), peer_ratio),
    ]
    return f"| {' | '.join(cells)} |"


def say(message: str) -> None:
    print(f"… {message}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds")
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--python", default=sys.executable)
    args = parser.parse_args()
    peer = None if args.without_peer else peer_memtomem.find()
    with tempfile.TemporaryDirectory(prefix="memcairn-bench-") as folder:
        bench = Bench(Path(folder), args.python, peer, quick=args.quick)
        print(
            f"{machine()}\n{bench.environment_of_python()}; {peer.about if peer else 'no peer'}\n"
        )
        rows = []
        for name in args.only:
            say(name)
            measured = ROWS[name](bench)
            for row in (measured,) if isinstance(measured, Row) else measured:
                rows.append(row)
                say(line(row))
    heads = "what | memcairn | floor | ratio | to reach | reached | memtomem | its ratio"
    print(f"| {heads} |\n|{' --- |' * 8}")
    for row in rows:
        print(line(row))
    print()
    for row in rows:
        told = [f"floor: {row.floor_is}"] if row.floor_is else []
        told += [row.remark] if row.remark else []
        print(f"- {row.what}: {'; '.join(told)}")


if __name__ == "__main__":
    main()
