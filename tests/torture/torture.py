"""Torture memcairn, and print what was tried, how often, and what was lost.

    python tests/torture/torture.py [--minutes 10] [--seed N] [--only NAME...] [--faults NAME...]

Needs Linux or another system with LD_PRELOAD and /proc, and a C compiler.
"""

from __future__ import annotations

import argparse
import errno
import gc
import hashlib
import importlib
import json
import os
import pickle
import pkgutil
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import memcairn
import support
from index import index_tools
from machines import Edits, Machine, bare, problems
from memcairn.daemon import client
from memcairn.fs import atomic
from memcairn.memory import Memory
from torture import concurrency, faults, fuzz
from torture.faults import Faults, Mode
from torture.operations import OPERATIONS, Operation
from torture.world import BY_HAND, TRACEBACK, Files, World, files, in_a_child

if TYPE_CHECKING:
    from collections.abc import Iterator

# In MEMORY.md and its pages, which are generated.
MARKS = (b"memcairn:begin", b"memcairn:page")
STUCK_S = 20.0
# Of the time; the rest is for concurrency and fuzzing.
FAULTS_SHARE = 0.7


class Fault(NamedTuple):
    """What happens at a call that changes files, or at one that reads them."""

    mode: Mode
    error: int = 0
    reads: bool = False

    def __str__(self) -> str:
        what = f"{self.mode.name.lower()} {errno.errorcode.get(self.error, '')}".strip()
        return f"{what} read" if self.reads else what


# Kill, a full disk that stays full, an error that passes, an error that stays.
FAULTS = (
    Fault(Mode.KILL),
    Fault(Mode.FAIL_FROM, errno.ENOSPC),
    Fault(Mode.FAIL_ONCE, errno.EIO),
    Fault(Mode.FAIL_ONCE, errno.EIO, reads=True),
    Fault(Mode.FAIL_ONCE, errno.ENOSPC),
    Fault(Mode.FAIL_FROM, errno.EIO),
    Fault(Mode.KILL_FROM),  # of each process that changes something from then on
)


@dataclass
class Row:
    """The trials of one operation with one kind of fault."""

    calls: int = 0
    tried: int = 0
    lost: list[str] = field(default_factory=list)


