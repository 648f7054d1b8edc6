"""`memcairn index PATH` of a root, without click and `Memory`, which take long to load."""

from __future__ import annotations

import os
import sys

from memcairn import paths
from memcairn.cli import behind, report_text
from memcairn.cli.text import STOPPED, write
from memcairn.errors import MemcairnError
from memcairn.indexing.indexer import Indexer
from memcairn.memory_md import current
from memcairn.settings import config
from memcairn.sqlite import SQLiteError
from memcairn.store import roots
from memcairn.store.database import Database

__all__ = ["STOPPED", "run"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.indexing.report import IndexReport


def run(given: str) -> int | None:
    """Index a path; returns the exit code, or None if click has to do it, to tell an error.

    What was done by then is found done.
    """
    path = paths.real(given)
    try:
        code = _index_root(path)
        return _index(path) if code is None else code
    except (MemcairnError, SQLiteError):
        return None


def _index_root(path: str) -> int | None:
    """Index a folder that is a root; None if it is not one."""
    home, settings = paths.home(), config.load()
    file = os.path.join(home, "index.db")
    if not os.path.isdir(path) or not os.path.exists(file):
        return None
    db = Database(file)
    if all(root.path != path for root in roots.roots(db)):
        db.close()
        return None
    report = Indexer(db, settings).index(path)
    waiting = behind.embed(home)
    notices: list[str] = []
    current.bring_up_to_date(db, settings, home, notices)
    _tell(notices)
    return _tell_report(report, waiting)


def _index(path: str) -> int:
    from memcairn.memory import Memory  # noqa: PLC0415 - takes as long to load as all the above

    with Memory() as memory:
        report = memory.index(path, embed=False)
        waiting = memory.embed_in_background()
    _tell(memory.notices)
    return _tell_report(report, waiting)


def _tell_report(report: IndexReport, waiting: int) -> int:
    write(report_text.as_text(report, waiting))
    _tell(report_text.failures(report))
    return 0 if report.is_whole else 1


def _tell(lines: Sequence[str]) -> None:
    for line in lines:
        sys.stderr.write(f"memcairn: {line}\n")
