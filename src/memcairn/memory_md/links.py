"""Links written by hand in MEMORY.md, and the notes that they lead to."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pyromark import Options, events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.store.memory_md import MemoryMdNotes

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_NOTE_SUFFIXES = (".md", ".markdown")


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a link: a destination, or the name in a wiki-link."""

    text: str
    wiki: bool = False


def targets(text: str) -> list[Target]:
    """The distinct links in a Markdown text, in order; images, code and HTML have none."""
    if "](" not in text and "[[" not in text and "]:" not in text:
        return []
    # The parser refuses surrogates.
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return list(dict.fromkeys(_link_events(text)))


def _link_events(text: str) -> Iterator[Target]:
    for event in events(text, options=Options.ENABLE_WIKILINKS):
        if not isinstance(event, dict):
            continue
        start = event.get("Start")
        if isinstance(start, dict) and "Link" in start:
            link = start["Link"]
            yield Target(link["dest_url"], wiki=isinstance(link["link_type"], dict))


def note_of(target: Target, notes: MemoryMdNotes) -> str | None:
    """The path of the note that a link leads to, None if there is none.

    A wiki-link names a path relative to the root or a file name, with or without `.md`. Of several
    files with that name, it leads to the one with the shortest path.
    """
    for path in _candidates(target):
        if notes.at(path) is not None:
            return path
    if target.wiki:
        for path in _candidates(target):
            found = notes.with_file_name(path) if "/" not in path else ()
            if found:
                return min(found, key=lambda path: (len(path), path))
    return None


def missing_note(target: Target) -> str | None:
    """The path that a link without a note names; None if it does not look like a note's path."""
    if target.wiki:
        return target.text.partition("#")[0] or None
    if _is_absolute(target.text.strip()):
        return None
    return next((path for path in _candidates(target) if path.endswith(_NOTE_SUFFIXES)), None)


def _is_absolute(destination: str) -> bool:
    """Whether a destination has a scheme or is an absolute path."""
    return destination.startswith("/") or _SCHEME.match(destination) is not None


def _candidates(target: Target) -> list[str]:
    text = target.text.strip()
    if target.wiki:
        name = posixpath.normpath(text.partition("#")[0].strip() or ".")
        found = [name, f"{name}.md"]
    else:
        plain = text.partition("#")[0]
        found = [unquote(plain, errors="surrogateescape"), plain]
        found += [unquote(text, errors="surrogateescape"), text]
        if _is_absolute(text):
            found = [text]  # The name of a note may contain a colon.
        found = [posixpath.normpath(path) for path in found if path]
    return [path for path in dict.fromkeys(found) if path != "." and not path.startswith("../")]