class Trials:
    """Try an operation with a fault at each of its calls."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._operation: Operation = OPERATIONS[name]
        self._output = world.outside / "output"
        self._faults = Faults(world.folder)
        self._stdin = self._operation.stdin.replace("{root}", str(world.root)).replace(
            "{project}", str(world.project)
        )

    def prepare(self) -> dict[bool, int]:
        """Keep the states before and after, and count the calls.

        Returns:
            How many calls of the operation change the disk (False), and how many read it (True).
        """
        world, name = self._world, self._name
        if not (world.outside / name).exists():
            world.put_back("start")
            for step in self._operation.prepare:
                self._do(step)
            world.save(name)
        calls = {reads: self._counted(reads=reads) for reads in (True, False)}
        self.after, self.hosts_after = world.notes(), files(world.user)
        world.put_back(name)
        self.before, self.hosts_before = world.notes(), files(world.user)
        homes = files(world.home / "memory").values()
        self.kept_before = set(files(world.root).values()) | set(homes)
        return calls

    def _counted(self, *, reads: bool) -> int:
        self._world.put_back(self._name)
        self._faults.arm(Mode.COUNT, reads=reads)
        code = in_a_child(lambda: self._operation.run(self._world), self._output, self._stdin)
        calls, _ = self._faults.disarm()
        assert code == self._operation.code, f"{self._name}: {code} without a fault: {self._said()}"
        self._stop_resident()
        return calls

    def _do(self, step: object) -> None:
        code = in_a_child(lambda: step(self._world), self._output)  # type: ignore[operator]
        assert code == 0, f"{self._name}: {step}: {self._said()}"

    def _said(self) -> str:
        return self._output.with_suffix(".stderr").read_text(errors="replace")[-2000:]

    def run(self, fault: Fault, at: int) -> Iterator[str]:
        """Do it with one fault; yields what is wrong afterwards."""
        world = self._world
        world.put_back(self._name)
        self._faults.arm(fault.mode, at, fault.error, reads=fault.reads)
        began = time.monotonic()
        code = in_a_child(lambda: self._operation.run(world), self._output, self._stdin)
        took_s = time.monotonic() - began
        _, hit = self._faults.disarm()
        self._stop_resident()
        said = self._said()
        where = f"{fault} at {at} ({hit})"
        if took_s > STUCK_S:
            yield f"{where}: it took {took_s:.0f} s"
        for what in (*self._now(code, said), *self._next_run()):
            yield f"{where}: {what}"

    def _now(self, code: int, said: str) -> Iterator[str]:
        """What must hold right after the fault."""
        world, operation = self._world, self._operation
        if code == TRACEBACK or "Traceback" in said:
            yield f"traceback: {said[-600:]}"
        elif operation.is_hook and code not in (0, -9):
            yield f"the hook ended with {code}: {said[-300:]}"
        notes = world.notes()
        yield from self._whole(notes)
        if operation.is_exact and code > 0 and notes != self.before:
            yield f"it said that it failed ({code}: {said.strip()[-200:]}), but the notes changed"
        if code == 0 and operation.is_exact and notes != self.after:
            yield f"it said that it is done, but it is not: {said.strip()[-200:]}"
        if (
            code == 0
            and operation.check
            and in_a_child(lambda: operation.check(world), self._output)
        ):
            yield f"it said that it is done, but it is not: {self._said()[-300:]}"
        yield from self._hosts_whole()

    def _whole(self, notes: Files) -> Iterator[str]:
        """Each note is what it was or what it was to become, and nothing else is lost."""
        for path, content in notes.items():
            if content not in (self.before.get(path), self.after.get(path)):
                known = content in self.before.values() or content in self.after.values()
                if not (known or path not in self.before):
                    yield f"{path} is neither old nor new: {content[:80]!r}"
        text = files(self._world.root).get("MEMORY.md", b"").decode()
        if BY_HAND.strip() not in text.replace("\r\n", "\n"):
            yield f"the text by hand in MEMORY.md changed: {text[:300]!r}"
        if not self._operation.deletes and (missing := self.kept_before - self._world.kept()):
            gone = [content for content in missing if not any(mark in content for mark in MARKS)]
            if gone and gone != [BY_HAND.encode()]:
                yield f"lost for good: {gone[0][:80]!r}"

    def _hosts_whole(self) -> Iterator[str]:
        for path, content in files(self._world.user).items():
            if content not in (self.hosts_before.get(path), self.hosts_after.get(path)):
                yield f"{path} is neither old nor new"
        for path in self.hosts_before.keys() & self.hosts_after.keys():
            if not (self._world.user / path).is_file():
                yield f"{path} is gone"

    def _next_run(self) -> Iterator[str]:
        """What must hold after the next commands, which repair what the fault left."""
        world, output = self._world, self._output
        code = in_a_child(lambda: _repair(world), output)
        if code != 0:
            yield f"after the next run ({code}): {output.read_text()} {self._said()[-600:]}"
        yield from self._databases()
        yield from self._whole(world.notes())
        if not self._operation.repeats:
            return
        code = in_a_child(lambda: self._operation.run(world), output, self._stdin)
        self._stop_resident()
        if code != self._operation.code:
            yield f"done again, it ended with {code}: {self._said()[-600:]}"
        elif world.notes() != self.after:
            yield "done again, it did not lead to the same notes"
        elif self._operation.hosts and files(world.user) != self.hosts_after:
            yield "done again, the files of the hosts are others"

    def _databases(self) -> Iterator[str]:
        for path in self._world.home.rglob("*.db"):
            with sqlite3.connect(path) as db:
                found = db.execute("PRAGMA integrity_check").fetchall()
            db.close()
            if found != [("ok",)]:
                yield f"{path.name}: {found[0][0]}"
        yield from (f"{path.name} was set aside" for path in self._world.home.glob("*.damaged-*"))

    def _stop_resident(self) -> None:
        if "daemon" in self._name:
            support.stop_resident(self._world.home)


def _repair(world: World) -> int:
    """The next commands of a user; then index and MEMORY.md must be what new ones would be.

    Temporary files of killed processes count as old. Returns how much is wrong, and prints it.
    """
    atomic.LEFTOVER_AGE_S = -1.0
    with Memory() as memory:
        _index_all(memory, world)
        report = memory.flush()
        memory.refresh_memory_md(world.root)
        wrong = [f"{path}: {why}" for path, why in report.failed.items()]
        wrong += [finding.message for finding in memory.check_memory_md(world.root)]
        present = index_tools.content(memory)
    wrong += [f"left: {path}" for path in world.root.rglob(".memcairn-*")]
    wanted = _new_index(world)
    wrong += [
        f"the index has other {part} than a new one"
        for part in wanted
        if present[part] != wanted[part]
    ]
    print("; ".join(wrong))
    return min(len(wrong), TRACEBACK - 1)


def _index_all(memory: Memory, world: World) -> None:
    for root in (world.root, *sorted((world.home / "memory").glob("*"))):
        memory.index(root)


def _new_index(world: World) -> dict[str, list[tuple]]:
    """What a new index of these notes says; kept, since most trials end with the same notes."""
    texts = [sorted(files(place).items()) for place in (world.root, world.home / "memory")]
    key = hashlib.sha256(repr(texts).encode()).hexdigest()
    kept = world.outside / f"index-{key}"
    if not kept.exists():
        fresh = world.outside / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        with Memory(home=fresh) as memory:
            _index_all(memory, world)
            kept.write_bytes(pickle.dumps(index_tools.content(memory)))
    wanted: dict[str, list[tuple]] = pickle.loads(kept.read_bytes())
    return wanted


def run(
    folder: Path,
    names: list[str],
    faults_: list[Fault],
    rng: random.Random,
    *,
    deadline: float,
    trials: int,
) -> dict[str, dict[str, Row]]:
    """Try every operation with every fault at every call, in turn, until the deadline.

    Args:
        folder: a new folder.
        names: of the operations.
        faults_: to try.
        rng: chooses the order of the calls.
        deadline: on the clock of `time.monotonic`.
        trials: of each operation; 0 is all.

    Returns:
        operation -> fault -> row.
    """
    world = World(folder)
    _begin(world)
    world.save("start")
    rows: dict[str, dict[str, Row]] = {name: {} for name in names}
    pending = []
    for name in names:
        trying = Trials(world, name)
        calls = trying.prepare()
        left = [trials or sum(calls.values()) * len(faults_)]
        for fault in faults_:
            if fault.mode == Mode.KILL_FROM and not OPERATIONS[name].has_children:
                continue
            row = rows[name][str(fault)] = Row(calls[fault.reads])
            points = list(range(1, row.calls + 1))
            rng.shuffle(points)
            pending.append((trying, row, fault, points, left))
    while pending and time.monotonic() < deadline:
        for one in list(pending):
            trying, row, fault, points, left = one
            if not (points and left[0]):
                pending.remove(one)
            elif time.monotonic() < deadline:
                left[0] -= 1
                row.lost += trying.run(fault, points.pop())
                row.tried += 1
    return rows


def _load() -> None:
    """Import everything in this process, so that its children need not."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for package in ("cli", "mcp", "hosts", "root", "search", "indexing", "memory_md", "store"):
        path = [os.path.join(os.path.dirname(memcairn.__file__), package)]
        for module in pkgutil.iter_modules(path, f"memcairn.{package}."):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def _start(world: World) -> None:
    """The state before each operation: indexed, with a history and something in the trash."""
    with Memory() as memory:
        root = memory.open_root(world.root)
        root.adopt()
        root.write("gone.md", "# Gone\n")
        root.remove("gone.md")
        root.append("old.md", "Edited once.")
        root.close()
    (world.home / "daemon").write_text("no resident process\n")
    editor = world.outside / "bin/editor"
    editor.parent.mkdir(exist_ok=True)
    editor.write_text('#!/bin/sh\necho More >>"$1"\n')
    editor.chmod(0o755)


