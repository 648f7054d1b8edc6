"""ChatGPT's data export: conversations.json, and the memories that ChatGPT saved in conversations.

    [{"id", "title", "create_time", "update_time", "current_node",
      "mapping": {id: {"parent", "message": {"author": {"role"}, "content": {"parts"}, "recipient", …}}}}]

A conversation is a tree, because an edited prompt begins a branch; the shown branch ends at `current_node`.
What ChatGPT remembers of the user are messages to the recipient `bio`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memcairn.archive.importers import conversation
from memcairn.archive.importers.values import Export, ForeignNote, load_json, objects, seconds, text
from memcairn.errors import ArchiveRefused
from memcairn.formats.utc import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPEAKERS = {"user": "You", "assistant": "ChatGPT"}


def read(path: str) -> Export:
    """Read an export: its zip file, its folder, or a conversations.json."""
    export = Export()
    for name, found in load_json(path, "conversations.json", "conversations-*.json"):
        if not isinstance(found, list) or (
            found and not any(isinstance(one, dict) and "mapping" in one for one in found)
        ):
            raise ArchiveRefused(f"{name} is not a list of conversations of ChatGPT")
        for one in objects(found, export):
            _conversation(one, export)
    return export


def _conversation(found: dict[str, Any], export: Export) -> None:
    mapping = found.get("mapping")
    if not isinstance(mapping, dict):
        export.left_out["is a conversation without messages"] += 1
        return
    key = text(found.get("conversation_id")) or text(found.get("id"))
    messages: list[tuple[str, str]] = []
    for message in _branch(mapping, found.get("current_node")):
        said = _said(message)
        author = message.get("author")
        role = author.get("role") if isinstance(author, dict) else None
        if not said or not isinstance(role, str) or role not in _SPEAKERS:
            continue
        if message.get("recipient") == "bio":
            memory_key = text(message.get("id")) or f"{key}/{len(messages)}"
            at = seconds(message.get("create_time"))
            export.add(ForeignNote(memory_key, said, type="user", created_s=at))
        elif message.get("recipient", "all") == "all" and message.get("weight", 1) != 0:
            messages.append((_SPEAKERS[role], said))
    created, modified = seconds(found.get("create_time")), seconds(found.get("update_time"))
    day = utc_text(created)[:10] if created else ""
    title = text(found.get("title"))
    if not messages:
        export.left_out["is a conversation without messages"] += 1
        return
    export.add(conversation.note(key, title, messages, created, modified, day=day))


def _branch(mapping: dict[str, Any], last: object) -> Iterator[dict[str, Any]]:
    """The messages that the user saw, in their order."""
    nodes = []
    seen = set[str]()
    at = last
    while isinstance(at, str) and at not in seen:
        seen.add(at)
        node = mapping.get(at)
        if not isinstance(node, dict):
            break
        nodes.append(node)
        at = node.get("parent")
    if not nodes:  # earlier exports do not say which branch was shown
        nodes = [node for node in reversed(list(mapping.values())) if isinstance(node, dict)]
    for node in reversed(nodes):
        message = node.get("message")
        if isinstance(message, dict):
            yield message


def _said(message: dict[str, Any]) -> str:
    content = message.get("content")
    if not isinstance(content, dict) or content.get("content_type", "text") not in (
        "text",
        "multimodal_text",
    ):
        return ""
    parts = content.get("parts")
    return "\n\n".join(filter(None, map(text, parts))) if isinstance(parts, list) else ""
