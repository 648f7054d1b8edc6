"""Look at earlier states of a root's files, and go back to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.errors import NoteMissing, NoteUnreadable, UsageError
from memcairn.fs.names import parts

if TYPE_CHECKING:
    from memcairn.root.open_root import OpenRoot
    from memcairn.vault.diff import Diff

_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Reverted:
    """A file that is as it was after a revision, or before its last change.

    Attributes:
        sha256: of what it holds now; None if there was no such file then, so that it was removed.
    """

    path: str
    sha256: str | None = None


def text_at(root: OpenRoot, path: str, revision: int) -> str:
    """What a file held right after a revision.

    Raises:
        NoteMissing: there was no such file then.
        NoteUnreadable: it was not UTF-8, or is not known.
        UsageError: there is no such revision, or it is not kept any more.
    """
    content = root.history.content(path, revision)
    if content is None:
        raise NoteMissing(f"did not exist after revision {revision}", path=path)
    return _decoded(content, path)


def diff(root: OpenRoot, path: str, revision: int | None = None) -> Diff:
    """How a file has changed since a revision; without one, its last change."""
    if revision is None:
        content = _before_last_change(root, path)
        before = "" if content is None else _decoded(content, path)
        return root.vault.diff_text(before, path, name=f"{path} (before its last change)")
    before = text_at(root, path, revision)
    return root.vault.diff_text(before, path, name=f"{path} (revision {revision})")


def revert(root: OpenRoot, path: str, revision: int | None = None) -> Reverted:
    """Make a file what it was right after a revision; without one, undo its last change.

    The state now is kept, so that this can be undone in the same way.

    Raises:
        UsageError: nothing is known of the file, or of the revision.
    """
    content = (
        _before_last_change(root, path)
        if revision is None
        else root.history.content(path, revision)
    )
    if content is None:
        with root.recording("revert", path):
            root.vault.remove(path)
        root.index([path])
        return Reverted(path)
    text = _decoded(content, path)
    with root.recording("revert", path):
        written = root.vault.write(path, text, overwrite=True)
    root.index(written.changed)
    return Reverted(written.path, written.sha256)


def _before_last_change(root: OpenRoot, path: str) -> bytes | None:
    # What was changed by another program since is a change, too.
    root.history.keep([path])
    name = "/".join(parts(path))
    for revision in root.history.log(_LOOKED_AT, path=path):
        before = root.history.before(revision.id)
        if name in before:  # else it had another name then
            return before[name]
    raise UsageError("has no earlier state that is known", path=path)


def _decoded(content: bytes, path: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise NoteUnreadable("was not UTF-8 text then", path=path) from error
