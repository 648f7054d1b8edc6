"""The trash: removed notes can be restored until they are purged.

    <trash>/<id>/entry.json     path, time, size and hash of every file
    <trash>/<id>/content        the file or folder itself

entry.json is on disk before anything moves, and a removal is one rename. If the trash is on another
file system, the removed file is first renamed to a hidden name in its folder, then copied, then
deleted. After a crash at any point, the file is either at its path or can be restored.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import stat
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from memcairn import paths
from memcairn.errors import NoteError, NoteUnreadable, OutsideRoot, UsageError
from memcairn.formats import json_text
from memcairn.fs.atomic import TEMPORARY_PREFIX
from memcairn.fs.names import parts
from memcairn.fs.sandbox import Folder, open_root, reported, temporary_name
from memcairn.vault import tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ENTRY = "entry.json"
_CONTENT = "content"
_PARTIAL = "partial"
_MAX_ENTRY_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Trashed:
    """Something in the trash.

    Attributes:
        id: identifies it in `restore`; ids sort by the time of removal.
        path: its original path, relative to the root.
        is_folder: whether it is a folder.
        removed_at: in UTC.
        files: the file, or every file of the folder.
    """

    id: str
    path: str
    is_folder: bool
    removed_at: datetime
    files: tuple[tree.TreeFile, ...]


class Trash:
    """The trash of one root: a folder outside it, created on first use.

    The caller of every method must hold the lock of the root.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, parent: Folder, name: str, *, now: datetime) -> Trashed:
        """Move a file or folder to the trash.

        Raises:
            OutsideRoot: it contains a reserved name; or, for a trash on another file system, a
                symlink, a hard link or a special file.
            NoteError: the system refused. After any error it is still at its path, or in the trash
                if another file has taken its path meanwhile.
        """
        entry = _describe(parent, name, now)
        with self._open() as trash:
            trash.make(entry.id)
            trash.sync()
            with trash.folder((entry.id,)) as place:
                try:
                    place.write_new(_ENTRY, _encode(entry))
                    _take(parent, name, place, _staged(entry))
                except BaseException:
                    _drop_failed(trash, place, entry, parent)
                    raise
        return entry

    def entries(self, root: Folder) -> tuple[Trashed, ...]:
        """The entries that can be restored, the latest removal first."""
        if not self._path.is_dir():
            return ()
        with self._open() as trash:
            known = [entry for entry in _entries(trash) if _is_there(trash, entry, root)]
        return tuple(sorted(known, key=lambda entry: entry.id, reverse=True))

    def entry(self, entry_id: str) -> Trashed:
        """The entry with this id.

        Raises:
            UsageError: there is none.
        """
        with self._open() as trash:
            if entry_id in {item.name for item in trash.items()}:
                entry = _read_entry(trash, entry_id)
                if entry is not None:
                    return entry
        raise UsageError(
            "the trash has no entry with that id", hint="list the trash to see its entries"
        )

    def restore(self, entry: Trashed, root: Folder, target: tuple[str, ...]) -> tuple[str, ...]:
        """Move an entry out of the trash to `target`, which must be free.

        Returns:
            The paths of files whose content differs from the one that was removed.

        Raises:
            NoteExists: `target` exists.
            NoteError: the system refused. After any error, the entry is still in the trash.
        """
        with self._open() as trash, root.folder(target[:-1], create=True) as parent:
            with _source(trash, entry, root) as (place, name):
                _give(place, name, parent, target[-1])
            with contextlib.suppress(NoteError):
                _drop_staged(root, entry)
                _forget(trash, entry.id)
            return _damaged(entry, parent, target)

    def purge(self, root: Folder, *, keep: int, older_than: datetime) -> tuple[str, ...]:
        """Delete all but the latest `keep` entries, and those removed before `older_than`.

        Returns:
            The ids of the deleted entries. Entries that cannot be deleted stay, without an error.
        """
        deleted = []
        with self._open() as trash:
            for name in _leftovers(trash):
                with contextlib.suppress(NoteError):
                    _forget(trash, name)
            entries = sorted(_entries(trash), key=lambda entry: entry.id)
            surplus = {entry.id for entry in entries[: max(0, len(entries) - keep)]}
            for entry in entries:
                if entry.id in surplus or entry.removed_at < older_than:
                    with contextlib.suppress(NoteError):
                        _drop_staged(root, entry)
                        _forget(trash, entry.id)
                        deleted.append(entry.id)
        return tuple(deleted)

    def _open(self) -> Folder:
        with reported("the trash"):
            paths.make_private_folder(str(self._path))
        return open_root(self._path)


def _describe(parent: Folder, name: str, now: datetime) -> Trashed:
    status = parent.status(name)
    return Trashed(
        id=f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}",
        path=parent.shown(name),
        is_folder=status is not None and stat.S_ISDIR(status.st_mode),
        removed_at=now,
        files=tuple(tree.files(parent, name, hashed=True)),
    )


def _drop_failed(trash: Folder, place: Folder, entry: Trashed, parent: Folder) -> None:
    """Drop the entry of a removal that failed, unless the entry is what can restore it."""
    with contextlib.suppress(NoteError):
        if place.status(_CONTENT) is None and parent.status(_staged(entry)) is None:
            tree.delete(place, _ENTRY)
            trash.rmdir(entry.id)


