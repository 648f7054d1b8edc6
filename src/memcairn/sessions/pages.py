"""Old session notes: the handoffs of a month on one page, <project>/2026-10.md, each under a heading.

A page is only appended to, so that one more note costs the same however long the page is. A note is deleted
once its page has it; after a crash between these, both have it, and the next call deletes the note.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from memcairn.fs import lock
from memcairn.sessions import note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.sessions.note import Handoff

DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PAGE = re.compile(r"\d{4}-\d\d\.md")
MAX_BYTES = 64 << 20
# What a crash left on a page twice is at its end.
_TAIL_BYTES = 256 << 10


def fold(folder: str, before: str, *, max_notes: int) -> int:
    """Move the handoffs of old notes onto the pages of their months.

    Args:
        folder: the folder of the project's notes.
        before: the first day whose notes stay.
        max_notes: how many notes are folded at most, the oldest first.

    Returns:
        The number of notes.

    Raises:
        OSError, TimeoutError: a page cannot be written; its notes stay.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return 0
    number = 0
    for day in (name for name in names if DAY.fullmatch(name) and name < before):
        number += _fold_day(folder, day, max_notes - number)
        if number >= max_notes:
            break
    return number


def _fold_day(folder: str, day: str, max_notes: int) -> int:
    month, of_day = day[:7], os.path.join(folder, day)
    with lock.folder(folder):
        names = sorted(name for name in os.listdir(of_day) if name.endswith(".md"))[:max_notes]
        with open(os.open(_page(folder, month), os.O_RDWR | os.O_CREAT, 0o600), "r+b") as page:
            size = page.seek(0, os.SEEK_END)
            page.seek(max(size - _TAIL_BYTES, 0))
            known = page.read().decode("utf-8", "replace")
            text = "" if size else f"# Sessions of {month}\n"
            texts = {name: read(os.path.join(of_day, name)) for name in names}
            for note_text in texts.values():
                for section in _shortened(note_text or ""):
                    if section.split("\n", 1)[0] + "\n" not in known:
                        text += "\n" + section
            page.write(text.encode("utf-8", "replace"))
            page.flush()
            os.fsync(page.fileno())
    for name, note_text in texts.items():
        if note_text is not None:
            os.unlink(os.path.join(of_day, name))
    with contextlib.suppress(OSError):
        os.rmdir(of_day)
    return len(names)


def _shortened(text: str) -> Iterator[str]:
    """What a page keeps of a note: the handoff of each branch."""
    found = note.read(text, None)
    if found is None:
        return
    branches = found.fields.get("branches") or [found.fields.get("branch") or ""]
    for branch in branches if isinstance(branches, list) else []:
        part = note.read(text, str(branch))
        if part is not None:
            yield f"{_title(str(found.fields.get('session')), str(branch))}\n\n{part.text}\n"


def _title(id_: str, branch: str) -> str:
    return f"## {branch or note.NO_BRANCH}, session {id_}"


def handoff(folder: str, month: str, id_: str, branch: str | None) -> Handoff | None:
    """The handoff of a session whose note was folded; without a branch, the first one that it has."""
    text = read(_page(folder, month)) or ""
    end = f", session {id_}\n\n"
    at = text.find(end if branch is None else f"{_title(id_, branch)}\n\n")
    if at < 0:
        return None
    body = text[text.index("\n\n", at) + 2 :]
    return note.Handoff(body.partition("\n\n## ")[0].strip(), {"session": id_})


def find(folder: str, id_: str) -> str | None:
    """What the pages of a project have of a session."""
    try:
        months = sorted(filter(_PAGE.fullmatch, os.listdir(folder)), reverse=True)
    except OSError:
        return None
    for month in months:
        text = read(os.path.join(folder, month)) or ""
        end, sections = f", session {id_}\n", []
        at = text.find(end)
        while at >= 0:
            begins, ends = text.rfind("\n## ", 0, at), text.find("\n## ", at)
            sections.append(text[begins : ends if ends >= 0 else len(text)].strip())
            at = text.find(end, at + 1)
        if sections:
            return "\n\n".join(sections)
    return None


def _page(folder: str, month: str) -> str:
    return os.path.join(folder, f"{month}.md")


def read(path: str) -> str | None:
    """The text of a note or a page; None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
