"""One session that writes notes in a burst: `burst_session.py HOME PROJECT NOTES NAME`.

The sessions `c` and `d` call hooks as processes, the others answer them in this process. In the end it
prints which notes it has indexed.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn.hosts import events
from memcairn.memory import Memory
from support import PROGRAM

if TYPE_CHECKING:
    from memcairn.indexing.report import IndexReport

FILES, WRITES, BURST_S = 20, 50, 2.5

_, home, project, notes, name = sys.argv
common = {"session_id": name, "cwd": project}
indexed: list[str] = []


class Counting(Memory):
    """A memory that tells what its drains indexed."""

    def drain(
        self,
        window: float | None = None,
        *,
        limit: int | None = None,
        deadline: float | None = None,
    ) -> IndexReport:
        report = super().drain(window, limit=limit, deadline=deadline)
        indexed.extend(report.indexed)
        return report


def hook(memory: Memory, event: str, **fields: object) -> None:
    content = json.dumps(common | fields).encode()
    if name in "cd":
        command = [*PROGRAM, "hook", event, "--host", "claude-code"]
        subprocess.run(command, input=content, check=True)
    else:
        deadline = time.monotonic() + 20
        assert events.answer(memory, event, "claude-code", content, deadline) == (name, "", "")


with Counting(home) as memory:
    hook(memory, "stop")
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    random.seed(name)
    began = time.monotonic()
    for number in range(WRITES):
        time.sleep(max(0.0, began + BURST_S * number / WRITES - time.monotonic()))
        path = Path(notes, f"note-{random.randrange(FILES):02}.md")
        temporary = path.with_suffix(f".{name}")
        temporary.write_text(
            f"# {path.stem}\n\nWritten as word{name}x{number}.\n", encoding="utf-8"
        )
        os.replace(temporary, path)
        hook(memory, "tool-used", tool_name="Write", tool_input={"file_path": str(path)})
    hook(memory, "stop")
    print("written", flush=True)  # noqa: T201
    sys.stdin.readline()
    memory.drain(0.0)
    print(json.dumps(indexed), flush=True)  # noqa: T201
