"""A conversation as a note: one section for each message, so that each can be found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.archive.importers.values import ForeignNote, short
from memcairn.notes import subject
from memcairn.safety import secrets
from memcairn.safety.private import without_private

if TYPE_CHECKING:
    from collections.abc import Iterable


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
    # The name of a file is shown in many places.
    first = _public(next((text for who, text in parts if who == "You"), ""))
    title = " ".join(_public(title).split()) or subject.subject(first or "Conversation")
    name = "-".join(filter(None, (day, subject.slug(title, first), short(key, repr(parts)))))
    body = "\n\n".join(f"## {who}\n\n{text}" for who, text in parts)
    return ForeignNote(
        key,
        body,
        title,
        "reference",
        (),
        created_s,
        modified_s,
        path=f"{name}.md",
    )


def _public(text: str) -> str:
    return secrets.redact(without_private(text))
