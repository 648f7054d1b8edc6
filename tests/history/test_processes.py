"""Histories of processes that die, and of several at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from memcairn.history import Journal

from .die_at_steps import CASES

TESTS = Path(__file__).parents[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_that_dies_at_any_step_loses_nothing(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "history.die_at_steps", str(tmp_path)]

    done = subprocess.run(program, cwd=TESTS, capture_output=True, encoding="utf-8", check=False)

    assert done.returncode == 0, done.stderr
    deaths = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert set(deaths) == set(CASES)
    assert all(int(count) >= 20 for count in deaths.values()), deaths


def test_what_killed_processes_wrote_is_in_the_history(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    program = [sys.executable, "-m", "history.writer", str(root), str(tmp_path)]
    writers = [
        subprocess.Popen([*program, name], cwd=TESTS, stdout=subprocess.PIPE, encoding="utf-8")
        for name in "xyz"
    ]
    written = []
    for writer in writers:
        assert writer.stdout is not None
        written += [writer.stdout.readline().strip() for _ in range(15)]
    for writer in writers:
        writer.kill()
    for writer in writers:
        assert writer.stdout is not None
        # The last line may be a part of one.
        written += [line.strip() for line in writer.stdout.readlines() if line.endswith("\n")]
        writer.wait()
        writer.stdout.close()

    history = Journal(tmp_path / "history", root)
    history.keep(["a.md"])
    revisions = history.log(1_000_000)
    texts = {history.content("a.md", revision.id) for revision in revisions}
    assert {text.encode() for text in written} <= texts
    newest = history.content("a.md", revisions[0].id)
    assert newest == (root / "a.md").read_bytes()
    history.close()
