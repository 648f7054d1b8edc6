"""What sessions cost, in a home with ten and with ten thousand of them.

    python bench/session_notes.py [--sessions 10000] [--turns 100]

Each turn appends to a transcript of Claude Code: ten commands, three written files, a reply. The
handler is called as the resident process calls it. A home with many sessions has the folders of all of them,
which no host leaves behind (200 stay), and their notes over thirty days and twelve months. Times are of this
process; CPU times depend less than others on what else the machine does.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "sessions"))

from player import Player, check_out

from memcairn.cli.commands import run
from memcairn.hosts import recall_log, session_note
from memcairn.memory import Memory
from memcairn.sessions import Sessions, note_files
from memcairn.ui.pages import injected

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
        """Median and 95th percentile in milliseconds, of the time and of the CPU time."""
        both = (self.walls, self.cpus)
        return " ".join(
            f"{statistics.median(one):7.1f} {statistics.quantiles(one, n=20)[-1]:7.1f}"
            for one in both
        )


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
    clocks: dict[str, Clock] = defaultdict(Clock)
    written = session_note.end_turn
    with Memory(home, semantic=False) as memory:
        notes = note_files.Notes(memory.home, memory.config)
        first = Player(memory, folder, "claude-code")
        first.start()
        turn(first, 0)
        first.stop()
        first.end()
        copy_sessions(home, first.session, sessions)
        session_note.end_turn = lambda *given: clocks["stop: the note"].timed(
            lambda: written(*given)
        )
        player = Player(memory, folder, "claude-code")
        clocks["start"].timed(player.start)
        for number in range(turns):
            clocks["prompt"].timed(lambda: player.prompt("Is the part ready?"))
            turn(player, number)
            clocks["stop: all"].timed(player.stop)
            clocks["handoff"].timed(lambda: notes.last(str(folder), "work"))
            other = Player(memory, folder, "codex")
            clocks["start"].timed(other.start)
            clocks["end"].timed(other.end)
        session_note.end_turn = written
        ask: Any = SimpleNamespace(memory=memory, query={}, number=lambda _: 0)
        for _ in range(turns):
            clocks["UI: injected"].timed(lambda: injected.page(ask))
            clocks["UI: today"].timed(lambda: list(islice(recall_log.latest(memory.home), 8)))
    commands = {
        "session list": ["session", "list"],
        "session show": ["session", "show", player.session],
        "handoff, CLI": ["handoff"],
        "status": ["status"],
        "doctor": ["doctor"],
        "log --recall": ["log", "--recall"],
    }
    os.chdir(folder)
    for _ in range(max(turns // 10, 3)):
        for name, arguments in commands.items():
            clocks[name].timed(lambda arguments=arguments: quietly(arguments))
    return clocks


def quietly(arguments: list[str]) -> None:
    """Run a command."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run(arguments)


def copy_sessions(home: Path, session: str, count: int) -> None:
    """The folders and the notes of many sessions that have ended."""
    of_one = home / "sessions" / session
    (note,) = (home / note_files.FOLDER).glob("*/*-*-*/*.md")
    project = note.parent.parent
    text = note.read_text()
    for number in range(count):
        other = home / "sessions" / f"other-{number}"
        other.mkdir()
        for name in ("session.json", "activity.json", "log.jsonl"):
            if (of_one / name).exists():
                content = (of_one / name).read_text().replace(session, other.name)
                (other / name).write_text(content)
        day = project / f"2026-11-{number % 30 + 1:02}" if number % 2 else note.parent
        day.mkdir(exist_ok=True)
        (day / f"{other.name}.md").write_text(text.replace(session, other.name))
        with (project / f"2026-{number % 10 + 1:02}.md").open("a") as page:
            page.write(f"\n## work, session page-{number}\n\n{text[-900:]}\n")
    (home / "sessions" / "order").unlink()
    # A home has its order after one start.
    sessions = Sessions(str(home))
    sessions.end(sessions.start("last"))


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
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"load {load}; ms: median and 95th percentile of the time, and of the CPU time")
    print(f"{'notes':>7} {'operation':16} {'time':>7} {'p95':>7} {'CPU':>7} {'p95':>7}")
    for sessions, clocks in found.items():
        for name, clock in clocks.items():
            print(f"{sessions:7} {name:16} {clock.row()}")


if __name__ == "__main__":
    main()
