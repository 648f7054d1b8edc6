"""mcp-memory-service: the JSON of its export.

{"export_metadata": {…},
 "memories": [{"content", "content_hash", "tags", "memory_type", "created_at", "updated_at", "metadata"}]}
"""

from __future__ import annotations

from memcairn.archive.importers.values import (
    Export,
    ForeignNote,
    load_json,
    objects,
    seconds,
    text,
    texts,
)
from memcairn.errors import ArchiveRefused


def read(path: str) -> Export:
    """Read an export."""
    export = Export()
    for _, found in load_json(path, "*.json"):
        memories = found.get("memories") if isinstance(found, dict) else None
        if not isinstance(memories, list):
            raise ArchiveRefused("is not an export of mcp-memory-service")
        kept = objects(memories, export)
        if kept and not any("content" in one for one in kept):
            raise ArchiveRefused("is not an export of mcp-memory-service")
        for one in kept:
            said = text(one.get("content"))
            tags = (*texts(one.get("tags")), text(one.get("memory_type")))
            created = seconds(one.get("created_at")) or seconds(one.get("created_at_iso"))
            modified = seconds(one.get("updated_at")) or seconds(one.get("updated_at_iso"))
            export.add(
                ForeignNote(
                    text(one.get("content_hash")) or said,
                    said,
                    tags=tuple(filter(None, tags)),
                    created_s=created,
                    modified_s=modified,
                )
            )
    return export
