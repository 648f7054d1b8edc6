"""MEMORY.md and the notes as MCP resources, which users can attach and clients can watch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from mcp import types
from mcp.shared.exceptions import MCPError

from memcairn import paths
from memcairn.errors import MemcairnError
from memcairn.formats.utc import utc_text
from memcairn.fs import names
from memcairn.mcp import answers, printed_paths
from memcairn.mcp.printed_paths import INDEX, NOTE, path_of, unknown_resource, uri_of
from memcairn.store import catalogue

if TYPE_CHECKING:
    from memcairn.root import OpenRoot

MARKDOWN = "text/markdown"

TEMPLATE = types.ResourceTemplate(
    name="note",
    title="A note",
    uri_template=NOTE + "{+path}",
    description="The text of a note, by its path relative to the root.",
    mime_type=MARKDOWN,
)
_PAGE = 200
_COMPLETIONS = 100


def page(root: OpenRoot, cursor: str | None) -> types.ListResourcesResult:
    """MEMORY.md, then the notes by path, 200 per page; a cursor is the last path of a page, quoted."""
    after = os.path.join(root.root, os.fsdecode(unquote_to_bytes(cursor))) if cursor else ""
    notes = root.read_index(lambda db: catalogue.page(db, root.root, after=after, limit=_PAGE + 1))
    listed = [] if cursor else [_index()]
    for note in notes[:_PAGE]:
        path = root.relative(note.path)
        changed = utc_text(note.mtime_ns / 1e9) if note.mtime_ns else None
        listed.append(
            types.Resource(
                uri=uri_of(path),
                name=answers.line(path),
                title=answers.line(note.title),
                description=answers.line(note.description) or None,
                mime_type=MARKDOWN,
                size=note.size_bytes,
                annotations=types.Annotations(last_modified=changed),
            )
        )
    # The bytes on the disk, even if they are not UTF-8: a replaced character would repeat the page.
    last = os.path.relpath(notes[_PAGE - 1].path, root.root) if len(notes) > _PAGE else None
    more = last and quote(os.fsencode(last))
    return types.ListResourcesResult(resources=listed, next_cursor=more)


def _index() -> types.Resource:
    return types.Resource(
        uri=INDEX,
        name=paths.MEMORY_MD,
        title="Index of the memories",
        description="MEMORY.md lists every note, directly or on a page that it links to.",
        mime_type=MARKDOWN,
        annotations=types.Annotations(priority=1.0),
    )


def read(root: OpenRoot, uri: str) -> types.ReadResourceResult:
    """The text of a resource, up to the size limit of a call.

    Raises:
        MCPError: there is no such resource.
    """
    path = path_of(uri)
    try:
        if uri == INDEX:
            root.engine.refresh_memory_md()
        window = printed_paths.read(root, path, None, None)
    except MemcairnError as error:
        raise unknown_resource(uri, error.message) from error
    root.note_used([window.path])
    meta = {"memcairn/truncated": True, "memcairn/lastLine": window.last_line}
    content = types.TextResourceContents(
        uri=uri, mime_type=MARKDOWN, text=window.text, _meta=meta if window.truncated else None
    )
    return types.ReadResourceResult(contents=[content])


def complete(root: OpenRoot, start: str) -> types.Completion:
    """Complete the path of a note that begins with `start`."""
    # The page begins after this path, and a note may have exactly this name.
    after = os.path.join(root.root, start)[:-1]
    notes = root.read_index(
        lambda db: catalogue.page(db, root.root, after=after, limit=_COMPLETIONS * 2)
    )
    found = [
        answers.line(path) for note in notes if (path := root.relative(note.path)).startswith(start)
    ]
    more = len(found) > _COMPLETIONS
    return types.Completion(values=found[:_COMPLETIONS], has_more=more)


def watched(uri: str) -> str | None:
    """The path of a resource that a client may watch; None if no file can have this URI."""
    try:
        path = path_of(uri)
        names.parts(path)
    except (MCPError, MemcairnError):
        return None
    return path
