"""What session notes cost at the hooks, in a home with ten and with ten thousand of them.

    python bench/session_notes.py [--sessions 10000] [--turns 100]

Each turn appends to a transcript of Claude Code: ten commands, three written files, a reply. The
handler is called as the resident process calls it. Times are of this process; the CPU time does not depend on
what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "sessions"))

from player import Player, check_out

from memcairn.hosts import session_note
from memcairn.memory import Memory
from memcairn.sessions import note_files

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """The times of one operation."""

    def __init__(self) -> None:
        self.walls: list[float] = []
        self.cpus: list[float] = []

    def timed(self, work: Callable[[], object]) -> None:
        """Measure one call."""
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.walls.append((time.perf_counter() - wall) * 1000)
        self.cpus.append((time.process_time() - cpu) * 1000)

    def row(self) -> str:
        """Median and 95th percentile in milliseconds, and the median of the CPU time."""
        late = statistics.quantiles(self.walls, n=20)[-1]
        wall, cpu = statistics.median(self.walls), statistics.median(self.cpus)
        return f"{wall:7.1f} {late:7.1f} {cpu:7.1f}"


def turn(player: Player, number: int) -> None:
    """What one turn leaves in the transcript."""
    player.prompt(f"Go on with part {number}.")
    for part in range(10):
        player.run(f"pytest tests/part_{number}_{part}.py -q", "x" * 4_000, int(part == 3))
    for part in range(3):
        player.write(f"src/part_{number}_{part}.py")
    player.say("The part works now. The docs are not updated yet.\n\nNext steps:\n- the guide")


def measure(home: Path, folder: Path, sessions: int, turns: int) -> dict[str, Clock]:
    """The times of each operation in a home with this many notes."""
    clocks = {name: Clock() for name in ("stop: the note", "stop: all", "start", "handoff")}
    written = session_note.end_turn
    with Memory(home, semantic=False) as memory:
        notes = note_files.Notes(memory.home, memory.config)
        first = Player(memory, folder, "claude-code")
        first.start()
        turn(first, 0)
        first.stop()
        (day,) = (home / note_files.FOLDER).glob("*/*-*-*/")
        sample = next(day.glob("*.md"))
        for number in range(sessions):
            os.link(sample, day / f"other-{number}.md")
        session_note.end_turn = lambda *given: clocks["stop: the note"].timed(
            lambda: written(*given)
        )
        player = Player(memory, folder, "claude-code")
        player.start()
        for number in range(turns):
            turn(player, number)
            clocks["stop: all"].timed(player.stop)
            clocks["handoff"].timed(lambda: notes.last(str(folder), "work"))
            clocks["start"].timed(Player(memory, folder, "codex").start)
        session_note.end_turn = written
    return clocks


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=100)
    given = parser.parse_args()
    found = {}
    for sessions in (10, given.sessions):
        with tempfile.TemporaryDirectory() as top:
            folder = Path(top, "project")
            check_out(folder, "work")
            os.environ |= {"MEMCAIRN_HOME": f"{top}/home", "HOME": f"{top}/user"}
            found[sessions] = measure(Path(top, "home"), folder, sessions, given.turns)
    print(f"{'notes':>7} {'operation':16} {'median':>7} {'p95':>7} {'cpu':>7}  ms")
    for sessions, clocks in found.items():
        for name, clock in clocks.items():
            print(f"{sessions:7} {name:16} {clock.row()}")


if __name__ == "__main__":
    main()
