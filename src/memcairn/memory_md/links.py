"""The links that somebody wrote by hand in MEMORY.md, and the notes that they lead to."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from pyromark import Options, events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_NOTE_SUFFIXES = (".md", ".markdown")


@dataclass(frozen=True, slots=True)
class Target:
    """What one link names: a destination, or the name in a wiki-link."""

    written: str
    wiki: bool = False


class Paths(Protocol):
    """The paths of the notes of a root."""

    def has(self, path: str) -> bool:
        """Whether a note is at `path`, relative to the root."""

    def with_file_name(self, name: str) -> Sequence[str]:
        """The paths of the notes whose last part is `name`."""


def targets(text: str) -> list[Target]:
    """Every link in a Markdown text, in order, each once; images, code and HTML hold none."""
    if "](" not in text and "[[" not in text and "]:" not in text:
        return []
    # The parser takes no surrogates.
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return list(dict.fromkeys(_found(text)))


def _found(text: str) -> Iterator[Target]:
    for event in events(text, options=Options.ENABLE_WIKILINKS):
        if not isinstance(event, dict):
            continue
        start = event.get("Start")
        if isinstance(start, dict) and "Link" in start:
            link = start["Link"]
            yield Target(link["dest_url"], wiki=isinstance(link["link_type"], dict))


def note_of(target: Target, paths: Paths) -> str | None:
    """The path of the note that a link leads to, None if it leads to none.

    A wiki-link names a path from the root or a file name, with or without `.md`; of several files
    of that name, the one with the shortest path is meant.
    """
    for path in _candidates(target):
        if paths.has(path):
            return path
    if target.wiki:
        for path in _candidates(target):
            found = paths.with_file_name(path) if "/" not in path else ()
            if found:
                return min(found, key=lambda path: (len(path), path))
    return None


def missing_note(target: Target) -> str | None:
    """The path that a link to no note seems to mean; None if it does not look like a note's."""
    if target.wiki:
        return target.written.partition("#")[0] or None
    if _elsewhere(target.written.strip()):
        return None
    return next((path for path in _candidates(target) if path.endswith(_NOTE_SUFFIXES)), None)


def _elsewhere(written: str) -> bool:
    """Whether a destination has a scheme, or starts at the top of some host or disk."""
    return written.startswith("/") or _SCHEME.match(written) is not None


def _candidates(target: Target) -> list[str]:
    written = target.written.strip()
    if target.wiki:
        name = posixpath.normpath(written.partition("#")[0].strip() or ".")
        found = [name, f"{name}.md"]
    else:
        plain = written.partition("#")[0]
        found = [unquote(plain, errors="surrogateescape"), plain]
        found += [unquote(written, errors="surrogateescape"), written]
        if _elsewhere(written):
            found = [written]  # a note may have a colon in its name
        found = [posixpath.normpath(path) for path in found if path]
    return [path for path in dict.fromkeys(found) if path != "." and not path.startswith("../")]
