"""Die before each system call of each operation, and look at what is left. A program of its own.

    python -m vault.die_at_steps FOLDER near|far

It forks, which a test that has threads must not. It prints each case and how often it died.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

from memcairn.fs import sandbox
from memcairn.vault import Vault

from .cases import CASES, Case, check_nothing_is_lost, notes, start
from .steps import before_step, move_within_a_file_system

DIED = 9


def die_at(step: int, case: Case, folder: Path) -> bool:
    """Whether it died; a case with fewer steps than this one finishes."""
    root = folder / "root"
    root.mkdir(parents=True)
    start(root)
    vault = Vault(root, trash=folder / "trash")
    case.prepare(vault)
    before = notes(root)
    child = os.fork()
    if not child:
        with before_step(step, lambda: os._exit(DIED)):
            case.run(vault)
        os._exit(0)
    died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert died in (0, DIED), died
    check_nothing_is_lost(case, vault, root, before=before)
    return died == DIED


def main(folder: Path, trash: str) -> None:
    os.fsync = lambda _: None  # a process that dies leaves the disk as it is
    if trash == "far":
        sandbox.Folder.move = move_within_a_file_system
    for number, (name, case) in enumerate(CASES.items()):
        for step in itertools.count(1):
            if not die_at(step, case, folder / f"{number}-{step}"):
                break
        print(name, step - 1)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
