"""The rows about indexing: a new folder, an unchanged one, and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contest import HERE, Row, compare
from measure import alternate, peak_mb, run

if TYPE_CHECKING:
    from contest import Bench, Contestant

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


def first_index(bench: Bench) -> Row:
    """A folder that nobody has seen, whole process."""
    notes = bench.notes(bench.small)
    floor = [bench.python, str(HERE / "floor_index.py"), str(notes)]
    contestants: dict[str, Contestant] = {
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
    contestants: dict[str, Contestant] = {
        "ours": lambda: bench.ours(home, "index", notes),
        "floor": lambda: bench.bare(WALK, notes),
    }
    if bench.peer:
        _, peer_home = bench.peer_indexed(bench.large)
        contestants["peer"] = lambda: bench.theirs(peer_home, "index", notes)
    times = alternate(contestants, bench.rounds, seldom={"peer": min(2, bench.seldom)})
    what = f"index again, nothing changed, {bench.large:,} notes"
    return compare(what, times, "os.scandir and stat of each file", 3, None)


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
