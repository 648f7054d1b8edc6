"""Die before each system call of a restoration, and look at what is left. A program of its own.

    python -m snapshots.die_at_steps FOLDER

It forks, which a test that has threads must not. It prints how often it died.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

from vault.steps import before_step

from .cases import check, start

DIED = 9


def die_at(step: int, folder: Path) -> bool:
    """Whether it died; a restoration with fewer steps than this one finishes."""
    snapshots, snapshot_id = start(folder)
    child = os.fork()
    if not child:
        with before_step(step, lambda: os._exit(DIED)):
            snapshots.restore(snapshot_id)
        os._exit(0)
    died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert died in (0, DIED), died
    check(snapshots, folder / "root")
    return died == DIED


def main(folder: Path) -> None:
    os.fsync = lambda _: None  # a process that dies leaves the disk as it is
    for step in itertools.count(1):
        if not die_at(step, folder / str(step)):
            break
    print(step - 1)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
