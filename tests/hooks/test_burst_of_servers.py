"""Four sessions, each with its server, write 20 notes 200 times in three seconds; no setting is changed."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from hooks.conftest import write
from support import PROGRAM

pytest.importorskip("mcp")

if TYPE_CHECKING:
    from pathlib import Path

    from memcairn.memory import Memory

SESSIONS, FILES, WRITES, BURST_S = 4, 20, 50, 2.5
PATIENCE_S = 60
COUNT = """
CREATE TABLE indexed (path);
CREATE TRIGGER count_indexed AFTER UPDATE OF hash ON note WHEN new.hash IS NOT old.hash
BEGIN INSERT INTO indexed VALUES (new.path); END;
"""


class Server:
    """The server of one session, as a host talks to it."""

    def __init__(self, project: Path) -> None:
        self._process = subprocess.Popen(
            [*PROGRAM, "serve"], cwd=project, env=os.environ | {"CLAUDE_PROJECT_DIR": str(project)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        self._number = 0
        about = {"name": "test", "version": "0"}
        self._ask("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=about)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def hook(self, event: str, **arguments: str) -> str:
        answer = self._ask("tools/call", name=f"hook_{event}", arguments=arguments)
        return str(answer["result"]["content"][0]["text"])

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": parameters})
        assert self._process.stdout is not None
        said = (json.loads(line) for line in self._process.stdout)
        return next(message for message in said if message.get("id") == self._number)

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.communicate()


def burst(server: Server, name: str, project: Path, notes: Path, start: threading.Barrier) -> None:
    common = {"session_id": name, "cwd": str(project), "tool_name": "Write"}
    start.wait()
    began = time.monotonic()
    for number in range(WRITES):
        time.sleep(max(0.0, began + BURST_S * number / WRITES - time.monotonic()))
        path = notes / f"note-{number % FILES:02}.md"
        temporary = path.with_suffix(f".{name}")
        temporary.write_text(f"# {path.stem}\n\nThe word is {name}x{number}.\n", encoding="utf-8")
        os.replace(temporary, path)
        assert server.hook("tool_used", file_path=str(path), **common) == "{}"
    assert server.hook("stop", **common) == "{}"


def test_each_note_of_a_burst_is_indexed_once_or_twice_and_found_as_it_is(
    memory: Memory, home: Path, project: Path, notes: Path
) -> None:
    files = [write(notes, f"note-{number:02}.md", "# Before\n") for number in range(FILES)]
    memory.index(notes)
    db = sqlite3.connect(home / "index.db", isolation_level=None)
    db.executescript(COUNT)
    start = threading.Barrier(SESSIONS)
    servers = [Server(project) for _ in range(SESSIONS)]

    writers = [
        threading.Thread(target=burst, args=(server, f"session{number}", project, notes, start))
        for number, server in enumerate(servers)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(PATIENCE_S)
    # The servers drain what is quiet by themselves.
    end = time.monotonic() + PATIENCE_S
    while memory.queue_status().depth and time.monotonic() < end:
        time.sleep(0.1)
    for server in servers:
        server.close()

    assert memory.queue_status().depth == 0
    counted = Counter(path for (path,) in db.execute("SELECT path FROM indexed"))
    assert set(counted) == {str(file) for file in files}
    assert max(counted.values()) <= 2
    for file in files:
        word = file.read_text(encoding="utf-8").split()[-1].rstrip(".")
        assert memory.search(word)[0].path == str(file)
    db.close()
