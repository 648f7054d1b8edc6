"""Read the memories of other programs, from the files or exports that these write.

    read(source, path) ──► Export: notes, and what was left out and why

One module reads one form. Exports are untrusted: an unknown or damaged one raises `ArchiveRefused`, which
says what was expected, and nothing of it is used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from memcairn.archive.importers import (
    anolisa,
    chatgpt,
    claude,
    claude_mem,
    markdown,
    mcp_memory_service,
    mem0,
)
from memcairn.errors import ArchiveRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from memcairn.archive.importers.values import Export


class Source(NamedTuple):
    """How a program's memories are read, and where they are below HOME if no path is given."""

    read: Callable[[str], Export]
    expected: str
    default: str = ""


SOURCES: Mapping[str, Source] = {
    "claude-code": Source(
        markdown.claude_code,
        "the folder ~/.claude/projects, or a memory folder in it",
        ".claude/projects",
    ),
    "codex": Source(
        markdown.codex, "the folder ~/.codex/memories with its MEMORY.md", ".codex/memories"
    ),
    "chatgpt": Source(
        chatgpt.read,
        "the export of ChatGPT: its zip file, or conversations.json with a `mapping` of messages",
    ),
    "claude": Source(
        claude.read,
        "the export of claude.ai: its zip file, or conversations.json with `chat_messages`",
    ),
    "claude-mem": Source(
        claude_mem.read,
        "the JSON of claude-mem's export-memories script, with `observations` and `summaries`",
    ),
    "basic-memory": Source(
        markdown.basic_memory,
        "a folder of basic-memory, whose notes have a `permalink`",
        "basic-memory",
    ),
    "mem0": Source(mem0.read, "the JSON of mem0: a list of objects with `memory`, or `results`"),
    "mcp-memory-service": Source(
        mcp_memory_service.read,
        "the JSON of mcp-memory-service, with `memories` that have `content`",
    ),
    "obsidian": Source(markdown.obsidian, "the folder of a vault, with Markdown files"),
    "agent-memory": Source(
        anolisa.read,
        "the JSON that agent-memory's mem_export returns, with the format anolisa-memory-archive",
    ),
}


def read(source: str, path: str | None) -> Export:
    """Read an export, or the files of a program.

    Args:
        source: a name in `SOURCES`.
        path: the export or folder; None: where the program keeps its files.

    Raises:
        UsageError: a path is needed, or nothing is there.
        ArchiveRefused: it is not what was expected, or is damaged.
    """
    found = SOURCES[source]
    if path is None:
        if not found.default:
            raise UsageError(f"{source} needs a path", hint=f"give {found.expected}")
        path = os.path.expanduser(f"~/{found.default}")
    if not os.path.exists(path):
        raise UsageError("is not there", path=path, hint=f"give {found.expected}")
    try:
        export = found.read(path)
    except ArchiveRefused as error:
        raise ArchiveRefused(
            error.message, path=error.path or path, hint=f"expected: {found.expected}"
        ) from error
    export.notes.sort(key=lambda note: note.created_s or note.modified_s or 0.0)
    return export
