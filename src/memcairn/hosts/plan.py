"""Changes of a host's files: all are planned first, then shown, then applied."""

from __future__ import annotations

import contextlib
import difflib
import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn.errors import MemcairnError
from memcairn.fs import atomic
from memcairn.hosts import manifest
from memcairn.hosts.config_edits import OwnFile
from memcairn.hosts.executable import NAME
from memcairn.hosts.manifest import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.hosts import jsonc
    from memcairn.hosts.config_edits import Edit


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one file; `after` None removes it, and the empty `folders` that were made.

    `path` is the real path, `name` the host's name for the file, which may be a link. `is_whole`: memcairn
    owns the file.
    """

    path: str
    name: str
    host: str
    scope: str
    before: bytes | None
    after: bytes | None
    made: tuple[jsonc.Path, ...] = ()
    folders: tuple[str, ...] = ()
    is_whole: bool = False

    @property
    def has_effect(self) -> bool:
        """Whether anything changes."""
        return self.before != self.after

    def diff(self) -> str:
        """The change for people: a unified diff; one line for a whole file that comes or goes."""
        if self.is_whole and self.before is None and self.after is not None:
            return f"new file {self.path} ({len(_lines(self.after))} lines)"
        if self.is_whole and self.after is None:
            return f"remove file {self.path}"
        old, new = _lines(self.before), _lines(self.after)
        names = (
            "/dev/null" if self.before is None else self.path,
            "/dev/null" if self.after is None else self.path,
        )
        return "\n".join(difflib.unified_diff(old, new, *names, lineterm=""))


def to_install(edit: Edit, host: str, scope: str) -> Change:
    """The change that adds memcairn's part to a file.

    Raises:
        ConfigError: the file is invalid.
        MemcairnError: it cannot be read, or is read-only.
    """
    path = os.path.realpath(edit.path)
    before = read(path)
    after = edit.put(before)
    if before not in (None, after) and not os.access(path, os.W_OK):
        raise MemcairnError(
            "is read-only", path=path, hint="make it writable, or leave this host out with --host"
        )
    return Change(
        path,
        os.path.basename(edit.path),
        host,
        scope,
        before,
        after,
        made=edit.made(before),
        folders=_missing_folders(path),
        is_whole=isinstance(edit, OwnFile),
    )


def to_withdraw(edit: Edit, host: str, scope: str, record: Record | None, home: str) -> Change:
    """The change that removes memcairn's part from a file; what others changed stays."""
    path = os.path.realpath(edit.path)
    before = read(path)
    planned = partial(
        Change,
        path,
        os.path.basename(edit.path),
        host,
        scope,
        before,
        folders=record.folders if record is not None else (),
        is_whole=isinstance(edit, OwnFile),
    )
    if before is None:
        return planned(None)
    was = manifest.backed_up(home, record) if record is not None else None
    if isinstance(edit, OwnFile):
        # The file before may be one of an earlier version.
        return planned(was if was is not None and NAME.encode() not in was else None)
    if record is None:
        left, is_empty = edit.withdraw(before, ())
        return planned(None if is_empty else left)
    has_copy = (was is None) == (record.before is None)
    if record.is_exact and has_copy and manifest.digest(before) == record.after:
        return planned(was)
    left, is_empty = edit.withdraw(before, record.made)
    return planned(None if is_empty and record.before is None else left)


def apply(changes: Sequence[Change], home: str, *, install: bool) -> list[Change]:
    """Apply the changes and record them; returns those that had an effect.

    Raises:
        MemcairnError: a file changed since it was read, or cannot be written. Those before it are done.
    """
    records = manifest.load(home)
    done = []
    for change in changes:
        if not change.has_effect:
            continue
        if read(change.path) != change.before:
            raise MemcairnError(
                "was changed by another program just now",
                path=change.path,
                hint="run the command again",
            )
        if install and change.after is not None:
            records[change.path] = _recorded(change, records.get(change.path), home)
            # The record comes first: a crash must not leave a change without it.
            manifest.save(home, records.values())
        _write(change)
        done.append(change)
    _forget([change for change in changes if change.after is None or not install], records, home)
    _sweep(changes)
    return done


def _forget(changes: Sequence[Change], records: dict[str, Record], home: str) -> None:
    """Remove the folders that were made, then the records of the changes; these last, for a crash."""
    gone = [change for change in changes if records.pop(change.path, None) is not None]
    folders = {folder for change in gone for folder in change.folders}
    for folder in sorted(folders, key=len, reverse=True):
        with contextlib.suppress(OSError):
            os.rmdir(folder)
    if gone:
        manifest.save(home, records.values())


def _sweep(changes: Sequence[Change]) -> None:
    """Remove the temporary files of a killed process."""
    for folder in {os.path.dirname(change.path) for change in changes}:
        for file in Path(folder).glob(f"{atomic.TEMPORARY_PREFIX}*.tmp"):
            file.unlink(missing_ok=True)


def read(path: str) -> bytes | None:
    """The content of a file; None if it does not exist.

    Raises:
        MemcairnError: it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise MemcairnError(f"cannot be read: {error.strerror}", path=path) from error


def _recorded(change: Change, known: Record | None, home: str) -> Record:
    assert change.after is not None
    after = manifest.digest(change.after)
    before = change.before
    if known is not None and before is not None:
        # The original is still there if memcairn was killed before it replaced the file.
        untouched = manifest.digest(before) == known.after or before == manifest.backed_up(
            home, known
        )
        made = tuple(dict.fromkeys((*known.made, *change.made)))
        if not untouched:
            manifest.back_up(home, change.host, change.path, before)
        return replace(known, after=after, made=made, is_exact=known.is_exact and untouched)
    copy = manifest.back_up(home, change.host, change.path, before) if before is not None else None
    return Record(
        change.path,
        change.name,
        change.host,
        change.scope,
        copy,
        after,
        change.is_whole,
        made=change.made,
        # memcairn may have been killed after it made them.
        folders=tuple(dict.fromkeys((*(known.folders if known else ()), *change.folders))),
    )


def _write(change: Change) -> None:
    path = Path(change.path)
    try:
        if change.after is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = change.before is None
        atomic.replace(path, change.after)
        if is_new and change.scope == "project":
            # Other people use it with the project.
            path.chmod(0o644)
    except OSError as error:
        raise MemcairnError(f"cannot be written: {error.strerror}", path=change.path) from error


def _missing_folders(path: str) -> tuple[str, ...]:
    missing: list[str] = []
    folder = os.path.dirname(path)
    while not os.path.isdir(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    return tuple(missing)


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode(errors="replace").splitlines()
