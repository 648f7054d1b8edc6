#!/usr/bin/env python3
"""Check the first prompt of the real Claude Code: recall, tools, and no error on the screen.

usage: first_prompt.py [-n REPEATS] [--only CONDITION ...] [--at-once SESSIONS ...]
       first_prompt.py --matrix

--matrix asks 20 times in each state of the resident process and with a late server, two sessions at once and
then eight at once (a load of 8 and more), and lets 20 sessions write a note just before they end.

The client talks to a scripted model on loopback, as in tests/clients, and needs no network. No variable makes
it wait for its servers. Each session at a time has a HOME with an installed memcairn, two notes in
the memory of the project, and a resident process, unless the condition says otherwise. The ways to ask:

    -p       `claude -p PROMPT`
    typed    a prompt at a terminal, as soon as the client takes one; then a second one
    wrote    `claude -p` writes a note in its last turn, and the MEMORY.md of the next session lists it

Each row counts the runs in which the passage was in the first request to the model, the tools of memcairn
were in that request, the second prompt had its passage, and an error of a hook was on the screen or in the
transcript.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import statistics
import sys
import sysconfig
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "clients")]

from claude_code import ClaudeCode, tool  # noqa: E402 - where it is was said above
from real_clients import memcairn  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from claude_code import Session

ROUTER = "The router is switched to the idle environment on Thursdays at ten."
BACKUP = "The nightly database backup is copied to the bucket in Frankfurt."
NOTES = {"rollout": ROUTER, "backup": BACKUP}
PROMPTS = (
    "is the router switched to the idle environment on Thursdays?",
    "is the nightly database backup copied to the bucket in Frankfurt?",
)
TOOL = "mcp__plugin_memcairn_memory__memory_search"
DELAY_S = 5
# Without these capabilities, a read-only folder is read-only for root, too.
AS_ANYBODY = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")


class Person:
    """Somebody who has installed memcairn into Claude Code."""

    def __init__(self, folder: Path, home: str = "home") -> None:
        self.home, self.project = folder / home, folder / "project"
        self.home.mkdir(parents=True)
        (self.project / ".git").mkdir(parents=True)
        slug = re.sub(r"[^A-Za-z0-9]", "-", str(self.project))
        notes = self.home / ".claude" / "projects" / slug / "memory"
        notes.mkdir(parents=True)
        for name, fact in NOTES.items():
            text = f"---\nname: {name}\ndescription: a fact\n---\n\n{fact}\n"
            (notes / f"{name}.md").write_text(text, encoding="utf-8")
        self.plugin = self.home / ".claude" / "skills" / "memcairn"
        self.state = self.home / ".local" / "share" / "memcairn"
        self.prefix: tuple[str, ...] = ()
        self.before: Callable[[], object] = lambda: None
        self.between: Callable[[], None] = lambda: None
        self.notes, self.asked = notes, 0
        self.run("init", "--host", "claude-code")
        # A link, so that the program can go away.
        program = Path(sysconfig.get_path("scripts")) / "memcairn"
        self.program = folder / "bin" / "memcairn"
        self.program.parent.mkdir()
        self.program.symlink_to(program)
        for file in (self.plugin / ".mcp.json", self.plugin / "hooks" / "hooks.json"):
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace(str(program), str(self.program)), encoding="utf-8")
        self.run("reembed")
        self.run("daemon", "start")

    def run(self, *arguments: str) -> str:
        return memcairn(self.home, self.project, *arguments)

    def stop(self) -> None:
        self.run("daemon", "stop")

    def kill(self) -> None:
        """Kill the resident process, if there is one."""
        status = json.loads(self.run("daemon", "status", "--json"))
        if status["running"]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(status["pid"]), signal.SIGKILL)

    def ask(self, way: str) -> Session:
        self.before()
        for file in self._transcripts():
            file.unlink()
        client = ClaudeCode(self.home, self.project, self.prefix)
        if way == "-p":
            return client.run(PROMPTS[0], [])
        if way == "wrote":
            self.asked += 1
            fact = f"---\nname: fact-{self.asked}\n---\n\nFact {self.asked} is the last word.\n"
            written = tool(
                "Write", file_path=str(self.notes / f"fact-{self.asked}.md"), content=fact
            )
            client.run("write that down", [[written]])
            return client.run(PROMPTS[0], [])
        return client.type(PROMPTS, between=self.between)

    def transcripts(self) -> str:
        """What the client wrote of the last sessions."""
        return "\n".join(file.read_text(encoding="utf-8") for file in self._transcripts())

    def _transcripts(self) -> Iterator[Path]:
        return (self.home / ".claude" / "projects").glob("*/*.jsonl")


def warm(person: Person) -> None:
    """A resident process runs."""


def cold(person: Person) -> None:
    """None runs when the client starts."""
    person.before = person.stop


def slow_server(person: Person) -> None:
    """The MCP server starts 5 s late."""
    server = person.plugin / ".mcp.json"
    configured = json.loads(server.read_text(encoding="utf-8"))
    (entry,) = configured["mcpServers"].values()
    entry["args"] = ["-c", f"sleep {DELAY_S}; exec '{person.program}' serve"]
    entry["command"] = "/bin/sh"
    server.write_text(json.dumps(configured), encoding="utf-8")


def read_only(person: Person) -> None:
    """The home is read-only."""
    person.stop()
    for folder in (person.state, *filter(Path.is_dir, person.state.rglob("*"))):
        folder.chmod(0o555)
    for file in filter(Path.is_file, person.state.rglob("*")):
        file.chmod(0o444)
    person.prefix = AS_ANYBODY


def killed(person: Person) -> None:
    """The resident process is killed between the prompts."""
    person.between = person.kill


def gone(person: Person) -> None:
    """The program is gone."""
    person.stop()
    person.program.rename(person.program.with_name("renamed"))


def long_path(person: Person) -> None:
    """The path of a socket in the home would be too long."""
    assert len(str(person.state / "daemon" / "socket")) > 108


CONDITIONS = {
    "warm": warm, "cold": cold, "server 5 s late": slow_server, "home read-only": read_only,
    "killed between prompts": killed, "program gone": gone, "long socket path": long_path,
}  # fmt: skip


def has(session: Session, place: int, fact: str) -> bool:
    """Whether a request contains a fact as recalled."""
    if len(session.requests) <= place:
        return False
    said = json.dumps(session.requests[place]["messages"], ensure_ascii=False)
    return "<memcairn-recall>" in said and fact in said


def closed(person: Person) -> None:
    for folder in (person.state, *filter(Path.is_dir, person.state.rglob("*"))):
        folder.chmod(0o700)
    person.stop()


def run(person: Person, way: str) -> dict[str, bool | float | None]:
    began = time.monotonic()
    try:
        session = person.ask(way)
    except AssertionError as error:  # the client ended, or had no answer in time
        print(f"{way}: {error}", file=sys.stderr)
        return {
            "recall": False,
            "tools": False,
            "second": False,
            "error": "hook error" in str(error),
        }
    took = time.monotonic() - began
    seen = f"{session.printed}\n{person.transcripts()}".lower()
    offered = [each["name"] for each in session.requests[0]["tools"]]
    second: bool | None = None
    if way == "typed":
        second = has(session, len(session.requests) - 1, BACKUP)
    if way == "wrote":
        second = f"(fact-{person.asked}.md)" in json.dumps(session.requests[0])
    return {
        "recall": has(session, 0, ROUTER),
        "tools": TOOL in offered,
        "second": second,
        "error": "hook error" in seen or "hook_error" in seen or 'hookerrors":["' in seen,
        "took": took,
    }  # fmt: skip


def home_for(condition: str) -> str:
    return "h" * 120 if condition == "long socket path" else "home"


def once(condition: str, way: str) -> dict[str, bool | float | None]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        person = Person(Path(folder), home_for(condition))
        try:
            CONDITIONS[condition](person)
            return run(person, way)
        finally:
            closed(person)


def row(condition: str, way: str, repeats: int, at_once: int) -> None:
    """Print the counts of one condition."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        ThreadPoolExecutor(at_once) as pool,
    ):
        people = list(
            pool.map(lambda n: Person(Path(folder, str(n)), home_for(condition)), range(at_once))
        )
        for person in people:
            CONDITIONS[condition](person)
        shares = [repeats // at_once + (n < repeats % at_once) for n in range(at_once)]
        began = time.monotonic()

        def asked(number: int) -> list[dict[str, bool | float | None]]:
            return [run(people[number], way) for _ in range(shares[number])]

        working = [pool.submit(asked, number) for number in range(at_once)]
        loads = [os.getloadavg()[0]]
        while not all(each.done() for each in working):
            time.sleep(1)
            loads.append(os.getloadavg()[0])
        runs = [one for each in working for one in each.result()]
        all_took = time.monotonic() - began
        list(pool.map(closed, people))
    counts = [
        "-" if runs[0][name] is None else f"{sum(bool(one[name]) for one in runs)}/{repeats}"
        for name in ("recall", "tools", "second", "error")
    ]
    took = statistics.median(float(one.get("took") or 0) for one in runs)
    values = [
        condition,
        way,
        f"{at_once}",
        f"{max(loads):.0f}",
        *counts,
        f"{took:.1f}",
        f"{all_took:.0f}",
    ]
    print(" | ".join(values), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("-n", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(CONDITIONS), choices=list(CONDITIONS))
    parser.add_argument(
        "--ways", nargs="*", default=["-p", "typed"], choices=["-p", "typed", "wrote"]
    )
    parser.add_argument("--at-once", nargs="*", type=int, default=[1])
    parser.add_argument("--matrix", action="store_true")
    asked = parser.parse_args()
    if asked.matrix:
        asked.n, asked.only, asked.at_once = 20, ["warm", "cold", "server 5 s late"], [2, 8]
    rows = [(c, way, m) for m in asked.at_once for c in asked.only for way in asked.ways]
    if asked.matrix:
        rows.append(("warm", "wrote", 8))
    print(
        "condition | way | at once | load | recall | tools | second, note | hook errors | s, median | s, all"
    )
    print(" | ".join(["---"] * 10))
    for condition, way, at_once in rows:
        row(condition, way, asked.n, at_once)


if __name__ == "__main__":
    main()
