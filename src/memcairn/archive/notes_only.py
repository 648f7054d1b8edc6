"""Which files an archive has, and may bring: notes, and the pictures and documents beside them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memcairn import walk

if TYPE_CHECKING:
    from collections.abc import Collection


def why_no_note(path: str, data: bytes, suffixes: Collection[str]) -> str | None:
    """Why a file does not belong into an archive; None if it does."""
    *folders, name = path.split("/")
    if any(part.startswith(".") for part in (*folders, name)):
        return "is hidden, as settings of programs are"
    if not all(walk.may_hold_notes(folder) for folder in folders):
        return "is in a folder that programs fill, not notes"
    if os.path.splitext(name)[1].lower() not in suffixes:
        return "is neither a note nor an attachment of one"
    if walk.is_page(path, data):
        return "is an index page, which is made anew from the notes"
    return None
