"""Killed between any two system calls that change files, an update leaves whole files, old or new.

strace kills a process before one of its calls. Some of the calls are tried here; all of them with
KILL_AT_EACH=1 in the environment.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from roots_on_disk import SMALL, index_files, is_whole, make_root, rebuilt, write
from update_once import MARKER

from memcairn import Memory

PROGRAM = Path(__file__).with_name("update_once.py")
CALLS = (
    "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,"
    "mkdir,mkdirat,rmdir,ftruncate,link,linkat"
)
# strace may not know each of them on this machine; `?` lets it pass over those.
TRACE = "trace=" + ",".join(f"?{call}" for call in CALLS.split(","))
CALL = re.compile(r"(?P<pid>\d+) +(?P<name>\w+)\((?P<rest>.*)")
OPENED_TO_WRITE = ("O_WRONLY", "O_RDWR", "O_CREAT")
TRIED = 18
CHANGED = time.time()


def traced(log: Path, root: Path, *options: str) -> int:
    """Run the update under strace; returns what it ended with."""
    command = ["strace", "-f", "-qq", "-o", str(log), "-e", TRACE, *options]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, sys.executable, str(PROGRAM), str(root)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), done.stderr
    return done.returncode


def calls_of_the_update(log: Path) -> list[tuple[str, int]]:
    """The calls after the marker that change a file: each name, and how many of it there were by then.

    strace counts the calls of each name, from the start of the process.
    """
    seen: Counter[str] = Counter()
    found = []
    begun = False
    process = None
    for line in log.read_text(errors="replace").splitlines():
        call = CALL.match(line)
        if call is None:
            continue
        process = process or call["pid"]
        assert call["pid"] == process, "more than one thread: calls cannot be numbered"
        seen[call["name"]] += 1
        begun = begun or MARKER in call["rest"]
        reads = call["name"] == "openat" and not any(o in call["rest"] for o in OPENED_TO_WRITE)
        if begun and not reads:
            found.append((call["name"], seen[call["name"]]))
    return found


def needs_strace(folder: Path) -> None:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed; it is what kills between two system calls")
    tried = subprocess.run(
        ["strace", "-f", "-o", str(folder / "log"), "-e", TRACE, sys.executable, "-c", ""],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"strace may not trace here: {tried.stderr.strip()[:200]}")


def test_killed_between_two_system_calls_leaves_old_or_new_and_the_next_update_completes(
    tmp_path, home, monkeypatch
):
    needs_strace(tmp_path)
    for name, value in SMALL.items():
        monkeypatch.setenv(name, value)
    root = make_root(tmp_path / "notes", 30)
    before = index_files(root)
    for path, title in ("a/note-0.md", "Another title"), ("new/one.md", "Quite new"):
        os.utime(write(root, path, title, "Text."), (CHANGED, CHANGED))
    (root / "b" / "note-1.md").unlink()
    after = rebuilt(root, tmp_path / "scratch")
    assert before != after
    kept = [(folder, tmp_path / f"{folder.name}-before") for folder in (home, root)]
    for folder, copy in kept:
        shutil.copytree(folder, copy)

    def put_back() -> None:
        for folder, copy in kept:
            shutil.rmtree(folder)
            shutil.copytree(copy, folder)

    log = tmp_path / "calls"
    put_back()  # copies, as below: what is read anew depends on it
    assert traced(log, root) == 0
    assert index_files(root) == after
    calls = calls_of_the_update(log)
    assert {"pwrite64", "fsync"} <= {name for name, _ in calls}
    step = 1 if "KILL_AT_EACH" in os.environ else max(1, len(calls) // TRIED)
    killed = old = new = 0
    for name, number in calls[::step]:
        put_back()
        # SQLite may write a page more or less than the first time: the last calls may not come.
        killed += bool(traced(log, root, "-e", f"inject={name}:signal=SIGKILL:when={number}"))
        left = index_files(root)
        for path in before.keys() & after.keys():
            assert left[path] in (before[path], after[path]), (name, number, path)
        for path in left.keys() - (before.keys() & after.keys()):
            assert left[path] in (before.get(path), after.get(path)), (name, number, path)
        assert is_whole(left["MEMORY.md"], 14, 2200)
        old += left["MEMORY.md"] == before["MEMORY.md"]
        new += left["MEMORY.md"] == after["MEMORY.md"]
        db = sqlite3.connect(home / "index.db")
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], (name, number)
        db.close()
        with Memory() as memory:
            memory.index(root)
            assert memory.check_memory_md(root) == [], (name, number)
        assert index_files(root) == after, (name, number)
    assert killed >= len(calls[::step]) - 2
    assert old, "never died before MEMORY.md was replaced"
    assert new, "never died after MEMORY.md was replaced"
