"""Time and memory of each operation as the notes grow, with the exponent of its growth.

    python bench/sizes.py [--notes 100 1000 10000] [--rounds 3]

A note has about ten chunks, so 100,000 notes are a million chunks (an hour, 3 GB of disk). Times are CPU
times of whole processes, without a model and without a resident process; memory is their peak, and at least
that of this process, which Linux counts. The exponent is the slope between the two largest sizes on
logarithmic scales: 1 is linear, 0 is constant. Exits with 1 if a hook grows faster than log n from the
smallest size to the largest.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from make_notes import make_notes

PROGRAM = [sys.executable, "-c", "from memcairn.cli import main; main()"]
# These answer while an agent waits. They may grow with the depth of a tree: log n.
HOOKS = ("hook tool-used", "hook user-prompt", "hook stop", "enqueue")
MAX_HOOK_EXPONENT = 0.15


def operations(root: Path, outside: Path) -> dict[str, tuple[list[str], str]]:
    """Operation -> arguments and standard input."""
    note = str(root / "0000" / "edited.md")
    event = {"session_id": "s", "cwd": str(root), "prompt": "how do we deploy the database cache?"}
    wrote = {**event, "tool_name": "Write", "tool_input": {"file_path": note}, "tool_response": {}}
    called = ["--host", "claude-code"]
    return {
        "index, nothing changed": (["index", str(root)], ""),
        "index one note": (["index", note], ""),
        "enqueue": (["index", "--debounce-window", "60", note], ""),
        "flush one note": (["index", "--flush"], ""),
        "hook tool-used": (["hook", "tool-used", *called], json.dumps(wrote)),
        "hook user-prompt": (["hook", "user-prompt", *called], json.dumps(event)),
        "hook session-start": (["hook", "session-start", *called], json.dumps(event)),
        "hook stop": (["hook", "stop", *called], json.dumps(event)),
        "search": (["search", "deploy the database cache"], ""),
        "add": (["add", "--root", str(root), "--new", "The import job listens on 5433."], ""),
        "memory-md refresh": (["memory-md", "refresh", str(root)], ""),
        "status": (["status"], ""),
        "list": (["list", "--root", str(root)], ""),
        "snapshot": (["snapshot", "create", "--root", str(root)], ""),
        "doctor": (["doctor"], ""),
        "export": (["export", str(outside / "notes.tar.gz"), "--root", str(root)], ""),
    }


def measured(arguments: list[str], stdin: str) -> tuple[float, float]:
    """CPU seconds and peak megabytes of one call."""
    reader, writer = os.pipe()
    os.write(writer, stdin.encode())
    os.close(writer)
    null = os.open(os.devnull, os.O_WRONLY)
    actions = [(os.POSIX_SPAWN_DUP2, reader, 0), (os.POSIX_SPAWN_DUP2, null, 1)]
    actions += [(os.POSIX_SPAWN_DUP2, null, 2)]
    pid = os.posix_spawn(sys.executable, [*PROGRAM, *arguments], os.environ, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    os.close(reader)
    os.close(null)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"{arguments}: {status}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measure(count: int, rounds: int, folder: Path) -> dict[str, tuple[float, float]]:
    """Operation -> CPU seconds and peak megabytes with this many notes."""
    root, home = folder / "notes", folder / "home"
    make_notes(root, count)
    home.mkdir(mode=0o700)
    (home / "daemon").touch()  # in its place: no resident process starts
    os.environ |= {
        "MEMCAIRN_HOME": str(home),
        "MEMCAIRN_CONFIG": str(folder / "config.toml"),
        "MEMCAIRN_EMBEDDING_PROVIDER": "none",
    }
    found = {"first index": measured(["index", str(root)], "")}
    edited = root / "0000" / "edited.md"
    edited.parent.mkdir(exist_ok=True)
    for name, (arguments, stdin) in operations(root, folder).items():
        times = []
        for number in range(rounds):
            edited.write_text(f"# Edited\n\nFor {name}, number {number}.\n")
            if name == "flush one note":
                measured(["index", "--debounce-window", "60", str(edited)], "")
            (folder / "notes.tar.gz").unlink(missing_ok=True)
            times.append(measured(arguments, stdin))
        found[name] = (statistics.median(t for t, _ in times), max(mb for _, mb in times))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notes", nargs="+", type=int, default=[100, 1000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    sizes = sorted(args.notes)
    rows: dict[int, dict[str, tuple[float, float]]] = {}
    for count in sizes:
        folder = Path(tempfile.mkdtemp(prefix="memcairn-sizes-"))
        try:
            rows[count] = measure(count, args.rounds, folder)
        finally:
            shutil.rmtree(folder)
        print(f"{count:,} notes measured", file=sys.stderr, flush=True)
    heads = " | ".join(f"{count:,} notes" for count in sizes)
    print(f"| operation | {heads} | exponent of time | of memory |")
    print("| --- " * (len(sizes) + 3) + "|")
    good = True
    for name in rows[sizes[0]]:
        cells = [f"{1000 * rows[n][name][0]:,.0f} ms, {rows[n][name][1]:.0f} MB" for n in sizes]
        slopes = [0.0, 0.0]
        if len(sizes) > 1:
            ratio = math.log(sizes[-1] / sizes[-2])
            before, last = rows[sizes[-2]][name], rows[sizes[-1]][name]
            slopes = [math.log(b / a) / ratio for a, b in zip(before, last, strict=True)]
        if name in HOOKS and len(sizes) > 1:
            first, last = rows[sizes[0]][name], rows[sizes[-1]][name]
            overall = math.log(last[0] / first[0]) / math.log(sizes[-1] / sizes[0])
            good = good and overall <= MAX_HOOK_EXPONENT
        print(f"| {name} | {' | '.join(cells)} | {slopes[0]:.2f} | {slopes[1]:.2f} |", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
