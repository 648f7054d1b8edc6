"""Die before each system call and each SQL statement of a recorded change. A program of its own.

    python -m history.die_at_steps FOLDER

It forks, which a test that has threads must not. It prints each case and how often it died.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memcairn.history import Bounds, Journal, database
from memcairn.vault import Vault
from vault.steps import before_step

if TYPE_CHECKING:
    from collections.abc import Callable

DIED = 9
TEXTS = {"a.md": "one", "f/b.md": "two", "f/c.md": "three"}


def edit(history: Journal, vault: Vault) -> None:
    with history.recording("edit", ["a.md"]):
        vault.edit("a.md", "one", "new")


def overwrite_what_is_not_known(history: Journal, vault: Vault) -> None:
    with history.recording("write", ["f/b.md"]):
        vault.write("f/b.md", "new", overwrite=True)


def remove(history: Journal, vault: Vault) -> None:
    with history.recording("remove", ["f"]):
        vault.remove("f", recursive=True)


def move(history: Journal, vault: Vault) -> None:
    with history.recording("move", ["f"]) as recording:
        recording.created(vault.move("f", "g").changed)


CASES: dict[str, Callable[[Journal, Vault], None]] = {
    "edit": edit,
    "overwrite what is not known": overwrite_what_is_not_known,
    "remove": remove,
    "move": move,
}


class Stepping(sqlite3.Connection):
    """A connection that counts its statements as steps."""

    step: Callable[[], None] = staticmethod(lambda: None)

    def execute(self, *args: Any) -> sqlite3.Cursor:
        type(self).step()
        return super().execute(*args)

    def executemany(self, *args: Any) -> sqlite3.Cursor:
        type(self).step()
        return super().executemany(*args)


def die_at(step: int, case: Callable[[Journal, Vault], None], folder: Path) -> bool:
    """Whether it died; a case with fewer steps than this one finishes."""
    root = folder / "root"
    root.mkdir(parents=True)
    vault = Vault(root, trash=folder / "trash")
    for path, text in TEXTS.items():
        vault.write(path, text)
    # Full from the start, with what nobody asks for any more.
    bounds = Bounds(max_revisions=5)

    def opened() -> Journal:
        return Journal(folder / "history", root, bounds=bounds)

    history = opened()
    for text in ("1", "2", "3"):
        vault.write("dropped.md", text, overwrite=True)
        history.keep(["dropped.md"])
    (root / "dropped.md").unlink()
    for path in ("a.md", "f/c.md"):
        history.keep([path])
    history.close()
    child = os.fork()
    if not child:
        history = opened()
        with before_step(step, lambda: os._exit(DIED)) as counter:
            Stepping.step = counter.step
            case(history, vault)
            Stepping.step = staticmethod(lambda: None)
        history.close()
        os._exit(0)
    died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert died in (0, DIED), died
    check(opened(), root, died=died == DIED)
    return died == DIED


def check(history: Journal, root: Path, *, died: bool) -> None:
    history.keep([""])
    revisions = history.log()
    on_disk = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*.md")
        if not any(part.startswith(".memcairn-") for part in path.parts)
    }
    # What is there is known, and what was there can be had.
    for path, content in on_disk.items():
        assert history.content(path, revisions[0].id) == content, path
    had: dict[str, set[bytes | None]] = {}
    for revision in revisions:
        for path, content in history.before(revision.id).items():
            had.setdefault(path, set()).update((content, history.content(path, revision.id)))
    for path, text in TEXTS.items():
        if on_disk.get(path) != text.encode():
            assert text.encode() in had[path], (path, died, revisions)
    history.close()
    for file in root.parent.rglob("history.db"):
        db = sqlite3.connect(file)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        counted = "SELECT stored_bytes FROM total"
        real = "SELECT SUM(LENGTH(deflated)) FROM data JOIN content USING (id)"
        assert db.execute(counted).fetchone() == db.execute(real).fetchone()
        db.close()


def main(folder: Path) -> None:
    os.fsync = lambda _: None  # a process that dies leaves the disk as it is
    database.SYNCHRONOUS = "OFF"
    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **kwargs: connect(*args, factory=Stepping, **kwargs)
    for number, (name, case) in enumerate(CASES.items()):
        # Most steps are the same in each case.
        stride = (1, 2, 3, 3)[number]
        for step in itertools.count(1, stride):
            if not die_at(step, case, folder / f"{number}-{step}"):
                break
        print(name, step - 1)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
