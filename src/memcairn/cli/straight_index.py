"""`memcairn index PATH`, without click: that nothing changed is told at once, all else by `Memory`."""

from __future__ import annotations

import os
import sys
import time

from memcairn import paths
from memcairn.cli import behind, report_text
from memcairn.cli.text import STOPPED, write
from memcairn.errors import MemcairnError
from memcairn.indexing import unchanged
from memcairn.memory_md import current
from memcairn.settings import config
from memcairn.sqlite import SQLiteError
from memcairn.store.database import Database

__all__ = ["STOPPED", "run"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def run(given: str) -> int | None:
    """Index a path; returns the exit code, or None if click has to do it, to tell an error.

    What was done by then is found done.
    """
    path = paths.real(given)
    try:
        code = _tell_unchanged(path)
        return _index(path) if code is None else code
    except (MemcairnError, SQLiteError):
        return None


def _tell_unchanged(path: str) -> int | None:
    """Tell that a folder holds what the index holds; None if it does not, or may not."""
    home, settings = paths.home(), config.load()
    file = os.path.join(home, "index.db")
    if not os.path.isdir(path) or not os.path.exists(file):
        return None
    started = time.perf_counter()
    db = Database(file)
    notes = unchanged.notes_of(db, settings, path)
    took_s = time.perf_counter() - started
    if notes is None:
        db.close()
        return None
    waiting = behind.embed(home)
    notices: list[str] = []
    current.bring_up_to_date(db, settings, home, notices)
    _tell(notices)
    write(report_text.unchanged(notes, took_s, waiting))
    return 0


def _index(path: str) -> int:
    from memcairn.memory import Memory  # noqa: PLC0415 - takes as long to load as all the above

    with Memory() as memory:
        report = memory.index(path, embed=False)
        waiting = memory.embed_in_background()
    _tell(memory.notices)
    write(report_text.as_text(report, waiting))
    _tell(report_text.failures(report))
    return 0 if report.is_whole else 1


def _tell(lines: Sequence[str]) -> None:
    for line in lines:
        sys.stderr.write(f"memcairn: {line}\n")
