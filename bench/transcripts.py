"""Measure the copying of transcripts: rate, cost of one more turn, and what it does to the search of notes.

python bench/transcripts.py --megabytes 100
python bench/transcripts.py --megabytes 500 --notes 5000

The transcripts are made up, in the forms of Claude Code and Codex. A twentieth of their bytes is what people
and agents say; the rest is the output of tools, and metadata.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Line = dict[str, Any]

TURNS = 40
# Words of prose in a turn: the prompt, each of three remarks, the reply.
PROMPT, REMARK, REPLY = 30, 25, 90
PROSE = """
    the cache test failed because a clock moved when we deployed staging with blue green rollout and
    retry queue worker timeout so I changed config schema migration index to use a lock around token
    refresh which fixes flaky integration suite on linux but macos still needs patch for inode reuse
    let us check coverage again before merging branch into main then update changelog docs password key
"""
WORDS = tuple(PROSE.split())


def words(chance: random.Random, count: int) -> str:
    """Made-up prose, in which every twentieth word occurs once."""
    picked = (chance.choice(WORDS) for _ in range(count))
    return " ".join(
        w + str(chance.randrange(10**5)) if chance.random() < 0.05 else w for w in picked
    )


def output(lines: int) -> str:
    """What a tool prints."""
    return "\n".join(f"{n}\t    value_{n} = function_{n}(argument)" for n in range(lines))


def command(chance: random.Random) -> str:
    """A command line."""
    return f"pytest -x tests/{chance.choice(WORDS)}.py"


def claude_lines(chance: random.Random, session: str) -> Iterator[Line]:
    """A session of Claude Code."""
    usage = {"input_tokens": 10, "cache_creation_input_tokens": 0, "output_tokens": 5}
    numbers = iter(range(10**6))

    def line(role: str, content: Any, **more: Any) -> Line:
        number = next(numbers)
        return {
            "parentUuid": f"{session}-{number - 1}", "isSidechain": False, "userType": "external",
            "cwd": "/home/me/shop", "sessionId": session, "version": "2.1.197", "gitBranch": "main",
            "timestamp": f"2026-11-{1 + number % 28:02}T21:06:00.391Z", "type": role,
            "message": {"role": role, "content": content, "usage": usage},
            "uuid": f"{session}-{number}", **more,
        }  # fmt: skip

    for turn in range(TURNS):
        yield line("user", words(chance, PROMPT))
        for step in range(3):
            call = f"toolu_{turn}_{step}"
            yield line("assistant", [{"type": "text", "text": words(chance, REMARK)}])
            given = {"command": command(chance)}
            yield line(
                "assistant", [{"type": "tool_use", "id": call, "name": "Bash", "input": given}]
            )
            printed = output(80)
            result = {"tool_use_id": call, "type": "tool_result", "content": printed}
            yield line("user", [result], toolUseResult={"stdout": printed, "stderr": ""})
        yield line("assistant", [{"type": "text", "text": words(chance, REPLY)}])


def codex_lines(chance: random.Random, session: str) -> Iterator[Line]:
    """A session of Codex."""
    numbers = iter(range(10**6))

    def line(kind: str, **payload: Any) -> Line:
        number = next(numbers)
        payload = {"id": f"{session}-{number}", **payload}
        return {
            "timestamp": f"2026-11-30T21:{number % 60:02}:00.000Z",
            "type": kind,
            "payload": payload,
        }

    def item(kind: str, **payload: Any) -> Line:
        return line("response_item", type=kind, **payload)

    def message(role: str, text: str) -> Line:
        return item("message", role=role, content=[{"type": "text", "text": text}])

    yield line("session_meta", id=session, cwd="/home/me/shop", git={"branch": "main"})
    for turn in range(TURNS):
        text = words(chance, PROMPT)
        yield message("user", text)
        yield line("event_msg", type="user_message", message=text)
        for step in range(3):
            call = f"call_{turn}_{step}"
            given = json.dumps({"cmd": command(chance)})
            yield item("function_call", name="exec_command", call_id=call, arguments=given)
            yield item("function_call_output", call_id=call, output=output(160))
            yield line(
                "event_msg", type="token_count", info={"total_token_usage": {"input_tokens": 1}}
            )
        text = words(chance, 3 * REMARK + REPLY)
        yield message("assistant", text)
        yield line("event_msg", type="agent_message", message=text)


def make(home: Path, megabytes: float) -> tuple[int, float]:
    """Write transcripts below a HOME; returns their bytes, and the share that is prose."""
    chance = random.Random(7)
    total = number = 0
    while total < megabytes * 1e6:
        number += 1
        session = f"{number:08x}-0000-4000-8000-000000000000"
        if number % 2:
            path = home / f".claude/projects/-home-me-shop{number % 40}/{session}.jsonl"
            lines = claude_lines(chance, session)
        else:
            path = home / f".codex/sessions/2026/11/{1 + number % 28:02}/rollout-{session}.jsonl"
            lines = codex_lines(chance, session)
        path.parent.mkdir(parents=True, exist_ok=True)
        texts = [json.dumps(line, separators=(",", ":")) for line in lines]
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
        total += path.stat().st_size
    return total, number * TURNS * (PROMPT + 3 * REMARK + REPLY) * 6 / total


def append_turn(home: Path, number: int) -> None:
    """One more turn in a session of Claude Code."""
    path = max(home.glob(".claude/projects/*/*.jsonl"))
    lines = list(claude_lines(random.Random(number), f"more-{number}"))[:11]
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def median_ms(work: Callable[[], object], times: int) -> tuple[float, float]:
    """The median wall time and CPU time of some calls, in milliseconds."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls) * 1e3, statistics.median(cpus) * 1e3


