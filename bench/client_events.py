#!/usr/bin/env python3
"""Measure the latency that hooks add to the events of the real Claude Code.

usage: client_events.py [--quick] [--without-peer]

The client talks to a scripted model on loopback, as in tests/clients, and needs no network. In each session a
person asks one thing after another; the model answers each time with a Write of a note, then with a Read of a
file that is not there, then with words. What is timed is what stands between: from the prompt to the first
request, from an answer of the model to the next request, from the last words to the client's result.

    alone      the client without hooks and servers
    server     the client with memcairn's MCP server, and no hooks
    memcairn   installed by `memcairn init`: server and hooks; 1,000 notes
    memtomem   what its plugin for Claude Code calls at these events, in settings.json; no server

They run in turn. What hooks add is their contestant's median, or 95th percentile, less the median of the
same client without hooks (`server` for memcairn, `alone` for memtomem). The client also waits (it
writes its files, it draws), which can hide a short hook: then the number is about zero, or below.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import make_notes
import measure
import peer_memtomem

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "clients")]

import claude_code  # noqa: E402 - where it is was said above
from loopback import JSON, Loopback  # noqa: E402 - as above
from real_clients import environment, find, memcairn  # noqa: E402 - as above

from support import PROGRAM  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTES = 1_000
EVENTS = {
    "SessionStart": "from the start of the client to the first request, without the prompt",
    "UserPromptSubmit": "from the prompt to the request",
    "PostToolUse": "from the answer that writes to the next request",
    "PostToolUseFailure": "from the answer that fails to the next request",
    "Stop": "from the last words to the result",
    "PreCompact": "from /compact to the request",
    "SessionEnd": "from the end of the input to the end of the client",
}
Times = dict[str, list[float]]


class Person:
    """Somebody with a HOME, a project, and a client that is `alone`, or has hooks."""

    def __init__(self, folder: Path, notes: Path) -> None:
        self.home, self.project, self.notes = folder / "home", folder / "project", notes
        self.home.mkdir(parents=True)
        (self.project / ".git").mkdir(parents=True)
        self.maker = make_notes.NoteMaker()
        self.asked = 0
        self.env: dict[str, str] = {}

    def install_server(self) -> None:
        memcairn(self.home, self.project, "index", "-q", str(self.notes))
        server = {"command": PROGRAM[0], "args": [*PROGRAM[1:], "serve"]}
        settings = self.home / ".claude.json"
        settings.write_text(json.dumps({"mcpServers": {"memory": server}}), encoding="utf-8")

    def install_memcairn(self) -> None:
        memcairn(self.home, self.project, "index", "-q", str(self.notes))
        memcairn(self.home, self.project, "init", "-q", "--host", "claude-code")

    def install_memtomem(self, peer: peer_memtomem.Memtomem) -> None:
        self.env = {"PYTHONDONTWRITEBYTECODE": ""}
        env = environment(self.home, self.project) | self.env
        call = [peer.program, "init", "--non-interactive", "--preset", "minimal", "--mcp", "skip"]
        subprocess.run(
            [*call, "--memory-dir", str(self.notes)], env=env, check=True, capture_output=True
        )
        # It ends with 1 where it leaves notes out because of what it takes for secrets.
        subprocess.run(
            [peer.program, "index", str(self.notes)], env=env, check=False, capture_output=True
        )
        question = self.maker.question(1, NOTES)
        written = self.project / "written.md"
        calls = {
            "SessionStart": ["session start --idempotent --agent-id claude-code"],
            "UserPromptSubmit": [f"search '{question}' --top-k 3 --format context"],
            "PostToolUse": [
                f"index --debounce-window 5 {written}",
                "activity log --type tool_call",
            ],
            "Stop": ["index --flush", "session end --auto"],
        }
        hooks = {
            event: [{"hooks": [{"type": "command", "command": command}]}]
            for event, each in calls.items()
            if (
                command := "; ".join(f"{peer.program} {call} 2>/dev/null" for call in each)
                + "; true"
            )
        }
        settings = self.home / ".claude" / "settings.json"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"hooks": hooks}), encoding="utf-8")

    def session(self, prompts: int) -> Times:
        """Run a session with this number of prompts and a compaction; return the times of its events."""
        times: Times = {event: [] for event in EVENTS}
        arrived: list[float] = []
        answered: list[float] = []

        def answer(path: str, body: dict[str, Any]) -> tuple[bytes, str]:
            now = time.perf_counter()
            if "count_tokens" in path:
                return b'{"input_tokens": 10}', JSON
            arrived.append(now)
            step = (len(arrived) - 1) % 3
            block = [self._write(), self._fail(), claude_code.text("done")][step]
            reply = claude_code.reply([block], len(arrived), body)
            answered.append(time.perf_counter())
            return reply

        with Loopback(answer) as model:
            began = time.perf_counter()
            client = subprocess.Popen(
                [find("claude"), "-p", "--dangerously-skip-permissions", "--verbose",
                 "--input-format", "stream-json", "--output-format", "stream-json"],
                cwd=self.project, env=environment(self.home, self.project) | self.env
                | claude_code.offline(model.url),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
            )  # fmt: skip
            for number in range(prompts):
                sent = self._ask(client, self.maker.question(self._next(), NOTES))
                result = until(client, "result")
                first, second, third = arrived[-3:]
                if number == 0:
                    times["SessionStart"].append(first - began)
                else:
                    times["UserPromptSubmit"].append(first - sent)
                times["PostToolUse"].append(second - answered[-3])
                times["PostToolUseFailure"].append(third - answered[-2])
                times["Stop"].append(result - answered[-1])
            before = len(arrived)
            sent = self._ask(client, "/compact")
            until(client, "result")
            times["PreCompact"].append(arrived[before] - sent)
            assert client.stdin is not None
            began = time.perf_counter()
            client.stdin.close()
            assert client.wait() == 0
            times["SessionEnd"].append(time.perf_counter() - began)
        return times

    def _next(self) -> int:
        self.asked += 1
        return self.asked % NOTES

    def _ask(self, client: subprocess.Popen[str], words: str) -> float:
        assert client.stdin is not None
        message = {"role": "user", "content": words}
        client.stdin.write(json.dumps({"type": "user", "message": message}) + "\n")
        client.stdin.flush()
        return time.perf_counter()

    def _write(self) -> dict[str, Any]:
        file = self.notes / "written" / f"{self.project.parent.name}-{self._next()}.md"
        text = self.maker.note(self.asked % NOTES, 1)
        return claude_code.tool("Write", file_path=str(file), content=text)

    def _fail(self) -> dict[str, Any]:
        question = self.maker.question(self._next(), NOTES)
        return claude_code.tool("Bash", command=f"echo '{question}' >&2; exit 1")


def until(client: subprocess.Popen[str], kind: str) -> float:
    """When the client prints a message of this kind."""
    assert client.stdout is not None
    for line in client.stdout:
        if json.loads(line).get("type") == kind:
            return time.perf_counter()
    raise AssertionError(f"the client ended without a {kind}")


def show(times: Mapping[str, Times]) -> None:
    pairs = [("memcairn", "server"), ("memtomem", "alone")]
    pairs = [pair for pair in pairs if pair[0] in times]
    heads = [f"hooks of {name} add, ms | at the 95th percentile" for name, _ in pairs]
    print("\nevent | client alone, ms | server adds, ms |", " | ".join(heads))
    print("--- | --- | ---" + " | --- | ---" * len(pairs))
    for event in EVENTS:
        alone, server = (measure.median(times[name][event]) for name in ("alone", "server"))
        row = [event, ms(alone), ms(server - alone)]
        for name, without in pairs:
            took, less = times[name][event], measure.median(times[without][event])
            row += [ms(measure.median(took) - less), ms(measure.p95(took) - less)]
        print(" | ".join(row))


def ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--without-peer", action="store_true")
    asked = parser.parse_args()
    peer = None if asked.without_peer else peer_memtomem.find()
    rounds, prompts = (2, 4) if asked.quick else (10, 12)
    print(f"peer: {peer.about if peer else 'none'}")
    with tempfile.TemporaryDirectory() as folder:
        people: dict[str, Person] = {}
        for name in ("alone", "server", "memcairn", *(["memtomem"] if peer else [])):
            notes = Path(folder, name, "notes")
            make_notes.make_notes(notes, NOTES)
            people[name] = Person(Path(folder, name), notes)
        people["server"].install_server()
        people["memcairn"].install_memcairn()
        if peer is not None:
            people["memtomem"].install_memtomem(peer)
        times: dict[str, Times] = {name: {event: [] for event in EVENTS} for name in people}
        for number in range(rounds + 1):
            for name, person in people.items():
                is_slow = name == "memtomem"
                if is_slow and number > max(1, rounds // 5):
                    continue
                for event, took in person.session(3 if is_slow else prompts).items():
                    # What a first session sets up is no hook's doing.
                    times[name][event] += took if number else []
        show(times)


if __name__ == "__main__":
    main()
