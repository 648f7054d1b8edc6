"""How passages are printed; without click, so that a search need not load it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from memcairn.cli.text import printable, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from memcairn.search.passages import Passage


def as_json(passages: Sequence[Passage]) -> str:
    """One JSON document: a list of objects."""
    import json  # noqa: PLC0415 - takes a millisecond, and people read text

    return json.dumps([_as_object(passage) for passage in passages], ensure_ascii=False, indent=2)


def _as_object(passage: Passage) -> dict[str, Any]:
    return passage._asdict() | {"why": passage.why._asdict()}


def as_text(passages: Sequence[Passage], *, explain: bool = False) -> str:
    """path:line, heading path, date and what is wrong on a line, and the text below it.

    With `explain` there is a line between them with every part of the score.
    """
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
        blocks.append("\n".join((head, *(_explained(passage) if explain else ()), text)))
    return "\n\n".join(blocks)


def _explained(passage: Passage) -> Iterator[str]:
    """The score, what the rank is the sum of, and what both come from."""
    why = passage.why
    parts = [f"fused {why.fused:.3f}", f"inherited {why.inherited:.3f}"]
    if why.adjusted:
        what = "of the time asked for" if why.adjusted > 0 else "outdated"
        parts.append(f"{what} {why.adjusted:.3f}")
    meant = "" if why.cosine is None else f", cosine {why.cosine:.3f}"
    late = "" if why.maxsim is None else f", MaxSim {why.maxsim:.3f}"
    yield f"  score {passage.score:.2f}  rank {why.rank:.3f} = {' + '.join(parts)}"
    yield f"  words {why.words:.3f}{meant}{late}; holds {why.held:.0%} of the query: {_matched(passage)}"


def _matched(passage: Passage) -> str:
    return " ".join(map(printable, passage.matched)) or "none of its words"


def _outdated(passage: Passage) -> Iterator[str]:
    """Why the note no longer holds, if that is so."""
    if passage.expired is not None:
        yield f"(expired {passage.expired})"
    if passage.superseded_by is not None:
        yield f"(superseded by {shown(passage.superseded_by)})"


def _has_styles() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
