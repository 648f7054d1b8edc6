#!/usr/bin/env python3
"""Measure how fast the MCP server starts and answers, against a bare server of the same SDK.

usage: serve.py [--quick] [--only start search clients]

start     spawn to the answer of `initialize` on standard input and output; the floor is a server of
          the SDK's `MCPServer` without a tool. The contestants alternate, the medians are compared.
search    a call of `memory_search`, over what `Memory.search` takes with the same question in this
          process: a line written to the server's pipe and one read; and by the SDK's client, which
          checks the answer against its schema. 1,000 notes, warm; each question is asked three times in
          turn with each; the fastest ones are compared, and the median of the differences is reported,
          beside a bare server of the SDK that computes as long as a search and returns such an answer.
clients   50 clients of one server over HTTP, 10,000 calls in all: searches, reads, writes, edits,
          observations. None may fail.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

import make_notes
from memcairn import Memory, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = [sys.executable, "-c", "from memcairn.cli import main; main()", "serve"]
BARE = [sys.executable, "-c", "from mcp.server import MCPServer; MCPServer('bare').run('stdio')"]
# Returns the given listing and answer, after the given seconds of work.
CANNED = """
import sys, time, anyio
from mcp import types
from mcp.server import Server
from mcp.server.stdio import stdio_server

LISTED = types.ListToolsResult.model_validate_json(sys.argv[1])
ANSWER = types.CallToolResult.model_validate_json(sys.argv[2])

async def listed(*_): return LISTED
async def called(*_):
    until = time.perf_counter() + float(sys.argv[3])
    while time.perf_counter() < until:  # a sleep would not end on time
        pass
    return ANSWER

async def main():
    server = Server("canned", on_list_tools=listed, on_call_tool=called)
    async with stdio_server() as streams:
        await server.run(*streams, server.create_initialization_options())

anyio.run(main)
"""
NOTES = 1_000
WARM = 50  # questions that are not counted
ATTEMPTS = 3  # the fastest is least disturbed by other processes
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    },
}


def start_s(command: list[str], env: dict[str, str]) -> float:
    began = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(INITIALIZE).encode() + b"\n")
        server.stdin.flush()
        assert b'"result"' in server.stdout.readline()
        took = time.perf_counter() - began
        server.kill()
    return took


def start(root: Path, env: dict[str, str], rounds: int) -> None:
    ours, bare = [], []
    command = [*PROGRAM, "--root", str(root), "--profile", "full"]
    for round_ in range(rounds + 1):
        pair = start_s(command, env), start_s(BARE, env)
        if round_:  # the first one fills the disk's cache
            ours.append(pair[0])
            bare.append(pair[1])
    one, other = statistics.median(ours), statistics.median(bare)
    print(f"start: {one * 1000:.0f} ms, bare server {other * 1000:.0f} ms, {one / other:.2f}x")


@contextlib.contextmanager
def piped(command: list[str], env: dict[str, str]) -> Iterator[Callable[[str], dict[str, Any]]]:
    """A server behind a pipe, and how to ask it: a line is written, and one read."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        stdin, stdout = server.stdin, server.stdout

        def write(message: dict[str, Any]) -> None:
            stdin.write(json.dumps(message).encode() + b"\n")
            stdin.flush()

        def ask(question: str) -> dict[str, Any]:
            call = {"name": "memory_search", "arguments": {"query": question}}
            write({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call})
            while True:
                answer: dict[str, Any] = json.loads(stdout.readline())
                if "id" in answer:  # not a notification
                    return answer

        write(INITIALIZE)
        stdout.readline()
        write({"jsonrpc": "2.0", "method": "notifications/initialized"})
        yield ask
        server.kill()


