"""Machines for the tests of sync: each has its own home and its own checkout of one scope."""

from __future__ import annotations

import subprocess
import threading
import time
from typing import TYPE_CHECKING

from memcairn import Memory
from memcairn.root.inbox import CONFLICT
from memcairn.root.review import proposals
from memcairn.sync import checkout, merge, synchronize

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence
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


NAMES = (
    "a.md",
    "b.md",
    "B.md",
    "sub/a.md",
    "Sub/a.md",
    "sub/pic.png",
    "win.md",
    "\u00fc.md",
    "lines.md",
)


class Edits:
    """Random edits; each leaves a token, by which what is lost can be found."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._written: set[bytes] = set()

    def edit(self, machine: Machine) -> None:
        """Write, change, rename or remove one file."""
        name = self._chance.choice(NAMES)
        file = machine.root / name
        token = b"t%d;" % self._chance.getrandbits(64)
        kind = self._chance.choice(("write", "write", "append", "line", "rename", "case", "remove"))
        newline = b"\r\n" if name.startswith("win") else b"\n"
        if kind == "write" or not file.exists():
            content = b"\x00\xff" if name.endswith("png") else b"# Note" + newline
            machine.write(name, content + token + newline + b"the last line" + newline)
            self._written.add(token)
        elif kind == "append":
            file.write_bytes(file.read_bytes() + token + newline)
            self._written.add(token)
        elif kind == "line":
            lines = file.read_bytes().split(newline)
            lines[len(lines) // 2] = token
            file.write_bytes(newline.join(lines))
            self._written.add(token)
        elif kind == "rename":
            file.rename(file.with_name(f"r{self._chance.randrange(3)}-{file.name}"))
        elif kind == "case":
            file.rename(file.with_name(file.name.swapcase()))
        else:
            file.unlink()

    def present(self, machines: Sequence[Machine]) -> set[bytes]:
        """The tokens that are in a file of a machine."""
        contents = [content for machine in machines for content in machine.files().values()]
        return {token for token in self._written if any(token in one for one in contents)}


def problems(machines: Sequence[Machine], tokens: set[bytes]) -> list[str]:
    """What is wrong after everyone has synchronized twice.

    A token that was in a file before is in a file now, or a later edit of another machine replaced it; then
    it is in the history of the repository.
    """
    contents = [machine.files() for machine in machines]
    found = [
        f"machine {number} differs from the first: {sorted(contents[0].items() ^ content.items())[:4]}"
        for number, content in enumerate(contents)
        if content != contents[0]
    ]
    everything = b"\n".join(contents[0].values())
    found += ["a conflict marker"] if b"<<<<<<<" in everything else []
    log = machines[0].repository.run("log", "-p", "-m", "--text", "--format=", "HEAD")
    lost = [token for token in tokens if token not in everything and token not in log]
    found += [f"lost: {lost}"] if lost else []
    beside = {name for name in contents[0] if merge.CONFLICT.search(name)}
    for machine in machines:
        root = machine.memory.open_root(machine.root)
        waiting = {path for one in proposals(root) if one.kind == CONFLICT for path in one.paths}
        root.close()
        if not beside <= waiting:
            found.append(f"conflicts that are not in the inbox: {sorted(beside - waiting)}")
    return found
