#!/usr/bin/env python3
"""Check the first prompt of the real Claude Code: recall, tools, and no error on the screen.

usage: first_prompt.py [-n REPEATS] [--only CONDITION ...]

The client talks to a scripted model on loopback, as in tests/clients, and needs no network. No variable makes
it wait for its servers. Each run has a new HOME with memcairn installed by `memcairn init`, two notes in the
memory of the project, and a resident process, unless the condition says otherwise. There are two ways to ask:

    -p       `claude -p PROMPT`
    typed    a prompt at a terminal, as soon as the client takes one; then a second one

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
from pathlib import Path
from typing import TYPE_CHECKING

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "clients")]

from claude_code import ClaudeCode  # noqa: E402 - where it is was said above
from real_clients import memcairn  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable

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
        self.between: Callable[[], None] = lambda: None
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
        client = ClaudeCode(self.home, self.project, self.prefix)
        if way == "-p":
            return client.run(PROMPTS[0], [])
        return client.type(PROMPTS, between=self.between)

    def transcripts(self) -> str:
        """What the client wrote of its sessions."""
        files = (self.home / ".claude" / "projects").glob("*/*.jsonl")
        return "\n".join(file.read_text(encoding="utf-8") for file in files)


def warm(person: Person) -> None:
    """A resident process runs."""


def cold(person: Person) -> None:
    """None runs."""
    person.stop()


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


def run(condition: str, way: str) -> dict[str, bool | float | None]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = "home" if condition != "long socket path" else "h" * 120
        person = Person(Path(folder), home)
        try:
            CONDITIONS[condition](person)
            began = time.monotonic()
            session = person.ask(way)
            took = time.monotonic() - began
            seen = f"{session.printed}\n{person.transcripts()}".lower()
            offered = [tool["name"] for tool in session.requests[0]["tools"]]
            return {
                "recall": has(session, 0, ROUTER),
                "tools": TOOL in offered,
                "second": has(session, len(session.requests) - 1, BACKUP) if way == "typed" else None,
                "error": "hook error" in seen or "hook_error" in seen or 'hookerrors":["' in seen,
                "took": took,
            }  # fmt: skip
        finally:
            for folder_ in (person.state, *filter(Path.is_dir, person.state.rglob("*"))):
                folder_.chmod(0o700)
            person.stop()


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("-n", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(CONDITIONS), choices=list(CONDITIONS))
    asked = parser.parse_args()
    print("condition | way | recall | tools | second prompt | hook errors | whole session, s")
    print("--- | --- | --- | --- | --- | --- | ---")
    for condition in asked.only:
        for way in ("-p", "typed"):
            runs = [run(condition, way) for _ in range(asked.n)]
            counts = [sum(bool(one[name]) for one in runs) for name in ("recall", "tools")]
            second = "-" if way == "-p" else f"{sum(bool(one['second']) for one in runs)}/{asked.n}"
            errors = sum(bool(one["error"]) for one in runs)
            took = statistics.median(float(one["took"] or 0) for one in runs)
            row = [condition, way, *(f"{count}/{asked.n}" for count in counts), second]
            print(" | ".join([*row, f"{errors}/{asked.n}", f"{took:.1f}"]), flush=True)


if __name__ == "__main__":
    main()
