"""Die before each step of an update of MEMORY.md, and look at what is left. A program of its own.

It forks, which a test that has threads must not. A step is a call that changes a file, or a statement
that changes index.db. It prints how often it died.
"""

import itertools
import os
import shutil
import sqlite3
import sys
import time
from pathlib import Path

from roots_on_disk import SMALL, index_files, is_whole, make_root, rebuilt, write

DIED = 9
WRITTEN = time.time()  # at every attempt, so that each comes to the same end
CALLS = ("replace", "unlink", "mkdir", "rmdir", "fsync", "fdopen")
CHANGES = ("BEGIN IMMEDIATE", "COMMIT", "INSERT", "UPDATE", "DELETE")


class Countdown:
    def __init__(self, steps):
        self.left = steps

    def step(self):
        self.left -= 1
        if self.left == 0:
            os._exit(DIED)

    def before(self, call):
        def wrapped(*arguments, **keywords):
            self.step()
            return call(*arguments, **keywords)

        return wrapped

    def statement(self, sql):
        if sql.lstrip().startswith(CHANGES):
            self.step()


def update_and_die(root, steps):
    """Change two notes, and die before this step of what follows."""
    from memcairn import Memory

    for path, title in ("a/note-0.md", "Another title"), ("new/one.md", "Quite new"):
        os.utime(write(root, path, title, "Text."), (WRITTEN, WRITTEN))
    (root / "b" / "note-1.md").unlink()
    countdown = Countdown(steps)
    for name in CALLS:
        setattr(os, name, countdown.before(getattr(os, name)))
    with Memory() as memory:
        memory.engine.databases.opened().db.connection.set_trace_callback(countdown.statement)
        memory.index(root)


def main(folder):
    real_fsync = os.fsync
    os.fsync = lambda _: None  # a process that dies leaves the disk as it is
    os.environ.update(SMALL)
    os.environ["MEMCAIRN_HOME"] = str(folder / "home")
    root = make_root(folder / "notes", 30)
    shutil.copytree(folder / "home", folder / "home-before")
    shutil.copytree(root, folder / "notes-before")
    before = index_files(root)
    after = None
    os.fsync = real_fsync
    for steps in itertools.count(1):
        for name in ("home", "notes"):
            shutil.rmtree(folder / name)
            shutil.copytree(folder / f"{name}-before", folder / name)
        child = os.fork()
        if not child:
            os.fsync = lambda _: None
            update_and_die(root, steps)
            os._exit(0)
        died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert died in (0, DIED), died
        os.fsync = lambda _: None
        left = index_files(root)
        if after is None:
            after = rebuilt_after(root, folder)
        for path, data in left.items():
            assert data in (before.get(path), after.get(path)), (steps, path, data)
        assert is_whole(left["MEMORY.md"], 14, 2200)
        mend(root)
        assert index_files(root) == after, steps
        if not died:
            break
    sys.stdout.write(f"{steps - 1}\n")


def rebuilt_after(root, folder):
    return rebuilt(root, folder / "scratch")


def mend(root):
    from memcairn import Memory

    with Memory() as memory:
        memory.index(root)
        found = memory.check_memory_md(root)
        assert found == [], found


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except sqlite3.Error as error:
        sys.exit(f"{error!r}")
