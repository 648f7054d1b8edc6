"""Gather the context that a model loads at the start: MEMORY.md, then passages, within a budget."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import NoteError
from memcairn.notes import frontmatter
from memcairn.root.overview import recent
from memcairn.root.search import NOTICE, RootPassage, redacted, search
from memcairn.safety import secrets
from memcairn.search.query import Query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.root.open_root import OpenRoot

# Passages requested with a query, and notes read without one; the budget limits how many are returned.
_MAX_PASSAGES = 50
# The size of a passage's path, lines and title.
_FRAME_TOKENS = 30
_RECENT_LINES = 40


@dataclass(frozen=True, slots=True)
class Context:
    """Memories within a token budget.

    Attributes:
        notice: tells the model what the contents are.
        memory_md: whole lines from the start of MEMORY.md; `memory_md_truncated`: there are more.
        passages: passages relevant to the query, best first; without a query, the latest notes.
        tokens: the approximate size of all this in tokens.
    """

    notice: str
    memory_md: str
    memory_md_truncated: bool
    passages: tuple[RootPassage, ...]
    tokens: int


def tokens(text: str) -> int:
    """Estimate the tokens in a text: four ASCII characters, or three other bytes, make one token."""
    size = len(text.encode("utf-8", "replace"))
    plain = size if text.isascii() else len(text.encode("ascii", "ignore"))
    return math.ceil(plain / 4 + (size - plain) / 3)


def gather(root: OpenRoot, max_tokens: int, query: str | None = None) -> Context:
    """Return MEMORY.md, then passages relevant to the query or the latest notes, within `max_tokens`."""
    index, truncated = _memory_md(root, max_tokens)
    left = max_tokens - tokens(index)
    passages: list[RootPassage] = []
    for passage in search(root, Query(query, _MAX_PASSAGES)) if query else _recent(root):
        size = tokens(passage.text) + _FRAME_TOKENS
        if size > left:
            break
        passages.append(passage)
        left -= size
    return Context(NOTICE, index, truncated, tuple(passages), max_tokens - left)


def _memory_md(root: OpenRoot, max_tokens: int) -> tuple[str, bool]:
    try:
        root.engine.refresh_memory_md()
        window = root.read(paths.MEMORY_MD)
    except NoteError:
        return "", False
    lines: list[str] = []
    left = max_tokens
    for line in window.text.splitlines(keepends=True):
        if line.startswith("<!-- memcairn:"):
            continue  # memcairn's markers, which hosts do not show either
        left -= tokens(line)
        if left < 0:
            return secrets.redact("".join(lines)), True
        lines.append(line)
    return secrets.redact("".join(lines)), window.truncated


def _recent(root: OpenRoot) -> Iterator[RootPassage]:
    """The first lines of the latest notes."""
    for note in recent(root, _MAX_PASSAGES):
        path = root.relative(note.path)
        try:
            whole = root.read(path, end_line=_RECENT_LINES)
        except NoteError:
            continue
        _, first = frontmatter.split(whole.text)
        text = "".join(whole.text.splitlines(keepends=True)[first - 1 :]).strip("\n")
        if text:
            _, warnings = redacted(f"{note.title}\n{text}")
            text, _ = redacted(text)
            yield RootPassage(
                path=path,
                start_line=first,
                end_line=whole.last_line,
                heading=secrets.redact(note.title),
                text=text,
                score=0.0,
                date=note.date,
                warnings=warnings,
            )
