"""How passages are printed; without click, so that a search need not load it."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from memcairn.cli.text import printable, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from memcairn.search.passages import Passage


def as_json(passages: Sequence[Passage]) -> str:
    """One JSON document: a list of objects."""
    return json.dumps([passage._asdict() for passage in passages], ensure_ascii=False, indent=2)


def as_text(passages: Sequence[Passage]) -> str:
    """path:line, heading path, date and what is wrong on a line, and the text below it."""
    bold, plain = ("\x1b[1m", "\x1b[0m") if _has_styles() else ("", "")
    blocks = []
    for passage in passages:
        place = f"{bold}{shown(passage.path)}:{passage.start_line}{plain}"
        above = " › ".join(passage.heading_path) or passage.title
        parts = (place, printable(above), passage.date, *_outdated(passage))
        head = "  ".join(part for part in parts if part)
        text = "\n".join(
            f"    {printable(line)}".rstrip() for line in passage.text.strip("\n").split("\n")
        )
        blocks.append(f"{head}\n{text}")
    return "\n\n".join(blocks)


def _outdated(passage: Passage) -> Iterator[str]:
    """Why the note no longer holds, if that is so."""
    if passage.expired is not None:
        yield f"(expired {passage.expired})"
    if passage.superseded_by is not None:
        yield f"(superseded by {shown(passage.superseded_by)})"


def _has_styles() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
