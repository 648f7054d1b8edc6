#!/usr/bin/env python3
"""Measure the speed of memcairn against a floor and a peer, in one run.

usage: run.py [--only NAME ...] [--quick] [--without-peer] [--python PYTHON]

Each row is a ratio: memcairn, the floor and memtomem (where it is installed, see README.md) run in
turn, and their medians are compared. It measures the memcairn that is installed beside PYTHON, by
default the Python that runs this.

The rows are in queue_rows.py, index_rows.py, search_rows.py, meaning_rows.py, daemon_rows.py and ui_rows.py;
what they share is in contest.py.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import daemon_rows
import index_rows
import meaning_rows
import peer_memtomem
import queue_rows
import search_rows
import ui_rows
from contest import Bench, Row, say

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS: dict[str, Callable[[Bench], Row | tuple[Row, ...]]] = {
    "enqueue": queue_rows.enqueue,
    "enqueue-during-flush": queue_rows.enqueue_during_flush,
    "enqueue-behind-a-backlog": queue_rows.enqueue_behind_a_backlog,
    "flush-loose-files": queue_rows.flush_loose_files,
    "first-index": index_rows.first_index,
    "index-again": index_rows.index_again,
    "search-process": search_rows.search_process,
    "search-warm": search_rows.search_warm,
    "memory": index_rows.memory,
    "meaning-warm": meaning_rows.meaning_warm,
    "meaning-million": meaning_rows.meaning_million,
    "meaning-process": meaning_rows.meaning_process,
    "meaning-index": meaning_rows.meaning_index,
    "hook-prompt": daemon_rows.hook_prompt,
    "hook-used": daemon_rows.hook_used,
    "serve": daemon_rows.serve,
    "sessions-memory": daemon_rows.memory,
    "ui": ui_rows.pages,
}
# Only where it is asked for: it takes ten minutes and 4 GB.
SELDOM = {"meaning-million"}


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="NAME")
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
        for name in args.only or [name for name in ROWS if name not in SELDOM]:
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
