"""Links between the notes of a root: find those that lead to a note, and let them follow it."""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from memcairn.errors import NoteError
from memcairn.store import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from memcairn.root.open_root import OpenRoot

_LINK = re.compile(
    r"(?P<inline>\]\(\s*<?)(?P<dest>[^()\s<>#]+)"
    r"|(?P<wiki>\[\[)(?P<name>[^\[\]|#]+)"
    r"|(?P<definition>^ {0,3}\[[^\[\]]+\]:[ \t]*<?)(?P<target>[^\s<>#]+)"
    r"|(?P<key>^(?:superseded_by|supersedes):[ \t]*[\"']?)(?P<value>[^\s\"'#]+)",
    re.MULTILINE,
)
_GROUPS = (
    ("inline", "dest"),
    ("wiki", "name"),
    ("definition", "target"),
    ("key", "value"),
)


def linking(root: OpenRoot, paths: Iterable[str]) -> list[str]:
    """The notes that link to one of these notes, by their path relative to the root."""
    wanted = set(paths)
    stems = {os.path.splitext(posixpath.basename(path))[0] for path in wanted}
    names = sorted({*stems, *map(quote, stems)})
    if not names:
        return []
    found = root.engine.databases.run(
        lambda opened: catalogue.mentioning(opened.db, root.root, names)
    )
    linking_notes = []
    for note in map(root.relative, found):
        text = None if note in wanted else _text(root, note)
        if text is not None and _relinked(text, note, dict.fromkeys(wanted, "")) != text:
            linking_notes.append(note)
    return linking_notes


def relink(root: OpenRoot, notes: Sequence[str], moved: Mapping[str, str]) -> None:
    """Change the links in notes that lead to a moved note; to be called while the change is recorded.

    Args:
        root: the root.
        notes: the notes to change, as `linking` found them.
        moved: the new path of each moved note, by its old one.
    """
    for note in notes:
        text = _text(root, note)
        if text is not None and (changed := _relinked(text, note, moved)) != text:
            root.vault.write(note, changed, overwrite=True)


def _text(root: OpenRoot, path: str) -> str | None:
    try:
        return root.vault.read_bytes(path).decode()
    except (NoteError, UnicodeDecodeError):
        return None


def _relinked(text: str, note: str, moved: Mapping[str, str]) -> str:
    folder = posixpath.dirname(note)

    def changed(match: re.Match[str]) -> str:
        before, group = next(names for names in _GROUPS if match[names[0]] is not None)
        old = match[group]
        new = _new_name(old, folder, moved, wiki=before == "wiki")
        return match[0] if new is None else match[before] + new

    return _LINK.sub(changed, text)


def _new_name(old: str, folder: str, moved: Mapping[str, str], *, wiki: bool) -> str | None:
    """What a link says instead of `old`; None if it does not lead to a moved note."""
    plain = old.strip() if wiki else unquote(old)
    for name in (plain, f"{plain}.md") if wiki else (plain,):
        if not wiki or "/" in name:
            for base in (folder, ""):
                path = posixpath.normpath(posixpath.join(base, name))
                if path in moved:
                    new = posixpath.relpath(moved[path], base or ".") if moved[path] else ""
                    return _spelled(new, old, wiki=wiki)
        else:
            for path, new in moved.items():
                if posixpath.basename(path) == name:
                    return _spelled(posixpath.basename(new), old, wiki=wiki)
    return None


def _spelled(new: str, old: str, *, wiki: bool) -> str:
    if wiki:
        return new if old.strip().endswith(".md") else new.removesuffix(".md")
    return quote(new, safe="/~+@!$&'()*,;=:") if "%" in old else new.replace(" ", "%20")
