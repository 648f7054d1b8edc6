"""Histories of processes that die, and of several at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from memcairn.history import open_history

from .die_at_steps import CASES

TESTS = Path(__file__).parents[1]
KINDS = ("journal", "git") if shutil.which("git") else ("journal",)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kind", KINDS)
def test_a_process_that_dies_at_any_step_loses_nothing(kind: str, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "history.die_at_steps", str(tmp_path), kind]

    done = subprocess.run(program, cwd=TESTS, capture_output=True, encoding="utf-8", check=False)

    assert done.returncode == 0, done.stderr
    deaths = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert set(deaths) == set(CASES)
    assert all(int(count) >= 20 for count in deaths.values()), deaths


@pytest.mark.parametrize("kind", KINDS)
def test_what_killed_processes_wrote_is_in_the_history(kind: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    program = [sys.executable, "-m", "history.writer", str(root), str(tmp_path)]
    writers = [
        subprocess.Popen(
            [*program, name, kind], cwd=TESTS, stdout=subprocess.PIPE, encoding="utf-8"
        )
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

    history = open_history(tmp_path / "history", root, kind=kind)
    history.keep(["a.md"])
    revisions = history.log(1_000_000)
    texts = {history.content("a.md", revision.id) for revision in revisions}
    assert {text.encode() for text in written} <= texts
    newest = history.content("a.md", revisions[0].id)
    assert newest == (root / "a.md").read_bytes()
    history.close()


@pytest.mark.skipif("git" not in KINDS, reason="needs git")
def test_threads_and_processes_that_begin_a_git_history_at_once_all_commit(tmp_path: Path) -> None:
    threads, rounds = 3, [f"round-{n}" for n in range(6)]
    for name in rounds:
        (tmp_path / name / "root").mkdir(parents=True)
        for n in range(threads):
            (tmp_path / name / "root" / f"{n}.md").write_text(str(n), encoding="utf-8")
    program = [sys.executable, "-m", "history.first_commit", str(tmp_path), str(threads)]
    processes = [
        subprocess.Popen(
            program, cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        for _ in range(3)
    ]

    failures = []
    for name in rounds:
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(f"{name}\n")
            process.stdin.flush()
        for process in processes:
            assert process.stdout is not None
            failures.append(process.stdout.readline().strip())
    for process in processes:
        process.communicate()

    assert failures == [""] * len(failures)
    for name in rounds:
        folder = tmp_path / name / "history"
        done = subprocess.run(
            ["git", f"--git-dir={folder / 'git'}", "ls-tree", "-r", "--name-only", "main"],
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        assert done.stdout.split() == [f"{n}.md" for n in range(threads)]
        assert {path.name for path in folder.glob("git*")} == {"git"}
