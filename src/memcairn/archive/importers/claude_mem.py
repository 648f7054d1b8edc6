"""claude-mem: the JSON that its script export-memories writes.

    {"observations": [{"id", "project", "type", "title", "subtitle", "narrative", "facts", "concepts",
                       "files_modified", "created_at"}],
     "summaries": [{"id", "project", "request", "learned", "completed", "next_steps", "created_at"}], …}

`facts`, `concepts` and the files are lists, or lists as JSON.
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
from memcairn.safety.private import without_private

_SUMMARY = ("request", "investigated", "learned", "completed", "next_steps", "notes")


def read(path: str) -> Export:
    """Read an export."""
    export = Export()
    for _, found in load_json(path, "*.json"):
        if not isinstance(found, dict) or not isinstance(found.get("observations"), list):
            raise ArchiveRefused("is not an export of claude-mem")
        for one in objects(found["observations"], export):
            _observation(one, export)
        summaries = found.get("summaries")
        for one in objects(summaries if isinstance(summaries, list) else [], export):
            _summary(one, export)
        prompts = found.get("prompts")
        if isinstance(prompts, list) and prompts:
            export.left_out["is a prompt"] += len(prompts)
    return export


def _observation(found: dict[str, Any], export: Export) -> None:
    facts = texts(found.get("facts"))
    said = [
        text(found.get("subtitle")),
        text(found.get("narrative")) or text(found.get("text")),
        "\n".join(f"- {fact}" for fact in facts),
    ]
    # A private part in a code span would not be seen.
    files = list(map(without_private, texts(found.get("files_modified"))))
    if files:
        said.append("Files: " + ", ".join(f"`{file}`" for file in files))
    title = text(found.get("title"))
    body = "\n\n".join(filter(None, said)) or title
    export.add(_note("observation", found, body, title, texts(found.get("concepts"))))


def _summary(found: dict[str, Any], export: Export) -> None:
    parts = [(name, text(found.get(name)).strip()) for name in _SUMMARY]
    body = "\n\n".join(
        f"**{name.replace('_', ' ').capitalize()}:** {said}" for name, said in parts if said
    )
    title = " ".join(text(found.get("request")).split())[:80]
    export.add(_note("summary", found, body, title, ()))


def _note(
    kind: str, found: dict[str, Any], body: str, title: str, concepts: tuple[str, ...]
) -> ForeignNote:
    at = seconds(found.get("created_at")) or seconds(found.get("created_at_epoch"))
    tags = (text(found.get("type")), text(found.get("project")), *concepts)
    key = f"{kind}/{found.get('id')}/{found.get('memory_session_id')}"
    return ForeignNote(key, body, title, "project", tuple(dict.fromkeys(filter(None, tags))), at)
