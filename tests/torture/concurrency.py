"""Many processes work on one root, and some are killed; nothing that was answered is lost."""

from __future__ import annotations

import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memcairn import Query
from memcairn.errors import MemcairnError
from memcairn.memory import Memory

from .world import BY_HAND, World, write

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOTES_IN_GIT = 500
PROGRAM = [sys.executable, "-c", "from memcairn.cli import main; main()"]


@dataclass
class Outcome:
    """What was done how often, what was lost, and how long a hook took."""

    actions: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    lost: list[str] = field(default_factory=list)
    hook_ms: list[float] = field(default_factory=list)
    python_ms: list[float] = field(default_factory=list)


def appends(world: World, me: str) -> Iterator[str]:
    with Memory() as memory:
        root = memory.open_root(world.root)
        for _ in itertools.count():
            line = f"line {uuid.uuid4().hex}"
            root.append(f"append-{me}.md", line)
            yield line


def writes(world: World, me: str) -> Iterator[str]:
    with Memory() as memory:
        root = memory.open_root(world.root)
        for number in itertools.count():
            path = f"write-{me}/{os.getpid()}-{number}.md"
            root.write(path, f"# Note {number}\n\n{me} writes {path}.\n")
            if number % 5 == 4:
                root.move(path, path.replace(".md", "-moved.md"))
                path = path.replace(".md", "-moved.md")
            yield path


def hand_edits(world: World, me: str) -> Iterator[str]:
    for number in itertools.count():
        text = f"# By hand\n\n{me} {number} {uuid.uuid4().hex}\n"
        path = world.root / f"hand-{me}-{number % 7}.md"
        if number % 2:
            path.with_suffix(".new").write_text(text)
            os.replace(path.with_suffix(".new"), path)
        else:
            path.write_text(text)
        time.sleep(0.02)
        yield f"{path.name}\t{text.splitlines()[2]}"


def checkouts(world: World, me: str) -> Iterator[str]:
    for branch in itertools.cycle(("other", "main")):
        subprocess.run(["git", "checkout", "-q", branch], cwd=world.root, check=True)
        time.sleep(0.3)
        yield branch


def searches(world: World, me: str) -> Iterator[str]:
    with Memory() as memory:
        for number in itertools.count():
            memory.search(Query(f"note {number % 50} writes by hand", 5))
            yield ""


def indexes(world: World, me: str) -> Iterator[str]:
    with Memory() as memory:
        while True:
            memory.index(world.root)
            memory.flush()
            yield ""


def hooks(world: World, me: str) -> Iterator[str]:
    event = {"session_id": me, "cwd": str(world.root), "prompt": "who writes the note by hand?"}
    changed = {
        **event,
        "tool_name": "Write",
        "tool_input": {"file_path": f"{world.root}/deploy.md"},
    }
    for name, fields in itertools.cycle((("user-prompt", event), ("tool-used", changed))):
        times = []
        for command in (
            [sys.executable, "-c", "pass"],
            [*PROGRAM, "hook", name, "--host", "claude-code"],
        ):
            began = time.perf_counter()
            done = subprocess.run(
                command, input=json.dumps(fields).encode(), capture_output=True, check=False
            )
            times.append((time.perf_counter() - began) * 1000)
            assert (done.returncode, done.stderr) == (0, b""), done
        yield f"{name} {times[0]} {times[1]}"


WORKERS: dict[str, Callable[[World, str], Iterator[str]]] = {
    "append": appends,
    "append 2": appends,
    "write": writes,
    "hand edit": hand_edits,
    "git checkout": checkouts,
    "search": searches,
    "index": indexes,
    "hook": hooks,
}
# What a test may kill: nobody can promise anything for half an edit by hand.
MAY_DIE = ("append", "append 2", "write", "search", "index")


def run(world: World, rng: random.Random, seconds: float) -> Outcome:
    """Let all workers work for this time, and check what they did."""
    _create(world)
    logs = {name: world.outside / f"{name}.log" for name in WORKERS}
    deadline = time.monotonic() + seconds
    pids = {name: _start(world, name, logs[name], deadline) for name in WORKERS}
    outcome = Outcome()
    while time.monotonic() < deadline:
        time.sleep(rng.uniform(0.1, 0.6))
        name = rng.choice(MAY_DIE)
        os.kill(pids[name], signal.SIGKILL)
        os.waitpid(pids[name], 0)
        outcome.kills += 1
        pids[name] = _start(world, name, logs[name], deadline)
    for name, pid in pids.items():
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code != 0:
            outcome.lost.append(
                f"{name} ended with {code}: {(world.outside / f'{name}.err').read_text()[-500:]}"
            )
    done = {name: _lines(log) for name, log in logs.items()}
    outcome.actions = {name: len(lines) for name, lines in done.items()}
    for line in done["hook"]:
        _, python_ms, hook_ms = line.split()
        outcome.python_ms.append(float(python_ms))
        outcome.hook_ms.append(float(hook_ms))
    outcome.lost += _check(world, done)
    return outcome


def _create(world: World) -> None:
    for branch, step in (("main", 1), ("other", 7)):
        for number in range(0, NOTES_IN_GIT * step, step):
            write(world.root / f"g/{number}.md", f"# In git {number}\n\n{branch} says {number}.\n")
        _git(world, "init", "-q", "-b", "main") if branch == "main" else _git(
            world, "checkout", "-qb", "other"
        )
        _git(world, "add", "g")
        _git(world, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", branch)
    with Memory() as memory:
        memory.open_root(world.root).adopt()


def _git(world: World, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=world.root, check=True, capture_output=True, text=True
    )
    return done.stdout


def _start(world: World, name: str, log: Path, deadline: float) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    error = os.open(world.outside / f"{name}.err", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(error, 2)
    try:
        # A line is in the log once its action was answered.
        with open(log, "ab", buffering=0) as file:
            for line in WORKERS[name](world, name.replace(" ", "-")):
                file.write(line.encode() + b"\n")
                if time.monotonic() > deadline:
                    break
        code = 0
    except MemcairnError as failed:
        os.write(2, f"{failed}\n".encode())
    except BaseException:  # noqa: BLE001 - reported by its text
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def _check(world: World, done: dict[str, list[str]]) -> Iterator[str]:
    for name in ("append", "append 2"):
        text = (world.root / f"append-{name.replace(' ', '-')}.md").read_text().splitlines()
        yield from (
            f"{name}: {line} is there {n} times"
            for line in done[name]
            if (n := text.count(line)) != 1
        )
    yield from (f"write: {path}" for path in done["write"] if not (world.root / path).is_file())
    last = dict(line.split("\t") for line in done["hand edit"])
    for path, line in last.items():
        if line not in (world.root / path).read_text():
            yield f"hand edit: {path}"
    if left := _git(world, "status", "--porcelain", "g"):
        yield f"git: {left[:300]}"
    if BY_HAND.strip() not in (world.root / "MEMORY.md").read_text():
        yield "the text by hand in MEMORY.md changed"


def summary(outcome: Outcome) -> str:
    """The outcome as lines of text."""
    lines = [f"{name:22} {count:6} actions" for name, count in outcome.actions.items()]
    lines.append(f"{'killed':22} {outcome.kills:6} times; {len(outcome.lost)} lost")
    if len(outcome.hook_ms) > 1:
        hook, python = (
            statistics.quantiles(ms, n=20)[-1] for ms in (outcome.hook_ms, outcome.python_ms)
        )
        lines.append(f"{'hook, p95':22} {hook:6.0f} ms; python -c pass beside it {python:.0f} ms")
    return "\n".join([*lines, *(f"LOST {what}" for what in outcome.lost)])
