"""Measure `memcairn sync` against the bare git commands: CPU time, each against the other in one run.

    python bench/sync.py [NOTES]

- nothing to do: in a process that stays, as the resident process does it, and as a command, against `git
  fetch` of the same repository over file://, the fastest of all remotes;
- 50 changed notes, against `git add`, `commit`, `fetch` and `push` in a clone with the same changes;
- a hook and a search while another process synchronizes all the time, against the same without it (wall
  time, since that is what a user waits for).
"""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn import Memory
from memcairn.sync import checkout, synchronize

if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.settings.shared_scopes import SharedScope

ROUNDS = 9
CHANGED = 50
WORDS = [f"word{number}" for number in range(3_000)]
MEMCAIRN = os.path.join(os.path.dirname(sys.executable), "memcairn")
GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com")
# With the priority that the resident process gives to its syncs and to git.
BUSY = "import os, subprocess, sys\nos.nice(10)\nwhile True: subprocess.run([sys.argv[1], 'sync'], stdout=-3)"


def run(*command: str, cwd: Path, data: bytes = b"") -> None:
    subprocess.run(command, cwd=cwd, input=data, check=True, stdout=subprocess.DEVNULL)


def cpu_s() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)


def medians(clock: Callable[[], float], **work: Callable[[], object]) -> dict[str, float]:
    """The median of what each takes, in ms; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for number in range(ROUNDS + 1):
        for name, function in work.items():
            began = clock()
            function()
            if number:
                times[name].append(1000 * (clock() - began))
    return {name: statistics.median(found) for name, found in times.items()}


def show(title: str, found: dict[str, float]) -> None:
    floor = next(iter(found.values()))
    row = "  ".join(f"{name} {ms:.0f} ms ({ms / floor:.1f}x)" for name, ms in found.items())
    print(f"{title}: {row}  load {os.getloadavg()[0]:.1f}")


def change(root: Path, chance: random.Random) -> None:
    for file in chance.sample(sorted(root.glob("[0-9]*/*.md")), CHANGED):
        file.write_text(file.read_text() + f"{chance.random()}\n")


def measure(folder: Path, notes: int) -> None:
    root, chance = folder / "notes", random.Random(1)
    for number in range(notes):
        file = root / f"{number % 100:02}" / f"n{number}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# Note {number}\n\n{' '.join(chance.choices(WORDS, k=80))}\n")
    os.environ |= {"MEMCAIRN_HOME": str(folder / "home"), "HOME": str(folder)}
    run("git", "init", "-q", "--bare", "-b", "main", "remote.git", cwd=folder)
    url = (folder / "remote.git").as_uri()
    with Memory(semantic=False) as memory:
        scope = synchronize.initialize(memory.engine, url, "team", "platform", str(root))[0]

        def sync() -> None:
            done = synchronize.synchronize(memory.home, scope, lambda: memory.engine)
            assert not done.left, done

        sync()
        nothing(memory, scope, root, sync)
        changed(folder, root, url, sync, chance)
        meanwhile(folder)


def nothing(memory: Memory, scope: SharedScope, root: Path, sync: Callable[[], None]) -> None:
    git_dir = checkout.repository_of(scope, memory.home).git_dir
    fetch = (
        "git",
        "--git-dir",
        git_dir,
        "fetch",
        "--quiet",
        "origin",
        "+main:refs/remotes/origin/main",
    )
    found = medians(
        cpu_s, fetch=lambda: run(*fetch, cwd=root), sync=sync,
        command=lambda: run(MEMCAIRN, "sync", cwd=root),
    )  # fmt: skip
    show("nothing to do", found)


def changed(
    folder: Path, root: Path, url: str, sync: Callable[[], None], chance: random.Random
) -> None:
    run("git", "clone", "-q", url, "clone", cwd=folder)
    clone = folder / "clone"

    def bare() -> None:
        run(*GIT, "add", "--all", cwd=clone)
        run(*GIT, "commit", "-q", "-m", "notes", cwd=clone)
        run(*GIT, "fetch", "-q", cwd=clone)
        run(*GIT, "push", "-q", cwd=clone)

    times: dict[str, list[float]] = {"git": [], "sync": [], "command": []}
    contestants = {"git": bare, "sync": sync, "command": lambda: run(MEMCAIRN, "sync", cwd=root)}
    for _ in range(ROUNDS):
        for name, function in contestants.items():
            if name == "git":
                run("git", "pull", "-q", cwd=clone)
            else:  # what the others sent
                sync()
            change(clone if name == "git" else root, chance)
            began = cpu_s()
            function()
            times[name].append(1000 * (cpu_s() - began))
    show(f"{CHANGED} changed notes", {name: statistics.median(one) for name, one in times.items()})


def meanwhile(folder: Path) -> None:
    event = f'{{"session_id": "s", "cwd": "{folder}", "prompt": "how is word7 used with word9?"}}'.encode()
    hook = (MEMCAIRN, "hook", "user-prompt", "--host", "claude-code")
    run(*hook, cwd=folder, data=event)  # starts the resident process
    time.sleep(5)
    work = {
        "hook": lambda: run(*hook, cwd=folder, data=event),
        "search": lambda: run(MEMCAIRN, "search", "word7 word9", cwd=folder),
    }
    before = medians(time.perf_counter, **work)
    busy = subprocess.Popen([sys.executable, "-c", BUSY, MEMCAIRN])
    try:
        during = medians(time.perf_counter, **work)
    finally:
        busy.kill()
        busy.wait()
    for name in work:
        show(f"{name} while a sync runs", {"without": before[name], "during": during[name]})
    subprocess.run([MEMCAIRN, "daemon", "stop"], check=False)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