def loop_s() -> float:
    """CPU time of a fixed piece of Python: the speed of this machine at this moment."""
    start = time.process_time()
    sum(n * n for n in range(3_000_000))
    return time.process_time() - start


def main() -> None:
    """Print one row for each measurement."""
    parser = argparse.ArgumentParser(description="Measure the copying of transcripts.")
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--notes", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "COPILOT_HOME"):
            os.environ.pop(name, None)
        os.environ["HOME"] = str(Path(folder) / "user")
        os.environ["MEMCAIRN_HOME"] = str(Path(folder) / "home")
        os.environ["MEMCAIRN_CONFIG"] = str(Path(folder) / "config.toml")
        os.environ["MEMCAIRN_EMBEDDING_PROVIDER"] = "none"
        measure(Path(folder), options.megabytes, options.notes)


def measure(folder: Path, megabytes: float, notes: int) -> None:
    """Make notes and transcripts in a folder, and measure."""
    from memcairn.memory import Memory

    user, home = folder / "user", folder / "home"
    size, share = make(user, megabytes)
    print(f"made          {size / 1e6:.0f} MB, {share:.1%} of it prose")
    (folder / "notes").mkdir()
    chance = random.Random(3)
    for number in range(notes):
        (folder / f"notes/{number}.md").write_text(f"# Note {number}\n\n{words(chance, 120)}\n")
    questions = [words(chance, 6) for _ in range(40)]
    with Memory() as memory:
        memory.index(folder / "notes")

        def search_notes() -> None:
            for question in questions:
                memory.search(question)

        search_notes()
        home.mkdir(exist_ok=True)
        speed, start = loop_s(), time.perf_counter()
        subprocess.run([sys.executable, "-m", "memcairn.cli.transcripts"], check=True)
        wall_s, times = time.perf_counter() - start, os.times()
        cpu_s = times.children_user + times.children_system
        print(
            f"copied        {size / 1e6 / cpu_s:.1f} MB/s of CPU, {size / 1e6 / wall_s:.1f} MB/s of time"
        )
        print(f"              a loop of 3,000,000 takes {speed:.2f} s and {loop_s():.2f} s of CPU")
        database = (home / "transcripts.db").stat().st_size
        print(f"database      {database / 1e6:.1f} MB, {database / size:.1%}")
        memory.update_transcripts()
        costs = []
        for number in range(15):
            append_turn(user, number)
            costs.append(median_ms(memory.update_transcripts, 1))
        wall, cpu = map(statistics.median, zip(*costs, strict=True))
        print(f"one turn      {wall:.1f} ms, {cpu:.1f} ms of CPU")
        found = median_ms(lambda: [memory.search_transcripts(q) for q in questions], 5)[1]
        print(f"transcripts   {found / len(questions):.2f} ms of CPU a search")
        times_of: dict[str, list[float]] = {".db": [], ".away": []}
        path = home / "transcripts.db"
        for number in range(40):  # in turn, because the speed of the machine changes
            for suffix in sorted(times_of, reverse=number % 2 == 0):
                path.rename(path.with_suffix(suffix))
                path = path.with_suffix(suffix)
                times_of[suffix].append(median_ms(search_notes, 1)[1] / len(questions))
        without, having = times_of[".away"], times_of[".db"]
        before, after = statistics.median(without), statistics.median(having)
        print(f"notes         {before:.2f} ms of CPU a search without the copies,")
        print(f"              {after:.2f} ms with them: {after / before - 1:+.1%}")


if __name__ == "__main__":
    main()
