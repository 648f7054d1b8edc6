"""Programs that keep memories as Markdown files: Claude Code, Codex, basic-memory and Obsidian."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from memcairn.archive.importers.values import Export, ForeignNote
from memcairn.archive.values import SUFFIXES
from memcairn.errors import ArchiveRefused
from memcairn.fs import walk
from memcairn.notes import frontmatter
from memcairn.paths import MEMORY_MD, NOTE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILE_BYTES = 16 << 20


def claude_code(path: str) -> Export:
    """Claude Code's memory: ~/.claude/projects/<project>/memory/*.md."""
    export = Export()
    if os.path.basename(os.path.normpath(path)) == "memory":
        folders = [os.path.normpath(path)]
    else:
        folders = (
            [
                os.path.join(folder, "memory")
                for folder in sorted(os.scandir(path), key=lambda entry: entry.name)
                if os.path.isdir(os.path.join(folder, "memory"))
            ]
            if os.path.isdir(path)
            else []
        )
    if not folders:
        raise ArchiveRefused("has no memory of Claude Code")
    for folder in folders:
        project = os.path.basename(os.path.dirname(folder)).strip("-") or "project"
        for name, found in _files(folder, export):
            if name == MEMORY_MD:
                export.left_out["is an index, which memcairn writes itself"] += 1
                continue
            _add(export, name, f"{project}/{name}", found)
    return export


def codex(path: str) -> Export:
    """The memories that Codex writes: MEMORY.md, memory_summary.md and rollout_summaries/."""
    export = Export()
    if not os.path.isfile(os.path.join(path, MEMORY_MD)):
        raise ArchiveRefused("has no memories of Codex")
    for name, found in _files(path, export):
        if name == "raw_memories.md":
            export.left_out["is repeated by the other files"] += 1
            continue
        _add(export, name, "memory.md" if name == MEMORY_MD else name, found)
    return export


def basic_memory(path: str) -> Export:
    """The notes of basic-memory."""
    export = _folder(path)
    if not any("permalink" in frontmatter.parse(note.text).values for note in export.notes):
        raise ArchiveRefused("has no note of basic-memory")
    return export


def obsidian(path: str) -> Export:
    """The notes of a vault, and the pictures and documents beside them."""
    export = _folder(path)
    if not any(note.data is None for note in export.notes):
        raise ArchiveRefused("has no Markdown file")
    return export


def _folder(path: str) -> Export:
    if not os.path.isdir(path):
        raise ArchiveRefused("is not a folder")
    export = Export()
    for name, found in _files(path, export):
        _add(export, name, name, found)
    return export


def _files(top: str, export: Export) -> Iterator[tuple[str, tuple[bytes, os.stat_result]]]:
    """Yield the notes and attachments below a folder; symlinks are not followed."""
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if walk.may_hold_notes(name))
        for name in sorted(files):
            path = os.path.join(folder, name)
            if name.startswith(".") or os.path.splitext(name)[1].lower() not in SUFFIXES:
                export.left_out["is neither a note nor an attachment"] += 1
                continue
            try:
                descriptor = os.open(
                    path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
                )
                with open(descriptor, "rb") as file:
                    status = os.fstat(descriptor)
                    if not stat.S_ISREG(status.st_mode):
                        export.left_out["is not a regular file"] += 1
                        continue
                    data = file.read(MAX_FILE_BYTES + 1)
            except OSError as error:
                export.left_out[f"cannot be read: {error.strerror}"] += 1
                continue
            if len(data) > MAX_FILE_BYTES:
                export.left_out[f"is larger than {MAX_FILE_BYTES:,} bytes"] += 1
                continue
            relative = os.path.relpath(path, top).replace(os.sep, "/")
            yield os.fsencode(relative).decode("utf-8", "replace"), (data, status)


def _add(export: Export, key: str, path: str, found: tuple[bytes, os.stat_result]) -> None:
    data, status = found
    if os.path.splitext(path)[1].lower() not in NOTE_SUFFIXES:
        export.add(ForeignNote(key, "", modified_s=status.st_mtime, path=path, data=data))
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        export.left_out["is not UTF-8 text"] += 1
        return
    export.add(ForeignNote(key, text, modified_s=status.st_mtime, path=path))
