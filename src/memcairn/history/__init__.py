"""Earlier states of a root's files: a log of changes, and the way back to any state that is kept.

    with history.recording("edit", ["notes/plan.md"], session=id):
        vault.edit("notes/plan.md", old, new)
    history.log(path="notes/plan.md") ──► revisions ──content──► the bytes to write back

Content is what the files held, never what a tool meant to write. docs/decisions/history.md says
what a change costs, and what is still possible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.errors import ConfigError
from memcairn.history.journal import Journal
from memcairn.history.values import FOUND, Bounds, FileChange, History, Recording, Revision

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FOUND", "Bounds", "FileChange", "History", "Recording", "Revision", "open_history"]


def open_history(
    folder: Path, root: Path, *, kind: str = "journal", bounds: Bounds | None = None
) -> History:
    """The history of a root. Nothing is opened or made before it is used.

    Args:
        folder: where it is kept: a folder of this root's own in the home.
        root: the root.
        kind: "journal" keeps what `bounds` allow; "git" also commits every revision to a
            repository of its own, for ever.
        bounds: of the journal.

    Raises:
        ConfigError: there is no such kind.
    """
    if kind == "git":
        from memcairn.history.git import GitHistory  # noqa: PLC0415 - few have it

        return GitHistory(folder, root, bounds=bounds)
    if kind != "journal":
        raise ConfigError(
            f'history.kind is "{kind}", but a value like "journal" or "git" is needed'
        )
    return Journal(folder, root, bounds=bounds)
