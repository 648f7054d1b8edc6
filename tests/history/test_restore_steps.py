"""Restorations that are interrupted: the process dies, the disk is full, or an editor changes notes."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from memcairn.errors import MemcairnError
from memcairn.history import Snapshots, restore
from memcairn.history.database import HistoryDatabase
from memcairn.vault import Vault
from vault.steps import before_step

from .restoration_cases import BEFORE, TARGET, check, notes, start


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_restoration_that_dies_at_any_step_is_completed(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "history.die_at_restore_steps", str(tmp_path)]

    done = subprocess.run(
        program, cwd=Path(__file__).parents[1], capture_output=True, encoding="utf-8", check=False
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES], ids=["full", "forbidden"])
def test_a_disk_that_fails_at_any_step_loses_nothing(code: int, tmp_path: Path) -> None:
    failures = 0

    def fail() -> None:
        raise OSError(code, os.strerror(code), "/secret/absolute/path")

    for step in itertools.count(1):
        folder = tmp_path / str(step)
        snapshots, snapshot_id = start(folder)
        failed: dict[str, str] = {}
        error = None
        with before_step(step, fail) as counter:
            try:
                failed = snapshots.restore(snapshot_id).failed
            except MemcairnError as raised:
                error = raised
        assert "absolute" not in str(error)
        failures += bool(failed or error)
        if failed:
            # Everything else is done, and what the system refused is reported.
            after = notes(folder / "root")
            wrong = {p for p in after | TARGET if after.get(p) != TARGET.get(p)}
            assert all(is_named(path, failed) for path in wrong), (wrong, failed)
            assert snapshots.complete() is None
        else:
            check(snapshots, folder / "root")
        if not counter.reached:
            break

    assert failures > 40


def is_named(path: str, failed: dict[str, str]) -> bool:
    """Whether it failed itself, or a folder above it, or what has its place as a folder."""
    return any(f"{path}/".startswith(f"{p}/") or p.startswith(f"{path}/") for p in failed)


def test_a_note_that_was_changed_since_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots, snapshot_id = start(tmp_path)
    root = tmp_path / "root"

    def die() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("memcairn.history.snapshots.apply", lambda *_: die())
        with pytest.raises(KeyboardInterrupt):
            snapshots.restore(snapshot_id)
    assert notes(root) == BEFORE
    (root / "a.md").write_bytes(b"written after the crash")
    (root / "new" / "c.md").write_bytes(b"this, too")

    completed = snapshots.complete()

    assert completed is not None
    assert set(completed.failed) == {"a.md", "new/c.md"}
    assert notes(root) == TARGET | {
        "a.md": b"written after the crash",
        "new/c.md": b"this, too",
    }
    assert completed.changed == ("f/b.md", "x", "x/y.md")


def test_a_restoration_whose_snapshot_is_damaged_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots, snapshot_id = start(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("memcairn.history.snapshots.apply", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            snapshots.restore(snapshot_id)
    with contextlib.closing(sqlite3.connect(tmp_path / "history" / "history.db")) as db, db:
        db.execute("UPDATE data SET deflated = x'00'")

    assert snapshots.complete() is None
    assert notes(tmp_path / "root") == BEFORE
    snapshots.create()


def test_a_note_that_is_changed_during_the_restoration_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots, snapshot_id = start(tmp_path)
    root = tmp_path / "root"
    apply = restore.apply

    def apply_late(*args: object) -> object:
        (root / "a.md").write_bytes(b"by an editor")
        (root / "f").mkdir()
        (root / "f" / "b.md").write_bytes(b"by an editor, too")
        return apply(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("memcairn.history.snapshots.apply", apply_late)

    restored = snapshots.restore(snapshot_id)

    assert set(restored.failed) == {"a.md", "f/b.md"}
    assert restored.changed == ("x", "new/c.md", "x/y.md")
    assert notes(root)["a.md"] == b"by an editor"
    assert notes(root)["f/b.md"] == b"by an editor, too"


def test_snapshots_are_whole_while_tools_write(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    vault = Vault(root, trash=tmp_path / "trash")
    vault.write("a.md", "moved back and forth")
    snapshots = Snapshots(HistoryDatabase(str(tmp_path / "history.db")), root, keep=100)
    over = threading.Event()

    def move() -> None:
        names = itertools.cycle(["a.md", "z.md"])
        here = next(names)
        while not over.is_set():
            there = next(names)
            vault.move(here, there)
            here = there

    mover = threading.Thread(target=move)
    mover.start()
    try:
        taken = [snapshots.create() for _ in range(20)]
    finally:
        over.set()
        mover.join()

    assert [snapshot.files for snapshot in taken] == [1] * 20
