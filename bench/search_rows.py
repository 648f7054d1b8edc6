"""The rows about searching: one process for each question, and one for all."""

from __future__ import annotations

import itertools
import json
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from contest import HERE, Row, compare, ms
from make_notes import NoteMaker
from measure import alternate, median, p95, run

if TYPE_CHECKING:
    from pathlib import Path

    from contest import Bench, Contestant

NOTHING = "pass"


def search_process(bench: Bench) -> Row:
    """`memcairn search`, whole process, a new question each time."""
    _, home = bench.indexed(bench.large)
    maker = NoteMaker()
    ours, theirs = itertools.count(), itertools.count()
    contestants: dict[str, Contestant] = {
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
