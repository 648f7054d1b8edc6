r"""Take a range of lines from a text, and replace one passage. Pure functions over strings.

Only "\n" and "\r\n" end a line. Lines count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from memcairn.errors import UsageError

BOM = "\ufeff"
_SHOWN_LINES = 10


@dataclass(frozen=True, slots=True)
class LineWindow:
    """Some lines of a text, with their line endings.

    Attributes:
        first: the first line; `last`: the last one, or first - 1 if there are none.
        total: the number of lines of the whole text.
        truncated: requested lines are missing at the end, or the only line is cut.
    """

    text: str
    first: int
    last: int
    total: int
    truncated: bool


def window(text: str, start: int | None, end: int | None, max_bytes: int) -> LineWindow:
    """Lines `start` to `end` of a text, both included, up to `max_bytes` of UTF-8.

    Only whole lines are returned, except that a first line longer than `max_bytes` is cut.

    Args:
        text: the whole text.
        start: None is 1. Past the end of the text, the result is empty.
        end: None is the last line.
        max_bytes: at least 4, so that any character fits.

    Raises:
        UsageError: `start` is less than 1, or `end` less than `start`.
    """
    first = 1 if start is None else start
    if first < 1 or (end is not None and end < first):
        raise UsageError("lines count from 1, and the last must not be before the first")
    lines = text.split("\n")
    ends = [f"{line}\n" for line in lines[:-1]]
    if lines[-1]:
        ends.append(lines[-1])
    wanted = ends[first - 1 : end]
    kept, room = 0, max_bytes
    for line in wanted:
        room -= len(line.encode())
        if room < 0:
            break
        kept += 1
    if wanted and not kept:
        cut = wanted[0].encode()[:max_bytes].decode(errors="ignore")
        return LineWindow(cut, first, first, len(ends), truncated=True)
    return LineWindow(
        "".join(wanted[:kept]), first, first + kept - 1, len(ends), truncated=kept < len(wanted)
    )


def replace_once(text: str, old: str, new: str) -> tuple[str, int]:
    r"""Replace the only occurrence of `old`.

    Matching ignores the kind of line endings. The replacement gets the line endings that are more
    frequent in the text.

    Returns:
        The new text, and the line on which the replacement begins.

    Raises:
        UsageError: `old` is empty, equals `new`, or occurs more or less than once.
    """
    plain, wanted, put_in = (part.replace("\r\n", "\n") for part in (text, old, new))
    if not wanted:
        raise UsageError("the text to replace is empty")
    if wanted == put_in:
        raise UsageError("the text to replace and its replacement are the same")
    at = plain.find(wanted)
    if at < 0:
        raise UsageError(
            "the text to replace does not occur (0 matches)",
            hint="read the file again: every space and line break has to match",
        )
    if plain.find(wanted, at + 1) >= 0:
        raise UsageError(
            _ambiguous(plain, wanted), hint="add lines before or after to make it unique"
        )
    start, end = _original(text, at), _original(text, at + len(wanted))
    if text.count("\r\n") * 2 > text.count("\n"):
        put_in = put_in.replace("\n", "\r\n")
    return text[:start] + put_in + text[end:], plain.count("\n", 0, at) + 1


def append(text: str, addition: str) -> str:
    """Append to a text, starting on a new line, with the line endings of the text."""
    plain = addition.replace("\r\n", "\n")
    if text.removeprefix(BOM) and not text.endswith("\n"):
        plain = "\n" + plain
    if text.count("\r\n") * 2 > text.count("\n"):
        plain = plain.replace("\n", "\r\n")
    return text + plain


def _ambiguous(text: str, wanted: str) -> str:
    # Overlapping matches count: each is a possible place.
    lines: list[int] = []
    count, counted, line = 0, 0, 1
    at = text.find(wanted)
    while at >= 0 and count < 1000:
        line += text.count("\n", counted, at)
        counted = at
        count += 1
        if len(lines) < _SHOWN_LINES:
            lines.append(line)
        at = text.find(wanted, at + 1)
    many = f"{count} times" if at < 0 else f"more than {count} times"
    shown = ", ".join(map(str, lines)) + (", …" if count > len(lines) else "")
    return f"the text to replace occurs {many}, on lines {shown}"


def _original(text: str, plain_offset: int) -> int:
    """Map an offset in the text with plain line endings to the text itself."""
    shift = 0
    at = text.find("\r\n")
    while at >= 0 and at - shift < plain_offset:
        shift += 1
        at = text.find("\r\n", at + 2)
    return plain_offset + shift
