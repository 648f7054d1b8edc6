#!/usr/bin/env python3
"""Measure the cost of each host event as a process.

usage: host_events.py [--quick] [--without-peer] [--cpu]

`memcairn hook EVENT` from spawn to exit, with the event's JSON on standard input, as a ratio to `python -c
pass`; 1,000 notes. Recall uses keyword search, and once also semantic search; a session starts without a
MEMORY.md, and once with one (both of 200 notes). Beside it what memtomem's own plugin runs at that event,
where memtomem is installed (README.md). All run in turn, medians are compared. `work` is what the same
event takes in a process that has loaded everything. A resident process runs, which the first hook has
started.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import make_notes
import measure
import peer_memtomem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PROGRAM = [sys.executable, "-c", "from memcairn.cli import main; main()"]
START = [sys.executable, "-c", "pass"]
NOTES = 1_000
EVENTS = (
    "session-start", "user-prompt", "tool-used", "tool-failed", "pre-compact", "stop", "session-end"
)  # fmt: skip
# The start of a session with a MEMORY.md, of which 800 words are shown.
WITH_MEMORY_MD = "session-start, with MEMORY.md"
# Recall with the built-in model, most of which is loading it.
SEMANTIC = "user-prompt, semantic"
FEW_NOTES = 200


class Stage:
    """A project, notes, a home, and the JSON of each event in it."""

    counts_cpu = False

    def __init__(self, folder: Path, notes: int = NOTES, *, has_memory_md: bool = False) -> None:
        self.count = notes
        self.notes = folder / "notes"
        self.project = folder / "project"
        (self.project / ".git").mkdir(parents=True)
        make_notes.make_notes(self.notes, notes)
        self.maker = make_notes.NoteMaker()
        self.files = sorted(self.notes.rglob("*.md"))
        self.input = folder / "event.json"
        self.input.touch()
        self.env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CLAUDE", "MEMCAIRN", "GEMINI", "CODEX"))
        }
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)
        self.env |= {"HOME": str(folder), "MEMCAIRN_HOME": str(folder / "home")}
        self.env |= {"MEMCAIRN_CONFIG": str(folder / "none.toml")}
        self.env["MEMCAIRN_EMBEDDING_PROVIDER"] = "none"
        # An entry that is queued stays there: what waits is another row's matter.
        subprocess.run([*PROGRAM, "index", "-q", str(self.notes)], env=self.env, check=True)
        if has_memory_md:
            refresh = [*PROGRAM, "memory-md", "refresh", "-q", str(self.notes)]
            subprocess.run(refresh, env=self.env, check=True)
        self.number = 0

    def embed(self) -> None:
        """Use semantic search in recall from now on."""
        del self.env["MEMCAIRN_EMBEDDING_PROVIDER"]
        subprocess.run([*PROGRAM, "reembed", "-q"], env=self.env, check=True)

    def fields(self, event: str) -> dict[str, object]:
        """Another prompt, file or error each time, always in a new session."""
        self.number += 1
        question = self.maker.question(self.number % self.count, self.count)
        return {
            "session_id": f"session-{self.number // (1 if event == 'session-start' else 20)}",
            "cwd": str(self.project),
            "source": "startup",
            "trigger": "auto",
            "prompt": question if event == "user-prompt" else "",
            "error": f"Exit code 1: {question}" if event == "tool-failed" else "",
            "tool_name": "Write",
            "file_path": str(self.files[self.number % self.count]) if event == "tool-used" else "",
        }

    def hook(self, event: str) -> float:
        """Run one as a process."""
        if event != "tool-used":
            # What a write left in the queue is indexed by a server, or by another event.
            subprocess.run([*PROGRAM, "index", "-q", "--flush"], env=self.env, check=True)
        self.input.write_text(json.dumps(self.fields(event)), encoding="utf-8")
        return self.run([*PROGRAM, "hook", event, "--host", "claude-code"], self.env)

    def run(self, call: list[str], env: dict[str, str], ok: tuple[int, ...] = (0,)) -> float:
        """Seconds from spawn to exit."""
        null = os.open(os.devnull, os.O_RDWR)
        given = os.open(self.input, os.O_RDONLY)
        try:
            streams = [(os.POSIX_SPAWN_DUP2, file, n) for n, file in enumerate((given, null, null))]
            began = time.perf_counter()
            pid = os.posix_spawn(call[0], call, env, file_actions=streams)
            _, status, usage = os.wait4(pid, 0)
            took = time.perf_counter() - began
            if self.counts_cpu:
                took = usage.ru_utime + usage.ru_stime
        finally:
            os.close(null)
            os.close(given)
        assert os.waitstatus_to_exitcode(status) in ok, call
        return took


def peers_call(peer: peer_memtomem.Memtomem, stage: Stage, event: str) -> list[list[str]]:
    """What memtomem's plugin for Claude Code runs at an event, shells left out."""
    fields = stage.fields(event)
    calls = {
        "session-start": [["session", "start", "--idempotent", "--agent-id", "claude-code"]],
        "user-prompt": [["search", str(fields["prompt"]), "--top-k", "3", "--format", "context"]],
        "tool-used": [["index", "--debounce-window", "5", str(fields["file_path"])]],
        "stop": [["index", "--flush"], ["session", "end", "--auto"]],
    }
    return [[peer.program, *call] for call in calls.get(event, [])]


