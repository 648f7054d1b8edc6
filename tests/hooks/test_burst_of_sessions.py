"""Four sessions write 20 notes 200 times in three seconds, with a resident process; no setting is changed."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from hooks.conftest import write
from memcairn.daemon import client

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


pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no resident process")


def hook(home: Path, event: str, **fields: object) -> bytes:
    """What the process of a hook asks the resident process."""
    header = {"event": event, "host": "claude-code", "limit_s": PATIENCE_S}
    body = json.dumps(fields).encode()
    reply = client.ask(str(home), "hook", header, body, timeout_s=PATIENCE_S)
    assert reply is not None
    return reply[1]


def burst(home: Path, name: str, project: Path, notes: Path, start: threading.Barrier) -> None:
    common = {"session_id": name, "cwd": str(project)}
    start.wait()
    began = time.monotonic()
    for number in range(WRITES):
        time.sleep(max(0.0, began + BURST_S * number / WRITES - time.monotonic()))
        path = notes / f"note-{number % FILES:02}.md"
        temporary = path.with_suffix(f".{name}")
        temporary.write_text(f"# {path.stem}\n\nThe word is {name}x{number}.\n", encoding="utf-8")
        os.replace(temporary, path)
        used = {"tool_name": "Write", "tool_input": {"file_path": str(path)}}
        assert hook(home, "tool-used", **common, **used) == b""
    assert hook(home, "stop", **common) == b""


def test_each_note_of_a_burst_is_indexed_once_or_twice_and_found_as_it_is(
    memory: Memory, home: Path, project: Path, notes: Path
) -> None:
    files = [write(notes, f"note-{number:02}.md", "# Before\n") for number in range(FILES)]
    memory.index(notes)
    db = sqlite3.connect(home / "index.db", isolation_level=None)
    db.executescript(COUNT)
    start = threading.Barrier(SESSIONS)
    pid = client.start(str(home))
    assert pid is not None
    connection = client.wait_until_started(str(home), pid, PATIENCE_S)
    assert connection is not None
    connection.close()

    writers = [
        threading.Thread(target=burst, args=(home, f"session{number}", project, notes, start))
        for number in range(SESSIONS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(PATIENCE_S)
    # The resident process drains what is quiet by itself.
    end = time.monotonic() + PATIENCE_S
    while memory.queue_status().depth and time.monotonic() < end:
        time.sleep(0.1)
    assert memory.queue_status().depth == 0
    counted = Counter(path for (path,) in db.execute("SELECT path FROM indexed"))
    assert set(counted) == {str(file) for file in files}
    assert max(counted.values()) <= 2
    for file in files:
        word = file.read_text(encoding="utf-8").split()[-1].rstrip(".")
        assert memory.search(word)[0].path == str(file)
    db.close()
