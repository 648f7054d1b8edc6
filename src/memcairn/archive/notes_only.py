"""Which files an archive may contain: notes, and the pictures and documents beside them."""

from __future__ import annotations

import os

from memcairn.archive.values import SUFFIXES
from memcairn.fs import walk


def refusal_reason(path: str, data: bytes) -> str | None:
    """The reason why a file must not be in an archive; None if it may."""
    *folders, name = path.split("/")
    if any(part.startswith(".") for part in (*folders, name)):
        return "is hidden, like the settings of programs"
    if not all(walk.may_hold_notes(folder) for folder in folders):
        return "is in a folder of generated files"
    if os.path.splitext(name)[1].lower() not in SUFFIXES:
        return "is neither a note nor an attachment"
    if walk.is_page(path, data):
        return "is an index page, which is rebuilt from the notes"
    return None
