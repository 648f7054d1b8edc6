"""Private parts of a text, in `<private>` tags: never indexed, shown or exported; the file keeps them."""

from __future__ import annotations

import re

WITHHELD = "(private)"
"""What stands in place of a private part where a reader should know that there is one."""

# A tag in a code span is about the tag.
_TAG = re.compile(r"(?<!`)<(/?)private\b[^>]{0,200}>(?!`)", re.IGNORECASE)


def without_private(text: str, instead: str = WITHHELD, *, keep_lines: bool = False) -> str:
    """The text with `instead` for each private part; an open one reaches to the end.

    Args:
        text: any text.
        instead: what stands in place of a part.
        keep_lines: also keep the line ends of each part, so that lines keep their numbers.
    """
    if "<" not in text:
        return text
    parts, at, depth = [], 0, 0
    for tag in _TAG.finditer(text):
        if depth == 0:
            parts.append(text[at : tag.start()] + ("" if tag[1] else instead))
        elif keep_lines:
            parts.append("\n" * text.count("\n", at, tag.end()))
        depth = max(0, depth - 1) if tag[1] else depth + 1
        at = tag.end()
    if depth == 0:
        parts.append(text[at:])
    elif keep_lines:
        parts.append("\n" * text.count("\n", at))
    return "".join(parts)
