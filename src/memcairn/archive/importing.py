"""Put the files of an archive into a root, each in one step, and none over what it did not see."""

from __future__ import annotations

import errno
import itertools
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memcairn.archive.notes_only import refusal_reason
from memcairn.archive.source import LIMITS
from memcairn.archive.values import STRATEGIES, Imported
from memcairn.errors import NoteError, NoteMissing, UsageError
from memcairn.fs.names import fold, parts
from memcairn.fs.sandbox import open_root
from memcairn.paths import MEMORY_MD
from memcairn.safety import injection, secrets

if TYPE_CHECKING:
    from pathlib import Path

    from memcairn.archive.source import Archive, ArchiveEntry
    from memcairn.fs.sandbox import FileContent, Folder

_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})
# Names that are tried for a file whose path is taken.
_MAX_NAMES = 1000


def import_(
    archive: Archive,
    root: Path,
    *,
    strategy: str = "skip",
    dry_run: bool = False,
    allow_secrets: bool = False,
) -> Imported:
    """Put the files of an archive into a root.

    The lock of the root is held for one file at a time.

    Args:
        archive: as `load` returned it.
        root: an existing folder.
        strategy: what to do where a file has the path and another content: "skip" keeps it,
            "overwrite" replaces it, "rename" puts the new one beside it, "newer" replaces it if
            the archive says that its own was written later.
        dry_run: only say what would happen.
        allow_secrets: import texts that look like they hold a secret, too.

    Raises:
        UsageError: there is no such strategy.
        ArchiveRefused: the archive was changed since it was loaded.
        NoteError: the root cannot be opened.
    """
    if strategy not in STRATEGIES:
        raise UsageError(
            f'there is no strategy "{strategy}"', hint=f"choose of {', '.join(STRATEGIES)}"
        )
    work = _Import(archive.form, strategy, dry_run, allow_secrets)
    with open_root(root) as folder:
        for entry in archive.entries():
            work.take(folder, entry)
    return work.result()


@dataclass(slots=True)
class _Import:
    form: str
    strategy: str
    dry_run: bool
    allow_secrets: bool
    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    suspicious: dict[str, tuple[str, ...]] = field(default_factory=dict)
    disk: str | None = None

    def result(self) -> Imported:
        return Imported(
            tuple(self.added),
            tuple(self.replaced),
            self.renamed,
            tuple(self.unchanged),
            self.skipped,
            self.failed,
            self.suspicious,
        )

    def take(self, root: Folder, entry: ArchiveEntry) -> None:
        if self.disk is not None:
            # Every further file would fail alike.
            self.failed[entry.path] = self.disk
            return
        reason = self._refusal(entry)
        if reason is not None:
            self.skipped[entry.path] = reason
            return
        try:
            with root.lock():
                is_there = self._put(root, entry)
        except (NoteError, UsageError) as error:
            self.failed[entry.path] = error.message
            cause = error.__cause__
            if isinstance(cause, OSError) and cause.errno in _DISK:
                self.disk = error.message
            return
        reasons = injection.injection_warnings(_text(entry)) if is_there else []
        if reasons:
            self.suspicious[entry.path] = tuple(reasons)

    def _refusal(self, entry: ArchiveEntry) -> str | None:
        """Why a file is not imported, whatever is in the root."""
        reason = refusal_reason(entry.path, entry.data)
        if reason is None and self.form == "agent-memory" and _is_memory_md(parts(entry.path)):
            reason = "is written by memcairn alone"
        if reason is None and not self.allow_secrets:
            kinds = sorted({secret.kind for secret in secrets.find_secrets(_text(entry))})
            if kinds:
                reason = f"looks like it holds a secret: {', '.join(kinds)}"
        return reason

    def _put(self, root: Folder, entry: ArchiveEntry) -> bool:
        """Whether the content is in the root now, and was not before; or would be."""
        names = parts(entry.path)
        now = _read(root, names)
        if now is None:
            self._write(root, names, entry.data, None)
            self.added.append(entry.path)
        elif now.data == entry.data:
            self.unchanged.append(entry.path)
            return False
        elif _is_memory_md(names):
            self.skipped[entry.path] = "is written by memcairn alone"
            return False
        elif self.strategy == "rename":
            return self._put_beside(root, names, entry)
        else:
            reason = self._reason_to_keep(now, entry)
            if reason is not None:
                self.skipped[entry.path] = reason
                return False
            self._write(root, names, entry.data, now)
            self.replaced.append(entry.path)
        return True

    def _reason_to_keep(self, now: FileContent, entry: ArchiveEntry) -> str | None:
        if self.strategy == "overwrite":
            return None
        if self.strategy == "skip":
            return "exists already"
        if entry.mtime_s is None:
            return "exists already, and the archive does not say when its own was written"
        if entry.mtime_s <= int(now.status.st_mtime):
            return "exists already, and is not older"
        return None

    def _put_beside(self, root: Folder, names: tuple[str, ...], entry: ArchiveEntry) -> bool:
        stem, suffix = os.path.splitext(names[-1])
        for number in itertools.islice(itertools.count(1), _MAX_NAMES):
            mark = "-imported" if number == 1 else f"-imported-{number}"
            beside = (*names[:-1], f"{stem}{mark}{suffix}")
            path = "/".join(beside)
            if path in self.renamed.values():
                continue
            now = _read(root, beside)
            if now is None:
                self._write(root, beside, entry.data, None)
                self.renamed[entry.path] = path
                return True
            if now.data == entry.data:
                # Of an earlier import of the same archive.
                self.unchanged.append(path)
                return False
        raise UsageError("there is no free name beside it", path=entry.path)

    def _write(
        self, root: Folder, names: tuple[str, ...], data: bytes, now: FileContent | None
    ) -> None:
        parts("/".join(names))
        if self.dry_run:
            return
        with root.folder(names[:-1], create=now is None) as folder:
            if now is None:
                folder.write_new(names[-1], data)
            else:
                folder.write(names[-1], data, expected=now.status)


def _is_memory_md(names: tuple[str, ...]) -> bool:
    return len(names) == 1 and fold(names[0]) == fold(MEMORY_MD)


def _read(root: Folder, names: tuple[str, ...]) -> FileContent | None:
    """The file that has this path, or None."""
    try:
        with root.folder(names[:-1]) as folder:
            return folder.read(names[-1], LIMITS.max_file_bytes)
    except NoteMissing:
        return None


def _text(entry: ArchiveEntry) -> str:
    """What a reader would see; nothing for a picture."""
    return entry.data.decode("utf-8", "ignore") if b"\0" not in entry.data else ""
