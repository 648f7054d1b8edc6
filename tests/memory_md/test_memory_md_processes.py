"""Several processes change one root at once, and processes die: the file is whole, and becomes right."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from roots_on_disk import SMALL, index_files, make_root, rebuilt

from memcairn import Memory

HERE = Path(__file__).parent

WRITER = """
import random, sys, time
from pathlib import Path
from memcairn import Memory
from roots_on_disk import write
root, me, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
chance, end, count = random.Random(me), time.monotonic() + seconds, 0
with Memory() as memory:
    while time.monotonic() < end or count < 5:
        count += 1
        what = chance.randrange(5)
        mine = sorted((root / me).glob("*.md"))
        if what == 0 and mine:
            gone = chance.choice(mine)
            gone.unlink()
            memory.enqueue(gone)
            memory.flush()
        elif what == 1:
            memory.observe(f"{me} saw {count} {chance.random()} ways", root=root, new=True)
        elif what == 2 and mine:
            memory.pin(chance.choice(mine), pinned=chance.random() < 0.5)
        else:
            memory.index(write(root, f"{me}/{chance.randrange(30)}.md", f"T {me} {count}", "Text."))
    assert not memory.notices, memory.notices
print(count)
"""

READER = """
import json, sys
from pathlib import Path
from roots_on_disk import is_whole
root, reads, bad = Path(sys.argv[1]), 0, []
print("reading", flush=True)
while not (root.parent / "stop").exists():
    data = (root / "MEMORY.md").read_bytes()
    reads += 1
    if not is_whole(data, 14, 2200):
        bad.append(data.decode())
print(json.dumps([reads, bad]))
"""


def start(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        cwd=HERE,
        text=True,
    )


def test_many_processes_in_one_root(tmp_path, monkeypatch):
    for name, value in SMALL.items():
        monkeypatch.setenv(name, value)
    root = make_root(tmp_path / "notes", 20)
    reader = start(READER, root)
    assert reader.stdout.readline() == "reading\n"
    writers = [start(WRITER, root, f"w{number}", 3) for number in range(16)]
    counts = [int(writer.communicate(timeout=250)[0]) for writer in writers]
    (tmp_path / "stop").touch()
    reads, bad = json.loads(reader.communicate(timeout=60)[0])
    assert all(writer.returncode == 0 for writer in writers)
    assert min(counts) >= 5
    assert reads > 20
    assert bad == []
    files = index_files(root)
    everything = b"".join(files.values()).decode()
    notes = [f for f in root.rglob("*.md") if f.name != "MEMORY.md" and f.parent.name != "index"]
    assert [note for note in notes if f"{note.name})" not in everything] == []
    assert rebuilt(root, tmp_path / "scratch") == files
    with Memory() as memory:
        assert memory.check_memory_md(root) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_dying_at_any_step_leaves_whole_files_and_the_next_update_completes(tmp_path):
    done = subprocess.run(
        [sys.executable, "die_in_an_update.py", str(tmp_path / "steps")],
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) > 30, "hardly ever died: the test tests nothing"
