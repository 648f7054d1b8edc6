"""A conversation as a note: one section for each message, so that each can be found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.importers.values import ForeignNote
from memcairn.notes import subject

if TYPE_CHECKING:
    from collections.abc import Iterable

# The rest of an identifier that tells conversations of one title and day apart.
_KEY_CHARS = 8


def note(
    key: str,
    title: str,
    messages: Iterable[tuple[str, str]],
    created_s: float | None,
    modified_s: float | None,
    *,
    day: str,
) -> ForeignNote:
    """The note of a conversation.

    Args:
        key: its identifier in the export.
        title: "": its first message says it.
        messages: who speaks, and the text.
        created_s: when it began.
        modified_s: when it was continued last.
        day: of its beginning, for the name of the file; "" if unknown.
    """
    parts = [(who, text.strip()) for who, text in messages if text.strip()]
    first = next((text for who, text in parts if who == "You"), "")
    title = " ".join(title.split()) or subject.subject(first or "Conversation")
    name = "-".join(filter(None, (day, subject.slug(title, first), _short(key))))
    body = "\n\n".join(f"## {who}\n\n{text}" for who, text in parts)
    return ForeignNote(
        key,
        body,
        title,
        "reference",
        (),
        created_s,
        modified_s,
        path=f"{name or 'conversation'}.md",
    )


def _short(key: str) -> str:
    return "".join(c for c in key if c.isascii() and c.isalnum())[:_KEY_CHARS].lower()
