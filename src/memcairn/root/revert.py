"""Compare a root's files with earlier states, and restore them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.errors import NoteChanged, NoteMissing, NoteUnreadable, UsageError
from memcairn.fs.names import parts

if TYPE_CHECKING:
    from memcairn.history import Revision
    from memcairn.root.open_root import OpenRoot
    from memcairn.vault.diff import Diff

_MAX_REVISIONS = 50
# The last change of these tools may concern several files, such as a new name and the links to it.
_WHOLE = frozenset(("observe", "review"))


@dataclass(frozen=True, slots=True)
class Reverted:
    """A file that was restored to an earlier state.

    Attributes:
        sha256: of the restored content; None if the file did not exist then and was removed.
    """

    path: str
    sha256: str | None = None


def text_at(root: OpenRoot, path: str, revision: int) -> str:
    """The text of a file right after a revision.

    Raises:
        NoteMissing: the file did not exist then.
        NoteUnreadable: the content was not UTF-8, or was not recorded.
        UsageError: there is no such revision, or it was pruned.
    """
    content = root.history.content(path, revision)
    if content is None:
        raise NoteMissing(f"did not exist after revision {revision}", path=path)
    return _decoded(content, path)


def diff(root: OpenRoot, path: str, revision: int | None = None) -> Diff:
    """The changes of a file since a revision; without one, its last change."""
    if revision is None:
        content = _before_last_change(root, path)
        before = "" if content is None else _decoded(content, path)
        return root.vault.diff_text(before, path, name=f"{path} (before its last change)")
    before = text_at(root, path, revision)
    return root.vault.diff_text(before, path, name=f"{path} (revision {revision})")


def revert(root: OpenRoot, path: str, revision: int | None = None) -> Reverted:
    """Restore a file to its state right after a revision; without one, undo its last change.

    The current state is recorded first, so this can be undone in the same way. A correction and a decision
    of a review are undone as a whole: old name and links come back.

    Raises:
        UsageError: the history does not know the file or the revision.
    """
    if revision is None and (whole := _last_whole_revision(root, path)) is not None:
        undo(root, whole.id)
        (restored,) = [c.path for c in whole.changes if c.kind == "removed"][:1] or [path]
        now = _now(root, restored)
        return Reverted(restored, None if now is None else hashlib.sha256(now).hexdigest())
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


def undo(root: OpenRoot, revision: int) -> None:
    """Undo one revision: each of its files is what it was before; recorded as a revision itself.

    Raises:
        UsageError: there is no such revision, or it was pruned.
        NoteChanged: a file has changed since; nothing was undone.
    """
    before = root.history.before(revision)
    root.history.keep(list(before))
    for path in before:
        if root.history.content(path, revision) != _now(root, path):
            raise NoteChanged(
                "has changed since; nothing was undone",
                path=path,
                hint="`memcairn log` and `memcairn revert` restore one file",
            )
    with root.recording("undo", *before):
        for path, content in before.items():
            if content is not None:
                root.vault.write(path, content, overwrite=True)
            elif _now(root, path) is not None:
                root.vault.remove(path)
    root.index(before)


def _last_whole_revision(root: OpenRoot, path: str) -> Revision | None:
    """The last change of a file, if it is to be undone as a whole."""
    root.history.keep([path])
    last = next(iter(root.history.log(1, path=path)), None)
    is_whole = last is not None and last.tool in _WHOLE and len(last.changes) > 1
    return last if is_whole else None


def _now(root: OpenRoot, path: str) -> bytes | None:
    try:
        return root.vault.read_bytes(path)
    except NoteMissing:
        return None


def _before_last_change(root: OpenRoot, path: str) -> bytes | None:
    # A change by another program counts too.
    root.record_found(path)
    name = "/".join(parts(path))
    for revision in root.history.log(_MAX_REVISIONS, path=path):
        before = root.history.before(revision.id)
        if name in before:  # otherwise it had another name then
            return before[name]
    raise UsageError("has no recorded earlier state", path=path)


def _decoded(content: bytes, path: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise NoteUnreadable("was not UTF-8 text then", path=path) from error
