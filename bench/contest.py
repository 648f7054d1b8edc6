"""Shared by all rows of the table: programs, notes, homes, sizes, and the row itself."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from make_notes import make_notes
from measure import median, run

if TYPE_CHECKING:
    import peer_memtomem

HERE = Path(__file__).parent
Contestant = Callable[[], float]


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
        """A folder with this number of notes, created once."""
        folder = self.folder / f"notes-{count}"
        if not folder.exists():
            say(f"making {count:,} notes")
            make_notes(folder, count)
        return folder

    def fresh_home(self) -> Path:
        return self.folder / f"home-{next(self._homes)}"

    def environment(self, home: Path) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MEMCAIRN_")}
        # Words only, as the floors and the peer's preset have it: no row is about embeddings.
        ours = {"HOME": str(home), "CONFIG": str(home / "none.toml"), "EMBEDDING_PROVIDER": "none"}
        return clean | {f"MEMCAIRN_{name}": value for name, value in ours.items()}

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
        """Notes, and a memcairn home in which they are indexed."""
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


def say(message: str) -> None:
    print(f"… {message}", file=sys.stderr, flush=True)
