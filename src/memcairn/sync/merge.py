"""Merge a note that changed on two machines, part by part.

Frontmatter merges key by key: a key that one side changed, lists as sets, dates the later one. The body
merges line by line. Where both sides changed the same, theirs stays, and ours becomes a note beside it:
never a conflict marker.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn.errors import NoteError
from memcairn.notes import frontmatter
from memcairn.sync import git

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFLICT = re.compile(r"\.conflict-[\w-]+-[0-9a-f]{8}(?=\.[^./]*\Z|\Z)")
_DATE_KEYS = frozenset({"modified", "updated", "last_modified", "reviewed"})
_MISSING = object()


class Merged(NamedTuple):
    """The merged content; `ours` is what must be kept beside it, if both sides changed the same."""

    content: bytes
    ours: bytes | None = None


def merge(base: bytes, ours: bytes, theirs: bytes) -> Merged:
    """Merge two contents of a file with their common ancestor, b"" if there is none."""
    if ours in (theirs, base):
        return Merged(theirs)
    if theirs == base:
        return Merged(ours)
    try:
        texts = [text.decode() for text in (base, ours, theirs)]
    except UnicodeDecodeError:
        return Merged(theirs, ours)
    parts = [_split(text) for text in texts]
    body = _merged_lines(*(part[1] for part in parts))
    if body is None:
        return Merged(theirs, ours)
    if parts[1][0] == parts[2][0]:
        return Merged((parts[2][0] + body).encode())
    head = _merged_head(*(part[0] for part in parts))
    return Merged(theirs, ours) if head is None else Merged((head + body).encode())


def conflict_path(path: str, who: str, ours: bytes) -> str:
    """Where our text of a conflict is kept, beside the note."""
    stem, suffix = os.path.splitext(CONFLICT.sub("", path))
    return f"{stem}.conflict-{who}-{hashlib.sha256(ours).hexdigest()[:8]}{suffix}"


def conflict_note(path: str, ours: bytes) -> bytes:
    """Our text with `conflict_of` in its frontmatter; the text itself if it can have none."""
    if not path.lower().endswith((".md", ".markdown")):
        return ours
    try:
        text = ours.decode()
        return frontmatter.update(text, {"conflict_of": os.path.basename(path)}).encode()
    except (UnicodeDecodeError, NoteError):
        return ours


def _split(text: str) -> tuple[str, str]:
    _, first = frontmatter.split(text)
    lines = text.split("\n")
    head = "".join(line + "\n" for line in lines[: first - 1])
    return head, text[len(head) :]


def _merged_lines(base: str, ours: str, theirs: str) -> str | None:
    """The merged text; None if both sides changed the same lines."""
    if ours in (theirs, base):
        return theirs
    if theirs == base:
        return ours
    with tempfile.TemporaryDirectory(prefix="memcairn-merge-") as folder:
        names = []
        for name, text in (("ours", ours), ("base", base), ("theirs", theirs)):
            names.append(os.path.join(folder, name))
            with open(names[-1], "wb") as file:
                file.write(text.encode())
        # The exit code counts the conflicts, up to 127.
        merged = git.run("merge-file", "--stdout", "--quiet", *names, cwd=folder, ok=127)
        check = git.run("merge-file", "--stdout", "--quiet", "--ours", *names, cwd=folder, ok=127)
    return merged.decode() if merged == check else None


def _merged_head(base: str, ours: str, theirs: str) -> str | None:
    """Their frontmatter with our changes; None if both changed a value that is no list or date."""
    heads = [frontmatter.parse(text) for text in (base, ours, theirs)]
    if any(head.problems for head in heads) or not (ours and theirs):
        return None
    old, mine, other = (head.values for head in heads)
    changes: dict[str, Any] = {}
    for key in dict.fromkeys((*old, *mine, *other)):
        found = [values.get(key, _MISSING) for values in (old, mine, other)]
        value = _merged_value(key, *found)
        if value is NotImplemented:
            return None
        if value != found[2]:
            changes[key] = None if value is _MISSING else value
    try:
        return frontmatter.update(theirs, changes) if changes else theirs
    except NoteError:
        return None


def _merged_value(key: str, old: Any, mine: Any, other: Any) -> Any:
    """One value of the frontmatter, _MISSING for none; NotImplemented if both sides changed it."""
    if mine in (other, old):
        return other
    if other == old:
        return mine
    if isinstance(mine, list) and isinstance(other, list):
        before = old if isinstance(old, list) else []
        removed = [one for one in before if one not in mine or one not in other]
        return [
            one
            for one in (*other, *(one for one in mine if one not in other))
            if one not in removed
        ]
    if key.lower() in _DATE_KEYS and _MISSING not in (mine, other):
        return max(mine, other, key=str)
    return NotImplemented


def values_of(text: str) -> Mapping[str, Any]:
    """The frontmatter of a note."""
    return frontmatter.parse(text).values
