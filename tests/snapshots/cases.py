"""A restoration that changes, adds and removes: what is before it, and what must be after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.snapshots import Snapshots

if TYPE_CHECKING:
    from pathlib import Path

State = dict[str, bytes]

TARGET: State = {"a.md": b"one", "f/b.md": b"two", "same.md": b"same", "x": b"a file"}
BEFORE: State = {"a.md": b"1", "new/c.md": b"3", "same.md": b"same", "x/y.md": b"in a folder"}


def notes(root: Path) -> State:
    """All files, but for the hidden rests of what died."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(".memcairn-")
    }


def fill(root: Path, state: State) -> None:
    for path, content in state.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def start(folder: Path) -> tuple[Snapshots, str]:
    """A root with the state before, and a snapshot of the target."""
    root = folder / "root"
    root.mkdir(parents=True)
    snapshots = Snapshots(folder / "shelf", root)
    fill(root, TARGET)
    snapshot = snapshots.create()
    for path in TARGET:
        (root / path).unlink()
    (root / "f").rmdir()
    fill(root, BEFORE)
    return snapshots, snapshot.id


def check(snapshots: Snapshots, root: Path) -> None:
    """After a restoration that was broken off: the next call ends it, and it can be undone."""
    half = notes(root)
    completed = snapshots.complete()
    assert notes(root) == (TARGET if completed else half)
    assert half in (BEFORE, TARGET) or completed, half
    assert completed is None or completed.failed == {}
    assert snapshots.complete() is None
    way_back = [s for s in snapshots.list() if s.before_restoring]
    if half != BEFORE or completed:
        snapshots.restore(way_back[0].id)
        assert notes(root) == BEFORE
