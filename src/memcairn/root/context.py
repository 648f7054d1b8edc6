"""What a model should know at the start: MEMORY.md first, then passages, within a budget."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import NoteError
from memcairn.notes import frontmatter
from memcairn.root.overview import recent
from memcairn.root.search import NOTICE, RootPassage, checked, search
from memcairn.safety import secrets
from memcairn.search.query import Query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.root.open_root import OpenRoot

# Passages requested with a query, and notes read without one; the budget limits how many are returned.
_MAX_PASSAGES = 50
# What stands around a passage: its path, lines and title.
_FRAME_TOKENS = 30
_RECENT_LINES = 40


@dataclass(frozen=True, slots=True)
class Context:
    """What is remembered, as far as the budget reaches.

    Attributes:
        notice: what all of it is, for the model.
        memory_md: MEMORY.md, whole lines from its start; `memory_md_truncated`: it has more.
        passages: relevant to the query, best first; without a query the notes changed last.
        tokens: about how many there are in all of this.
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
    """MEMORY.md, then what is relevant to the query, or what changed last, within `max_tokens`."""
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
    kept: list[str] = []
    left = max_tokens
    for line in window.text.splitlines(keepends=True):
        if line.startswith("<!-- memcairn:"):
            continue  # marks of ours, which hosts do not show either
        left -= tokens(line)
        if left < 0:
            return secrets.redact("".join(kept)), True
        kept.append(line)
    return secrets.redact("".join(kept)), window.truncated


def _recent(root: OpenRoot) -> Iterator[RootPassage]:
    """The beginnings of the notes that changed last."""
    for note in recent(root, _MAX_PASSAGES):
        path = root.relative(note.path)
        try:
            whole = root.read(path, end_line=_RECENT_LINES)
        except NoteError:
            continue
        _, first = frontmatter.split(whole.text)
        text = "".join(whole.text.splitlines(keepends=True)[first - 1 :]).strip("\n")
        if text:
            text, warnings = checked(text)
            yield RootPassage(
                path=path,
                start_line=first,
                end_line=whole.last_line,
                heading=note.title,
                text=text,
                score=0.0,
                date=note.date,
                warnings=warnings,
            )