def table(rows: dict[str, dict[str, Row]]) -> str:
    """The rows as text, and what was lost."""
    lines = [f"{'operation':22} {'fault':18} {'calls':>6} {'tried':>6} {'lost':>5}"]
    for name, faults_ in rows.items():
        for fault, row in faults_.items():
            lines.append(f"{name:22} {fault:18} {row.calls:6} {row.tried:6} {len(row.lost):5}")
    lines += [
        f"LOST {name}: {what}"
        for name, all_ in rows.items()
        for row in all_.values()
        for what in row.lost
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--trials", type=int, default=0, help="of each operation; 0 is all")
    parser.add_argument("--edits", type=int, default=1000, help="on each of five machines")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument(
        "--only", nargs="*", choices=OPERATIONS, default=list(OPERATIONS), metavar="NAME"
    )
    every = [str(fault) for fault in FAULTS]
    parser.add_argument("--faults", nargs="*", choices=every, default=every, metavar="NAME")
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as name:
        if args.rows:  # a worker, with the library preloaded
            deadline, rng = time.monotonic() + args.minutes * 60, random.Random(args.seed)
            tried = [fault for fault in FAULTS if str(fault) in args.faults]
            world = Path(name, "world")
            rows = run(world, args.only, tried, rng, deadline=deadline, trials=args.trials)
            plain = {
                name: {k: asdict(row) for k, row in all_.items()} for name, all_ in rows.items()
            }
            args.rows.write_text(json.dumps(plain))
            return 0
        print(f"seed {args.seed}", flush=True)
        share = args.minutes if args.only != list(OPERATIONS) else args.minutes * FAULTS_SHARE
        found = start_workers(
            Path(name),
            args.only,
            args.faults,
            minutes=share,
            trials=args.trials,
            seed=args.seed,
        )
        print("skipped: no C compiler, or no LD_PRELOAD" if found is None else table(found))
        losses = [
            what for all_ in (found or {}).values() for row in all_.values() for what in row.lost
        ]
        if share < args.minutes:
            losses += together(Path(name, "together"), args.seed, (args.minutes - share) * 30)
            losses += machines(Path(name, "machines"), args.seed, args.edits)
            losses += broken(Path(name, "broken"), args.seed, (args.minutes - share) * 30)
    print(f"{len(losses)} losses")
    return int(bool(losses))


def together(folder: Path, seed: int, seconds: float) -> list[str]:
    """Let many processes work at the same time; prints what they did, and returns what was lost."""
    world = World(folder)
    _begin(world)
    (world.home / "daemon").unlink()
    outcome = concurrency.run(world, random.Random(seed), seconds)
    if code := in_a_child(lambda: _repair(world), world.outside / "output"):
        said = (world.outside / "output").read_text() + (
            world.outside / "output.stderr"
        ).read_text()
        outcome.lost.append(f"after the next run ({code}): {said[-600:]}")
    print(concurrency.summary(outcome))
    support.stop_resident(world.home)
    return outcome.lost


def machines(folder: Path, seed: int, edits: int) -> list[str]:
    """Edit at random on five machines, a third of the time offline; prints and returns what was lost."""
    chance = random.Random(seed)
    url = bare(folder / "memory.git")
    present = [Machine(folder / name, url) for name in "abcde"]
    random_edits = Edits(chance)
    offline: set[int] = set()
    for step in range(edits):
        if step % 30 == 0:
            offline = {number for number in range(5) if chance.random() < 1 / 3}
        for number, machine in enumerate(present):
            random_edits.edit(machine)
            if number not in offline and chance.random() < 0.1:
                assert machine.sync().left == ""
    tokens = random_edits.present(present)
    left = [machine.sync().left for machine in present * 2]
    lost = [one for one in left if one] + problems(present, tokens)
    conflicts = sum(".conflict-" in name for name in present[0].files())
    print(f"{'five machines':29} {5 * edits:6} edits; {conflicts} conflicts; {len(lost)} losses")
    for machine in present:
        machine.memory.close()
    print(*(f"LOST five machines: {what}" for what in lost), sep="\n")
    return [f"five machines: {what}" for what in lost]


def broken(folder: Path, seed: int, seconds: float, runs: int = 0) -> list[str]:
    """Fuzz the parsers and the resident process; prints how often, and returns what went wrong."""
    world = World(folder)
    _begin(world)
    (world.home / "daemon").unlink()
    rng = random.Random(seed)
    found = fuzz.fuzz_parsers(rng, time.monotonic() + seconds * 0.5, runs)
    with Memory() as memory:
        root = memory.open_root(world.root, starts_session=True)
        found["tools"] = fuzz.fuzz_tools(root, rng, time.monotonic() + seconds * 0.2, runs)
        root.close()
    pid = client.start(str(world.home))
    connection = client.wait_until_started(str(world.home), pid or 0, 60)
    assert connection is not None, "the resident process does not start"
    connection.close()
    found["resident process"] = fuzz.fuzz_daemon(
        str(world.home), rng, time.monotonic() + seconds * 0.3, runs
    )
    support.stop_resident(world.home)
    for name, (tried, wrong) in found.items():
        print(f"{'fuzz: ' + name:29} {tried:6} texts; {len(wrong)} wrong")
    losses = [f"{name}: {what}" for name, (_, wrong) in found.items() for what in wrong]
    print(*(f"LOST {what}" for what in losses), sep="\n")
    return losses


def _begin(world: World) -> None:
    """Create the world and its start, in this process's environment."""
    os.environ.update(world.environment())
    world.folder.mkdir(parents=True, exist_ok=True)
    world.create()
    os.chdir(world.outside)
    _load()
    code = in_a_child(lambda: _start(world), world.outside / "output")
    assert code == 0, (world.outside / "output.stderr").read_text()


def start_workers(
    folder: Path,
    names: list[str],
    faults_: list[str] | None = None,
    *,
    minutes: float = 60.0,
    trials: int = 0,
    seed: int,
) -> dict[str, dict[str, Row]] | None:
    """Share the operations among a process for each core; None where there is no C compiler."""
    library = faults.build(folder)
    if library is None:
        return None
    workers = []
    cores = min(os.cpu_count() or 1, len(names))
    for number in range(cores):
        place = folder / str(number)
        place.mkdir()
        options = {"minutes": minutes, "trials": trials, "seed": seed, "rows": place / "rows"}
        command = [sys.executable, __file__]
        command += [f"--{name}={value}" for name, value in options.items()]
        command += ["--only", *names[number::cores]]
        command += ["--faults", *faults_] if faults_ else []
        variables = os.environ | faults.environment(library, place)
        workers.append(subprocess.Popen(command, env=variables))
    assert [worker.wait() for worker in workers] == [0] * cores
    found = {}
    for number in range(cores):
        found |= json.loads((folder / str(number) / "rows").read_text())
    return {name: {k: Row(**row) for k, row in found[name].items()} for name in names}


if __name__ == "__main__":
    sys.exit(main())
