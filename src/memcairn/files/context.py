"""What a model should know at the start: MEMORY.md first, then passages, within a budget."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn import paths, safety
from memcairn.errors import NoteError
from memcairn.files.found import NOTICE, Found, checked, search
from memcairn.files.recent import recent
from memcairn.notes import frontmatter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.files.files import Files

# Passages asked for with a query, and notes looked at without one; the budget decides how many fit.
_MOST = 50
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
    passages: tuple[Found, ...]
    tokens: int


def tokens(text: str) -> int:
    """About how many tokens a model reads: four ASCII characters make one, and three bytes else."""
    size = len(text.encode("utf-8", "replace"))
    plain = size if text.isascii() else len(text.encode("ascii", "ignore"))
    return math.ceil(plain / 4 + (size - plain) / 3)


def gather(files: Files, max_tokens: int, query: str | None = None) -> Context:
    """MEMORY.md, then what is relevant to the query, or what changed last, within `max_tokens`."""
    index, truncated = _memory_md(files, max_tokens)
    left = max_tokens - tokens(index)
    passages: list[Found] = []
    for passage in search(files, query, limit=_MOST) if query else _recent(files):
        size = tokens(passage.text) + _FRAME_TOKENS
        if size > left:
            break
        passages.append(passage)
        left -= size
    return Context(NOTICE, index, truncated, tuple(passages), max_tokens - left)


def _memory_md(files: Files, max_tokens: int) -> tuple[str, bool]:
    try:
        files.memory.keep_memory_md()
        window = files.read(paths.MEMORY_MD)
    except NoteError:
        return "", False
    kept: list[str] = []
    left = max_tokens
    for line in window.text.splitlines(keepends=True):
        if line.startswith("<!-- memcairn:"):
            continue  # marks of ours, which hosts do not show either
        left -= tokens(line)
        if left < 0:
            return safety.redact("".join(kept)), True
        kept.append(line)
    return safety.redact("".join(kept)), window.truncated


def _recent(files: Files) -> Iterator[Found]:
    """The beginnings of the notes that changed last."""
    for note in recent(files, _MOST):
        path = files.shown(note.path)
        try:
            whole = files.read(path, end_line=_RECENT_LINES)
        except NoteError:
            continue
        _, first = frontmatter.split(whole.text)
        text = "".join(whole.text.splitlines(keepends=True)[first - 1 :]).strip("\n")
        if text:
            text, warnings = checked(text)
            yield Found(
                path=path,
                start_line=first,
                end_line=whole.last_line,
                heading=note.title,
                text=text,
                score=0.0,
                date=note.date,
                warnings=warnings,
            )