class Times:
    """How long the ways to ask took in turn, each question several times: the quickest of them counts."""

    def __init__(self, *ways: str) -> None:
        self._least: dict[str, list[float]] = {way: [] for way in ways}

    def next(self) -> None:
        for least in self._least.values():
            least.append(math.inf)

    @contextlib.contextmanager
    def of(self, way: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        least = self._least[way]
        least[-1] = min(least[-1], time.perf_counter() - began)

    def ms(self, way: str, over: str | None = None) -> float:
        """The median of one way, or of what it takes more than another."""
        took = self._least[way][WARM:]
        if over is not None:
            took = [one - other for one, other in zip(took, self._least[over][WARM:], strict=True)]
        return statistics.median(took) * 1000


async def search(root: Path, env: dict[str, str], rounds: int) -> None:
    maker = make_notes.NoteMaker()
    questions = [maker.question(number % NOTES, NOTES) for number in range(rounds + WARM)]
    command = [*PROGRAM, "--root", str(root)]
    took = Times("alone", "piped", "client")
    with Memory() as memory, piped(command, env) as ask:
        async with _client(command, env) as client:
            for question in questions:
                took.next()
                for _ in range(ATTEMPTS):
                    with took.of("alone"):
                        found = memory.search(Query(question, root=root))
                    with took.of("piped"):
                        ask(question)
                    with took.of("client"):
                        answer = await client.call_tool("memory_search", {"query": question})
                    assert answer.structured_content is not None
                    assert len(answer.structured_content["passages"]) == len(found)
            listed = (await client.list_tools()).model_dump_json(by_alias=True, exclude_none=True)
    alone = took.ms("alone")
    canned = answer.model_dump_json(by_alias=True, exclude_none=True)
    command = [sys.executable, "-c", CANNED, listed, canned, str(alone / 1000)]
    bare = Times("piped", "client")
    with piped(command, env) as ask:
        async with _client(command, env) as client:
            for question in questions:
                bare.next()
                for _ in range(ATTEMPTS):
                    with bare.of("piped"):
                        ask(question)
                    with bare.of("client"):
                        await client.call_tool("memory_search", {"query": question})
    print(f"search: {alone:.2f} ms alone")
    for way, how in ("piped", "over a pipe"), ("client", "with the SDK's client"):
        print(
            f"  {how}: {took.ms(way, over='alone'):.2f} ms more; "
            f"a bare server of the SDK: {bare.ms(way) - alone:.2f} ms"
        )


def _client(command: list[str], env: dict[str, str]) -> Client:
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=env)
    return Client(stdio_client(parameters), mode="legacy")


@contextlib.contextmanager
def over_http(root: Path, env: dict[str, str]) -> Iterator[str]:
    command = [*PROGRAM, "--root", str(root), "--profile", "full", "--http", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as server:
        assert server.stderr is not None
        found = re.search(r"http://\S+/mcp", server.stderr.readline())
        assert found
        yield found[0]
        server.terminate()


async def clients(root: Path, env: dict[str, str], count: int, calls: int) -> None:
    failed: Counter[str] = Counter()
    took: list[float] = []

    async def one(url: str, number: int) -> None:
        async with Client(url) as client:
            for step in range(calls):
                name, arguments = _call(number, step)
                began = time.perf_counter()
                answer = await client.call_tool(name, arguments)
                took.append(time.perf_counter() - began)
                if answer.is_error:
                    failed[f"{name}: {answer.content[0]}"] += 1

    with over_http(root, env) as url:
        began = time.perf_counter()
        await asyncio.gather(*(one(url, number) for number in range(count)))
        seconds = time.perf_counter() - began
    print(
        f"clients: {count} clients, {len(took):,} calls, {sum(failed.values())} failed, "
        f"{len(took) / seconds:.0f} calls a second, median {statistics.median(took) * 1000:.0f} ms"
    )
    for why, times in failed.most_common(5):
        print(f"  {times} times {why}")


def _call(number: int, step: int) -> tuple[str, dict[str, Any]]:
    path = f"clients/{number}/{step // 10}.md"
    steps: list[tuple[str, dict[str, Any]]] = [
        ("mem_write", {"path": path, "content": f"# Note {number} {step}\n\nold text\n"}),
        ("memory_search", {"query": f"note {number}"}),
        ("mem_read", {"path": path}),
        ("mem_edit", {"path": path, "old_str": "old", "new_str": f"new{step}"}),
        ("memory_search", {"query": f"new{step - 4 + 3} text"}),
        ("mem_append", {"path": path, "content": "more"}),
        ("mem_list", {"dir": f"clients/{number}"}),
        ("memory_observe", {"content": f"Client {number} was at step {step} just now."}),
        ("memory_get_context", {"max_tokens": 1000}),
        ("mem_log", {"path": path}),
    ]
    return steps[step % 10]


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--quick", action="store_true")
    rows = ("start", "search", "clients")
    parser.add_argument("--only", nargs="+", choices=rows, default=rows)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "notes")
        env = {**os.environ, "MEMCAIRN_HOME": str(Path(folder, "home")), "HOME": folder}
        env |= {"MEMCAIRN_CONFIG": str(Path(folder, "none.toml"))}
        os.environ.update(env)
        make_notes.make_notes(root, NOTES)
        with Memory() as memory:
            memory.index(root)
            memory.embed()
        if "start" in asked.only:
            start(root, env, 3 if asked.quick else 11)
        if "search" in asked.only:
            asyncio.run(search(root, env, 50 if asked.quick else 300))
        if "clients" in asked.only:
            asyncio.run(clients(root, env, *((8, 50) if asked.quick else (50, 200))))


if __name__ == "__main__":
    main()