def commands(
    stage: Stage, peer: peer_memtomem.Memtomem | None, folder: Path, *, quick: bool
) -> None:
    contestants: dict[str, Callable[[], float]] = {"start": lambda: stage.run(START, stage.env)}
    for event in EVENTS:
        contestants[event] = functools.partial(stage.hook, event)
    told = Stage(folder / "told", FEW_NOTES, has_memory_md=True)
    told.embed()
    contestants[WITH_MEMORY_MD] = functools.partial(told.hook, "session-start")
    contestants[SEMANTIC] = functools.partial(told.hook, "user-prompt")
    if peer is not None:
        home = folder / "peer"
        peer.set_up(home, stage.notes)
        env = peer.environment(home)
        # It ends with 1 where it leaves notes out because of what it takes for secrets.
        subprocess.run(
            [peer.program, "index", str(stage.notes)], env=env, check=False, capture_output=True
        )
        for event in ("session-start", "user-prompt", "tool-used", "stop"):
            contestants[f"peer {event}"] = lambda event=event: sum(  # type: ignore[misc]
                stage.run(call, env, (0, 1)) for call in peers_call(peer, stage, event)
            )
    rounds = 3 if quick else 21
    seldom = {name: max(2, rounds // 4) for name in contestants if name.startswith("peer")}
    times = measure.alternate(contestants, rounds, seldom=seldom)
    start = measure.median(times["start"])
    kind = " of CPU time" if Stage.counts_cpu else ""
    print(f"\ncommands: `python -c pass` takes {start * 1000:.0f} ms{kind} here\n")
    print("event | memcairn, ms | ratio to a start | work, ms | memtomem, ms | its ratio")
    print("--- | --- | --- | --- | --- | ---")
    warm = worked(stage, EVENTS, 5 if quick else 50)
    warmer = worked(told, ["session-start", "user-prompt"], 5 if quick else 50)
    warm |= {WITH_MEMORY_MD: warmer["session-start"], SEMANTIC: warmer["user-prompt"]}
    for event in (*EVENTS, WITH_MEMORY_MD, SEMANTIC):
        took = measure.median(times[event])
        row = f"{event} | {took * 1000:.0f} | {took / start:.1f} | {warm[event] * 1000:.1f}"
        its = times.get(f"peer {event}")
        print(
            row + (f" | {its_ms(its)} | {measure.median(its) / start:.0f}" if its else " | - | -")
        )


def its_ms(times: list[float]) -> str:
    return f"{measure.median(times) * 1000:,.0f}"


def worked(stage: Stage, names: Iterable[str], rounds: int) -> dict[str, float]:
    """The median of each event in this process, which has loaded everything."""
    os.environ.pop("MEMCAIRN_EMBEDDING_PROVIDER", None)
    os.environ.update(stage.env)
    from memcairn.hosts import events, payload
    from memcairn.memory import Memory

    medians = {}
    with Memory() as memory:
        for event in names:
            times = []
            for number in range(rounds + 3):
                call = payload.from_fields(event, "claude-code", stage.fields(event))
                clock = time.thread_time if stage.counts_cpu else time.perf_counter
                began = clock()
                events.EVENTS[event](memory, call, time.monotonic() + 10)
                if number >= 3:
                    times.append(clock() - began)
            memory.flush()
            medians[event] = measure.median(times)
    return medians


@contextmanager
def staged() -> Iterator[tuple[Stage, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        yield Stage(Path(folder)), Path(folder)


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--cpu", action="store_true", help="for a machine that is busy")
    asked = parser.parse_args()
    Stage.counts_cpu = asked.cpu
    peer = None if asked.without_peer else peer_memtomem.find()
    print(f"peer: {peer.about if peer else 'none'}")
    with staged() as (stage, folder):
        commands(stage, peer, folder, quick=asked.quick)


if __name__ == "__main__":
    main()
