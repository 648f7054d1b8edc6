"""The data export of claude.ai: conversations, what Claude remembers, and the documents of projects.

conversations.json   [{"uuid", "name", "created_at", "updated_at",
                       "chat_messages": [{"sender": "human", "text", "content": [{"type", "text"}]}]}]
memories.json        [{"conversations_memory": Markdown, "project_memories": {uuid: Markdown}}]
projects.json        [{"uuid", "name", "description", "prompt_template", "docs": [{"filename", "content"}]}]
"""

from __future__ import annotations

from typing import Any

from memcairn.archive.importers import conversation
from memcairn.archive.importers.values import (
    Export,
    ForeignNote,
    load_json,
    objects,
    seconds,
    short,
    text,
)
from memcairn.errors import ArchiveRefused
from memcairn.notes import subject

_SPEAKERS = {"human": "You", "assistant": "Claude"}


def read(path: str) -> Export:
    """Read an export: its zip file, its folder, or one of its documents."""
    export = Export()
    files = ("conversations", "memories", "projects")
    patterns = [f"{name}.json" for name in files] + [f"{name}/*.json" for name in files]
    projects: list[dict[str, Any]] = []
    memories: list[dict[str, Any]] = []
    known = 0
    for _, found in load_json(path, *patterns):
        for one in objects(found if isinstance(found, list) else [found], export):
            if isinstance(one.get("chat_messages"), list):
                _conversation(one, export)
            elif "conversations_memory" in one or "project_memories" in one:
                memories.append(one)
            elif "docs" in one or "prompt_template" in one:
                projects.append(one)
            else:
                export.left_out["is not a conversation, a memory or a project"] += 1
                continue
            known += 1
        known += found == []
    if not known:
        raise ArchiveRefused("is not an export of claude.ai")
    names = {text(one.get("uuid")): text(one.get("name")) for one in projects}
    for one in memories:
        _memories(one, names, export)
    for one in projects:
        _project(one, export)
    return export


def _conversation(found: dict[str, Any], export: Export) -> None:
    messages = [
        (_SPEAKERS[one["sender"]], _said(one))
        for one in objects(found["chat_messages"], export)
        if one.get("sender") in ("human", "assistant")
    ]
    if not any(said for _, said in messages):
        export.left_out["is a conversation without messages"] += 1
        return
    begun = text(found.get("created_at"))
    export.add(
        conversation.note(
            text(found.get("uuid")),
            text(found.get("name")),
            messages,
            seconds(begun),
            seconds(found.get("updated_at")),
            day=begun[:10] if seconds(begun) else "",
        )
    )


def _said(message: dict[str, Any]) -> str:
    blocks = message.get("content")
    found = [
        text(block.get("text"))
        for block in (blocks if isinstance(blocks, list) else [])
        if isinstance(block, dict) and block.get("type") == "text"
    ]
    return "\n\n".join(filter(None, found)) or text(message.get("text"))


def _memories(found: dict[str, Any], projects: dict[str, str], export: Export) -> None:
    said = text(found.get("conversations_memory"))
    if said.strip():
        title = "What Claude remembers"
        export.add(ForeignNote("conversations_memory", said, title, "user", path="memory.md"))
    of_projects = found.get("project_memories")
    for key, value in (of_projects if isinstance(of_projects, dict) else {}).items():
        name = projects.get(key) or key
        path = f"memory-{subject.slug(name, '') or 'project'}-{short(key)}.md"
        title = f"What Claude remembers of {name}"
        export.add(ForeignNote(key, text(value), title, "project", path=path))


def _project(found: dict[str, Any], export: Export) -> None:
    key, name = text(found.get("uuid")), text(found.get("name")) or "Project"
    folder = f"projects/{subject.slug(name, '') or 'project'}-{short(key)}"
    created, modified = seconds(found.get("created_at")), seconds(found.get("updated_at"))
    about = "\n\n".join(
        filter(None, (text(found.get(k)) for k in ("description", "prompt_template")))
    )
    if about.strip():
        path = f"{folder}/instructions.md"
        export.add(ForeignNote(key, about, name, "project", (), created, modified, path))
    docs = found.get("docs")
    for doc in objects(docs if isinstance(docs, list) else [], export):
        title = text(doc.get("filename")) or "Document"
        doc_key = text(doc.get("uuid")) or f"{key}/{title}"
        stem = title.rpartition(".")[0] or title
        path = f"{folder}/{subject.slug(stem, '') or 'document'}-{short(doc_key)}.md"
        at = seconds(doc.get("created_at"))
        export.add(
            ForeignNote(doc_key, text(doc.get("content")), title, "reference", (), at, path=path)
        )
