"""Machines for the tests of sync: each has its own home and its own checkout of one scope."""

from __future__ import annotations

import subprocess
import threading
import time
from typing import TYPE_CHECKING

from memcairn import Memory
from memcairn.sync import checkout, synchronize

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from memcairn.settings.shared_scopes import SharedScope
    from memcairn.sync.git import Repository

GIT = (
    "git",
    "-c",
    "user.name=Ada",
    "-c",
    "user.email=ada@example.com",
    "-c",
    "init.defaultBranch=main",
)


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    """Run git as a person."""
    done = subprocess.run(
        [*GIT, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def bare(folder: Path) -> str:
    """The URL of a new bare repository."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    git(folder.parent, "init", "--quiet", "--bare", str(folder))
    return folder.as_uri()


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.05)


class Machine:
    """One machine: a home, and the checkout of a scope."""

    def __init__(self, folder: Path, url: str, *, root: Path | None = None) -> None:
        self.root = root or folder / "notes"
        self.root.mkdir(parents=True, exist_ok=True)
        self.memory = Memory(folder / "home", semantic=False)
        self.scope: SharedScope = synchronize.initialize(
            self.memory.engine, url, "team", "platform", str(self.root)
        )[0]

    @property
    def repository(self) -> Repository:
        """The repository of the scope."""
        return checkout.repository_of(self.scope, self.memory.home)

    def sync(self) -> synchronize.Synced:
        """Synchronize."""
        return synchronize.synchronize(self.memory.home, self.scope, lambda: self.memory.engine)

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a note as an editor does."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def files(self) -> dict[str, bytes]:
        """The files of the checkout that are synchronized."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and path.name != "MEMORY.md" and "index" not in path.parts
        }