def _take(parent: Folder, name: str, place: Folder, staged: str) -> None:
    try:
        parent.move(name, place, _CONTENT)
    except OSError as error:
        if not tree.is_other_file_system(error):
            raise
    else:
        return
    # After this rename, another writer of the path creates a new file, which is not deleted below.
    parent.move(name, parent, staged)
    try:
        tree.copy(parent, staged, place, _PARTIAL)
        place.move(_PARTIAL, place, _CONTENT)
    except BaseException:
        with contextlib.suppress(NoteError):
            tree.delete(place, _PARTIAL)
        # If the name is taken by now, `restore` finds the staged file.
        with contextlib.suppress(NoteError):
            parent.move(staged, parent, name)
        raise
    with contextlib.suppress(NoteError):
        tree.delete(parent, staged)


def _give(place: Folder, name: str, parent: Folder, new_name: str) -> None:
    try:
        place.move(name, parent, new_name)
    except OSError as error:
        if not tree.is_other_file_system(error):
            raise
    else:
        return
    temporary = temporary_name()
    try:
        tree.copy(place, name, parent, temporary)
        parent.move(temporary, parent, new_name)
    except BaseException:
        with contextlib.suppress(NoteError):
            tree.delete(parent, temporary)
        raise
    with contextlib.suppress(NoteError):
        tree.delete(place, name)


@contextlib.contextmanager
def _source(trash: Folder, entry: Trashed, root: Folder) -> Iterator[tuple[Folder, str]]:
    """The folder and name of the content: in the trash, or staged by an interrupted removal."""
    with trash.folder((entry.id,)) as place:
        if place.status(_CONTENT) is not None:
            yield place, _CONTENT
            return
    with root.folder(parts(entry.path)[:-1]) as parent:
        if parent.status(_staged(entry)) is None:
            raise NoteUnreadable("is missing from the trash", path=entry.path)
        yield parent, _staged(entry)


def _is_there(trash: Folder, entry: Trashed, root: Folder) -> bool:
    try:
        with _source(trash, entry, root):
            return True
    except (NoteUnreadable, OutsideRoot):
        return False


def _staged(entry: Trashed) -> str:
    return f"{TEMPORARY_PREFIX}{entry.id}.removed"


def _drop_staged(root: Folder, entry: Trashed) -> None:
    """Delete the staged file of a removal that was interrupted after its copy was complete."""
    with contextlib.suppress(NoteUnreadable), root.folder(parts(entry.path)[:-1]) as parent:
        tree.delete(parent, _staged(entry))


def _forget(trash: Folder, entry_id: str) -> None:
    """Delete an entry permanently. An interrupted deletion cannot be restored in part."""
    with trash.folder((entry_id,)) as place:
        tree.delete(place, _PARTIAL)
        if place.status(_CONTENT) is not None:
            place.move(_CONTENT, place, _PARTIAL)
            tree.delete(place, _PARTIAL)
        for item in place.items():
            tree.delete(place, item.name)
    trash.rmdir(entry_id)


def _damaged(entry: Trashed, parent: Folder, target: tuple[str, ...]) -> tuple[str, ...]:
    """The files of a restored entry whose hash differs from the recorded one."""
    damaged = []
    base = len(entry.path.split("/"))
    for record in entry.files:
        below = (target[-1], *record.path.split("/")[base:])
        actual = None
        with contextlib.suppress(NoteError), parent.folder(below[:-1]) as folder:
            actual = tree.sha256(folder, below[-1])
        if actual != record.sha256:
            damaged.append("/".join((*target[:-1], *below)))
    return tuple(damaged)


def _entries(trash: Folder) -> list[Trashed]:
    known = (_read_entry(trash, item.name) for item in trash.items())
    return [entry for entry in known if entry is not None]


def _read_entry(trash: Folder, entry_id: str) -> Trashed | None:
    """Read an entry; None if it is unreadable. It is kept: a later version may have written it."""
    with (
        contextlib.suppress(NoteUnreadable, OutsideRoot, UsageError),
        contextlib.suppress(ValueError, TypeError, KeyError),
        trash.folder((entry_id,)) as place,
    ):
        return _decode(entry_id, place.read(_ENTRY, _MAX_ENTRY_BYTES).data)
    return None


def _leftovers(trash: Folder) -> list[str]:
    """The folders that interrupted removals and purges leave: without entry and content."""
    leftovers = []
    for item in trash.items():
        with contextlib.suppress(NoteError), trash.folder((item.name,)) as place:
            if place.status(_ENTRY) is None and place.status(_CONTENT) is None:
                leftovers.append(item.name)
    return leftovers


def _encode(entry: Trashed) -> bytes:
    fields = asdict(entry) | {"removed_at": entry.removed_at.isoformat()}
    return json.dumps(fields, indent=1).encode()


def _decode(entry_id: str, data: bytes) -> Trashed:
    fields: dict[str, Any] = json_text.loads(data)
    parts(fields["path"])
    return Trashed(
        id=entry_id,
        path=fields["path"],
        is_folder=bool(fields["is_folder"]),
        removed_at=datetime.fromisoformat(fields["removed_at"]),
        files=tuple(tree.TreeFile(**record) for record in fields["files"]),
    )
