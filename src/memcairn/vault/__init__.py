"""The file tools of a root: read, write, find and remove notes, and never leave the root.

    path ──names.parts──► components ──sandbox.Folder──► open folder ──► operation ──► what changed

Paths come from a model, and a folder may change between check and use; memcairn.fs.names and
memcairn.fs.sandbox handle both. memcairn's writers exclude each other by a lock on the root. Writes
are atomic, removals can be undone. MEMORY.md and its index pages are read here but written elsewhere.
This package does not touch the index: each result lists the paths that changed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from memcairn.errors import (
    NoteChanged,
    NoteExists,
    NoteMissing,
    NoteUnreadable,
    OutsideRoot,
    UsageError,
)
from memcairn.fs.names import fold, folder_parts, parts, require_creatable
from memcairn.fs.sandbox import FileContent, Folder, open_root, reported
from memcairn.vault import find, text, tree
from memcairn.vault.diff import Diff, unified
from memcairn.vault.trash import Trash, Trashed
from memcairn.vault.values import Moved, Restored, VaultLimits, Window, WrittenFile

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Larger files are refused: no note is that large, and hashing would read all of it.
_MAX_FILE_BYTES = 64 << 20


__all__ = ["Vault", "VaultLimits", "is_generated"]


def is_generated(names: tuple[str, ...]) -> bool:
    """Whether a path is MEMORY.md or below `index/`, which only memcairn.memory_md writes."""
    return fold(names[0]) == "index" or (len(names) == 1 and fold(names[0]) == "memory.md")


class Vault:
    """The files of one root.

    Every path is relative to the root. A path that leads out of the root, passes through a symlink or
    uses a reserved name raises OutsideRoot; a malformed path raises UsageError. If the system refuses
    an operation, NoteError gives the reason and nothing was changed.

    Args:
        root: an existing folder; its own path is trusted.
        trash: a folder outside the root for removed files; created on first use.
        generated: takes the components of a path; true for files that must not be changed here.
        limits: the size limits of one call.
    """

    def __init__(
        self,
        root: Path,
        *,
        trash: Path,
        generated: Callable[[tuple[str, ...]], bool] = is_generated,
        limits: VaultLimits | None = None,
    ) -> None:
        if trash.resolve().is_relative_to(root.resolve()):
            raise UsageError("the trash cannot be inside the root", path="trash")
        self._root = root
        self._trash = Trash(trash)
        self._generated = generated
        self._limits = limits or VaultLimits()

    def read(
        self,
        path: str,
        *,
        start_line: int | None = None,
        end_line: int | None = None,
        max_bytes: int | None = None,
    ) -> Window:
        """Read lines `start_line` to `end_line`, both included, up to `max_bytes`.

        Raises:
            NoteUnreadable: it is missing, a folder, not UTF-8, or larger than 64 MiB.
        """
        names = parts(path)
        with self._open() as root, root.folder(names[:-1]) as folder:
            content = folder.read(names[-1], _MAX_FILE_BYTES)
        room = min(max_bytes or self._limits.read_bytes, self._limits.read_bytes)
        whole = _decode(content, "/".join(names)).removeprefix(text.BOM)
        lines = text.window(whole, start_line, end_line, max(room, 4))
        return Window(
            "/".join(names),
            lines.text,
            lines.first,
            lines.last,
            lines.total,
            lines.truncated,
            len(content.data),
            hashlib.sha256(content.data).hexdigest(),
        )

    def read_bytes(self, path: str) -> bytes:
        """Read a whole file of any kind, up to the size limit for writing.

        Raises:
            NoteUnreadable: it is missing, a folder, or too large.
        """
        names = parts(path)
        with self._open() as root, root.folder(names[:-1]) as folder:
            return folder.read(names[-1], self._limits.write_bytes).data

    def write(
        self,
        path: str,
        content: str | bytes,
        *,
        overwrite: bool = False,
        if_match: str | None = None,
    ) -> WrittenFile:
        """Write a file as a whole; missing parent folders are created.

        Args:
            path: the file.
            content: the text, or bytes, which are written unchanged.
            overwrite: replace an existing file.
            if_match: replace the file only if this is the sha256 of its current content.

        Raises:
            NoteExists: it exists, and neither `overwrite` nor `if_match` was given.
            NoteChanged: it does not match `if_match`; NoteMissing: it does not exist.
            UsageError: the content is too large.
        """
        data = _encode(content, self._limits.write_bytes)
        with self._place(path, create=True) as (folder, name):
            status = folder.status(name)
            if status is None:
                if if_match is not None:
                    raise NoteMissing("does not exist, so it cannot match", path=folder.shown(name))
                require_creatable((name,))
                folder.write_new(name, data)
            else:
                self._replace(folder, name, data, overwrite=overwrite, if_match=if_match)
            return _written(folder, name, data, created=status is None, line=1)

    def _replace(
        self, folder: Folder, name: str, data: bytes, *, overwrite: bool, if_match: str | None
    ) -> None:
        expected: os.stat_result | None = None
        folder.require_kind(name, stat.S_IFREG)
        if if_match is not None:
            expected = _require_match(folder, name, if_match)
        elif not overwrite:
            raise NoteExists(
                "exists already",
                path=folder.shown(name),
                hint="edit it, append to it, or write it with overwrite",
            )
        folder.write(name, data, expected=expected)

    def append(self, path: str, content: str) -> WrittenFile:
        """Append text to a file, starting on a new line; create the file if it does not exist.

        Raises:
            UsageError: the content, or the resulting file, is too large.
        """
        _encode(content, self._limits.append_bytes)
        with self._place(path, create=True) as (folder, name):
            if folder.status(name) is None:
                require_creatable((name,))
                data = content.encode()
                folder.write_new(name, data)
                return _written(folder, name, data, created=True, line=1)
            now = folder.read(name, _MAX_FILE_BYTES)
            before = _decode(now, folder.shown(name))
            data = _encode(text.append(before, content), self._limits.write_bytes)
            folder.write(name, data, expected=now.status)
            line = before.count("\n") + (1 if before.endswith("\n") or not before else 2)
            return _written(folder, name, data, created=False, line=line)

    def edit(self, path: str, old: str, new: str) -> WrittenFile:
        """Replace the only occurrence of `old`; the file keeps its BOM and line endings.

        Raises:
            UsageError: `old` does not occur exactly once; the message says how often, and where.
        """
        with self._place(path) as (folder, name):
            now = folder.read(name, _MAX_FILE_BYTES)
            try:
                after, line = text.replace_once(_decode(now, folder.shown(name)), old, new)
            except UsageError as error:
                error.path = folder.shown(name)
                raise
            data = _encode(after, self._limits.write_bytes)
            folder.write(name, data, expected=now.status)
            return _written(folder, name, data, created=False, line=line)

    def list(
        self,
        folder: str = "",
        *,
        recursive: bool = False,
        glob: str | None = None,
        limit: int = 1000,
        after: str | None = None,
    ) -> find.Listing:
        """List a folder, one page at a time. Reserved names are not listed.

        Args:
            folder: "" is the root.
            recursive: include all subfolders.
            glob: list only matching entries: `*.md` by name, `2025/**/*.md` by path below the folder.
            limit: the maximum number of entries.
            after: `next_after` of the previous page.
        """
        names = folder_parts(folder)
        with self._open() as root, root.folder(names) as place:
            return find.listing(
                place,
                recursive=recursive,
                glob=glob,
                limit=max(limit, 1),
                after=tuple(after.split("/")) if after else (),
            )

    def grep(
        self,
        pattern: str,
        folder: str = "",
        *,
        glob: str | None = None,
        limit: int = 100,
        ignore_case: bool = False,
        context: int = 0,
    ) -> find.Matches:
        """Find the lines below a folder that match a Python regular expression.

        Args:
            pattern: at most 1,000 characters; matching stops after 5 seconds.
            folder: "" is the root.
            glob: which files, as for `list`.
            limit: the maximum number of matches.
            ignore_case: "a" matches "A".
            context: lines to include before and after each match, at most 20.

        Raises:
            UsageError: the pattern is not a regular expression.
        """
        names = folder_parts(folder)
        with self._open() as root, root.folder(names) as place:
            return find.search(
                place,
                pattern,
                glob=glob,
                limit=max(limit, 1),
                ignore_case=ignore_case,
                context=min(max(context, 0), find.MAX_CONTEXT_LINES),
                max_file_bytes=self._limits.write_bytes,
            )

    def diff(self, before: str, after: str) -> Diff:
        """Compare two files as a unified diff."""
        return self.diff_text(self._text(before), after, name=before)

    def diff_text(self, before: str, path: str, *, name: str) -> Diff:
        """Compare a text, such as an earlier version called `name`, with a file."""
        return unified(
            before, self._text(path), names=(name, path), max_bytes=self._limits.read_bytes
        )

    def mkdir(self, path: str) -> None:
        """Create a folder and its parents. The folder may exist already.

        Raises:
            NoteUnreadable: it, or something above it, is a file.
        """
        names = folder_parts(path)
        self._require_writable(names)
        require_creatable(names)
        with self._open() as root, root.lock(), root.folder(names, create=True) as made:
            made.check()

    def move(self, path: str, target: str) -> Moved:
        """Move a file or folder to a path that must be free; missing parent folders are created.

        Raises:
            NoteExists: `target` exists.
            OutsideRoot: the folder contains a reserved name.
        """
        to = parts(target)
        self._require_writable(to)
        require_creatable(to)
        with self._place(path) as (folder, name):
            names = (*folder.parts, name)
            if to[: len(names)] == names:
                raise UsageError("cannot move into itself", path=folder.shown(name))
            records = tree.files(folder, name)
            with self._open() as root, root.folder(to[:-1], create=True) as new_folder:
                try:
                    folder.move(name, new_folder, to[-1])
                except OSError as error:
                    if error.errno != errno.EXDEV:
                        raise
                    raise UsageError(
                        "is on another file system than its target", path=folder.shown(name)
                    ) from error
            old = [record.path for record in records]
            base = len(names)
            new = ["/".join((*to, *path.split("/")[base:])) for path in old]
            return Moved("/".join(names), "/".join(to), (*old, *new))

    def remove(
        self,
        path: str,
        *,
        recursive: bool = False,
        if_match: str | None = None,
        now: datetime | None = None,
    ) -> Trashed:
        """Move a file or folder to the trash. The `files` of the result are the paths that changed.

        Args:
            path: the file or folder.
            recursive: remove a folder with its content; otherwise the folder must be empty.
            if_match: remove the file only if this is the sha256 of its current content.
            now: the time to record, in UTC.

        Raises:
            NoteChanged: the file does not match.
            NoteExists: the folder is not empty.
            OutsideRoot: the folder contains a reserved name.
        """
        with self._place(path) as (folder, name):
            status = folder.status(name)
            if status is not None and stat.S_ISDIR(status.st_mode) and not recursive:
                with folder.folder((name,)) as inner:
                    count = len(inner.items())
                if count:
                    raise NoteExists(
                        f"is a folder with {count} entr{'y' if count == 1 else 'ies'}",
                        path=folder.shown(name),
                        hint="remove it with recursive",
                    )
            if if_match is not None:
                _require_match(folder, name, if_match)
            return self._trash.put(folder, name, now=now or datetime.now(UTC))

    def trash(self) -> tuple[Trashed, ...]:
        """The entries that `restore` accepts, the latest removal first."""
        with self._open() as root, root.lock():
            return self._trash.entries(root)

    def restore(self, entry_id: str, *, target: str | None = None) -> Restored:
        """Move a removed file or folder back.

        Args:
            entry_id: `Trashed.id`.
            target: the new path; None is the original path.

        Raises:
            UsageError: there is no such entry.
            NoteExists: the target exists.
        """
        with self._open() as root, root.lock():
            entry = self._trash.entry(entry_id)
            names = parts(entry.path if target is None else target)
            self._require_writable(names)
            require_creatable(names)
            damaged = self._trash.restore(entry, root, names)
        base = len(entry.path.split("/"))
        changed = ("/".join((*names, *file.path.split("/")[base:])) for file in entry.files)
        return Restored("/".join(names), damaged, tuple(changed))

    def purge_trash(
        self, *, keep: int, max_age_days: float, now: datetime | None = None
    ) -> tuple[str, ...]:
        """Delete old removals permanently: by age, and all but the latest `keep`.

        Returns:
            The ids of the deleted entries.
        """
        oldest = (now or datetime.now(UTC)) - timedelta(days=max_age_days)
        with self._open() as root, root.lock():
            return self._trash.purge(root, keep=keep, older_than=oldest)

    def _open(self) -> Folder:
        return open_root(self._root)

    @contextlib.contextmanager
    def _place(self, path: str, *, create: bool = False) -> Iterator[tuple[Folder, str]]:
        """Lock the root and yield the open parent folder of a path, and the name in it."""
        names = parts(path)
        self._require_writable(names)
        if create:
            require_creatable(names[:-1])
        with (
            self._open() as root,
            root.lock(),
            root.folder(names[:-1], create=create) as folder,
            reported("/".join(names)),
        ):
            yield folder, names[-1]

    def _require_writable(self, names: tuple[str, ...]) -> None:
        if names and self._generated(names):
            raise OutsideRoot(
                "is generated by memcairn",
                path="/".join(names),
                hint="edit the notes that it lists instead",
            )

    def _text(self, path: str) -> str:
        names = parts(path)
        with self._open() as root, root.folder(names[:-1]) as folder:
            return _decode(folder.read(names[-1], self._limits.write_bytes), "/".join(names))


def _require_match(folder: Folder, name: str, sha256: str) -> os.stat_result:
    now = folder.read(name, _MAX_FILE_BYTES)
    digest = hashlib.sha256(now.data).hexdigest()
    if digest != sha256.lower():
        raise NoteChanged(
            f"has changed since it was read: its sha256 is now {digest}",
            path=folder.shown(name),
            hint="read it again, then repeat the change",
        )
    return now.status


def _decode(content: FileContent, path: str) -> str:
    try:
        return content.data.decode()
    except UnicodeDecodeError as error:
        line = content.data.count(b"\n", 0, error.start) + 1
        raise NoteUnreadable(f"is not UTF-8 text (line {line})", path=path) from error


def _encode(content: str | bytes, limit: int) -> bytes:
    try:
        data = content.encode() if isinstance(content, str) else content
    except UnicodeEncodeError as error:
        raise UsageError("the text is not valid Unicode") from error
    if len(data) > limit:
        raise UsageError(
            f"the text has {len(data):,} bytes; at most {limit:,} can be written at once",
            hint="write it in parts: the first one, then append the others",
        )
    return data


def _written(folder: Folder, name: str, data: bytes, *, created: bool, line: int) -> WrittenFile:
    path = folder.shown(name)
    digest = hashlib.sha256(data).hexdigest()
    return WrittenFile(path, len(data), digest, created, line, (path,))
