"""A program that dies before each system call and SQL statement of a restoration, and checks what is left.

    python -m history.die_at_restore_steps FOLDER

It forks, which a test with threads must not do. It prints how often it died.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import sys
from pathlib import Path

from memcairn.history import database
from vault.steps import before_step

from .die_at_steps import DIED, Stepping
from .restoration_cases import check, start


def die_at(step: int, folder: Path) -> bool:
    """Whether it died; a restoration with fewer steps than this one finishes."""
    snapshots, snapshot_id = start(folder)
    child = os.fork()
    if not child:
        with before_step(step, lambda: os._exit(DIED)) as counter:
            Stepping.step = counter.step
            snapshots.restore(snapshot_id)
        os._exit(0)
    died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert died in (0, DIED), died
    check(snapshots, folder / "root")
    return died == DIED


def main(folder: Path) -> None:
    os.fsync = lambda _: None  # a process that dies leaves the disk as it is
    database.SYNCHRONOUS = "OFF"
    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **kwargs: connect(*args, factory=Stepping, **kwargs)
    for step in itertools.count(1):
        if not die_at(step, folder / str(step)):
            break
    print(step - 1)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
