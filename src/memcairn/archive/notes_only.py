"""Which files an archive has, and may bring: notes, and the pictures and documents beside them."""

from __future__ import annotations

import os

from memcairn.archive.values import SUFFIXES
from memcairn.fs import walk


def refusal_reason(path: str, data: bytes) -> str | None:
    """Why a file does not belong into an archive; None if it does."""
    *folders, name = path.split("/")
    if any(part.startswith(".") for part in (*folders, name)):
        return "is hidden, as settings of programs are"
    if not all(walk.may_hold_notes(folder) for folder in folders):
        return "is in a folder that programs fill, not notes"
    if os.path.splitext(name)[1].lower() not in SUFFIXES:
        return "is neither a note nor an attachment of one"
    if walk.is_page(path, data):
        return "is an index page, which is made anew from the notes"
    return None
