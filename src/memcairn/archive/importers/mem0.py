"""mem0: memories as its clients return them (`get_all`), or as an export.

[{"id", "memory", "created_at", "updated_at", "categories", "user_id"}]      or {"results": […]}
"""

from __future__ import annotations

from typing import Any

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

_LISTS = ("results", "memories", "records")


def read(path: str) -> Export:
    """Read an export."""
    export = Export()
    for _, found in load_json(path, "*.json"):
        memories = objects(_memories(found), export)
        if memories and not any(map(_said, memories)):
            raise ArchiveRefused("is not an export of mem0")
        for one in memories:
            tags = (*texts(one.get("categories")), text(one.get("user_id")))
            export.add(
                ForeignNote(
                    text(one.get("id")) or _said(one),
                    _said(one),
                    tags=tuple(filter(None, tags)),
                    created_s=seconds(one.get("created_at")),
                    modified_s=seconds(one.get("updated_at")),
                )
            )
    return export


def _memories(found: Any) -> list[Any]:
    if isinstance(found, dict) and isinstance(found.get("data"), dict | list):
        found = found["data"]
    if isinstance(found, dict):
        found = next((found[name] for name in _LISTS if name in found), None)
    if not isinstance(found, list):
        raise ArchiveRefused("is not an export of mem0")
    return found


def _said(found: dict[str, Any]) -> str:
    return text(found.get("memory")) or text(found.get("content"))
