"""The rows about semantic search: warm, cold, and its cost in indexing.

The vectors of the warm rows are random: the cost of a scan does not depend on them, and the model would
need an hour for a million. Queries are embedded by the built-in model.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from contest import Row, compare, ms, say
from make_notes import NoteMaker
from measure import alternate, median, p95, run
from search_rows import chunks

if TYPE_CHECKING:
    from pathlib import Path

    from contest import Bench, Contestant

MAKE_UP = """
import sys
import numpy as np
from memcairn.embedding import builtin
from memcairn.store import vector_state, vectors
from memcairn.store.database import Database
home = sys.argv[1]
embedder, db = builtin.load(), Database(home + "/index.db")
model = vector_state.VectorModel(embedder.name, embedder.dimension, embedder.token_bits)
vector_state.use_model(db, model)
rng = np.random.default_rng(1)
centres = rng.normal(size=(400, model.dimension)).astype(np.float32)
width = model.token_bits // 8
while some := vector_state.waiting(db, 4096):
    noise = rng.normal(size=(len(some), model.dimension)).astype(np.float32)
    tokens = [rng.integers(0, 256, (45, width), dtype=np.uint8) for _ in some]
    vectors.add(db, model, some, centres[rng.integers(0, 400, len(some))] + noise, tokens)
"""

# Each question is asked of both in turn, wall and processor time are taken; the first twenty do not count.
WARM = """
import json, os, sys, time
from memcairn import Memory
questions, times = json.load(sys.stdin), []
asked = []
for provider in ("none", "builtin"):
    os.environ["MEMCAIRN_EMBEDDING_PROVIDER"] = provider
    asked.append(Memory(sys.argv[1]))
for question in questions:
    both = []
    for memory in asked:
        began, busy = time.perf_counter(), time.process_time()
        memory.search(question)
        both += time.perf_counter() - began, time.process_time() - busy
    times.append(both)
assert not any(memory.notices for memory in asked), [memory.notices for memory in asked]
print(json.dumps(times[20:]))
"""

# The words that most chunks hold and that are no stop words.
COMMON = """
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1] + "/index.db")
db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, fulltext, row)")
sql = "SELECT term FROM words WHERE length(term) > 3 ORDER BY doc DESC LIMIT 60"
print(json.dumps([term for (term,) in db.execute(sql) if term.isalpha()]))
"""


def environment(bench: Bench, home: Path, background: str = "false") -> dict[str, str]:
    """With the built-in model."""
    more = {"EMBEDDING_PROVIDER": "builtin", "EMBEDDING_BACKGROUND": background}
    return bench.environment(home) | {f"MEMCAIRN_{name}": value for name, value in more.items()}


def say_of(bench: Bench, home: Path, code: str, given: object = None) -> str:
    done = subprocess.run(
        [bench.python, "-c", code, str(home)],
        input=json.dumps(given),
        env=environment(bench, home) | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def embedded(bench: Bench, count: int) -> tuple[Path, int]:
    """A home with this number of notes and a vector for each chunk; and the number of chunks."""
    _, home = bench.indexed(count)
    done = home / "vectors-made-up"
    if not done.exists():
        say("making vectors up")
        say_of(bench, home, MAKE_UP)
        done.touch()
    return home, chunks(bench, home)


def warm(bench: Bench, count: int, rounds: int, most_p95_ms: float, most_ratio: float) -> Row:
    home, held = embedded(bench, count)
    maker = NoteMaker()
    questions = [maker.question(1_000_000 + n, count) for n in range(rounds + 20)]
    times = json.loads(say_of(bench, home, WARM, questions))
    words, _, both, busy = ([four[n] for four in times] for n in range(4))
    slowest = p95(both)
    reach = f"p95 < {most_p95_ms:g} ms"
    reached = ms(slowest) < most_p95_ms
    if most_ratio:
        reach = f"≤ {most_ratio:g} x floor, {reach}"
        reached = reached and median(both) <= most_ratio * median(words)
    return Row(
        f"semantic search in a warm process, {held:,} chunks, median",
        "ms",
        ms(median(both)),
        reach,
        ms(median(words)),
        "the same questions by words alone, in turn",
        reached,
        remark=(
            f"p95 {ms(slowest):.1f}, worst {ms(max(both)):.1f} of {len(both)} questions; "
            f"floor's p95 {ms(p95(words)):.1f}; processor time p95 {ms(p95(busy)):.1f}"
        ),
    )


def meaning_warm(bench: Bench) -> Row:
    """Words and meaning together, in a process that has answered some questions before."""
    return warm(bench, bench.large, 40 if bench.few == 3 else 200, 25, 3)


def meaning_million(bench: Bench) -> tuple[Row, Row]:
    """The same over a million chunks; and a question of eight words that nearly all chunks hold."""
    count = bench.large * 10
    first = warm(bench, count, 40 if bench.few == 3 else 100, 120, 0)
    home, held = embedded(bench, count)
    common = json.loads(say_of(bench, home, COMMON))
    questions = [" ".join(common[n : n + 8]) for n in range(min(30, len(common) - 8))]
    times = [four[0] for four in json.loads(say_of(bench, home, WARM, questions))]
    return first, Row(
        f"search by eight common words in a warm process, {held:,} chunks, median",
        "ms",
        ms(median(times)),
        "< 800 ms",
        reached=max(times) < 0.8,
        remark=f"worst {ms(max(times)):.1f} of {len(times)}; words that most chunks hold",
    )


def meaning_process(bench: Bench) -> Row:
    """`memcairn search` with the built-in model, whole process, a new question each time."""
    home, held = embedded(bench, bench.small)
    maker, number = NoteMaker(), itertools.count()
    with_model = environment(bench, home)

    def ours() -> float:
        question = maker.question(next(number), bench.small)
        return run([bench.program, "search", question], with_model)

    contestants: dict[str, Contestant] = {
        "ours": ours,
        "floor": lambda: bench.bare("import numpy"),
    }
    for contestant in contestants.values():
        contestant()
    times = alternate(contestants, bench.rounds)
    what = f"memcairn semantic search, {held:,} chunks"
    return compare(what, times, "one interpreter start with NumPy", 5, None)


def meaning_index(bench: Bench) -> Row:
    """`memcairn index FOLDER` with the built-in model, until its notes are found by their words."""
    notes = bench.notes(bench.small)
    homes: list[Path] = []

    def ours() -> float:
        homes.append(bench.fresh_home())
        homes[-1].mkdir(mode=0o700)
        with (homes[-1] / "embedding.lock").open("w") as lock:
            # The process that it starts is to end at once: its work would be beside the next round.
            fcntl.flock(lock, fcntl.LOCK_EX)
            took = run([bench.program, "index", str(notes)], environment(bench, homes[-1], "true"))
            time.sleep(1)
        return took

    contestants: dict[str, Contestant] = {
        "ours": ours,
        "floor": lambda: bench.ours(bench.fresh_home(), "index", notes),
    }
    times = alternate(contestants, bench.few)
    began = time.perf_counter()
    run([bench.program, "reembed"], environment(bench, homes[-1]))
    took = time.perf_counter() - began
    row = compare(
        f"first index of {bench.small:,} notes with the built-in model",
        times,
        "the same without a model",
        2,
        None,
    )
    held = chunks(bench, homes[-1])
    remark = (
        f"what is embedded behind it: {held:,} chunks in {took:.1f} s, {held / took:.0f} a second"
    )
    return replace(row, remark=remark)
