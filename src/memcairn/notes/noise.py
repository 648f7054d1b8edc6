"""Replace data that nobody reads by placeholders, and leave out what is private, before a note is cut.

    ![s](data:image/png;base64,iVBORw0…)     ![s](data:image/png…)
    <svg viewBox="0 0 9 9"><path d="M1…      [svg]
    4d5a90000300000004000000ffff0000b8…      [9000 characters of data]
    https://example.com/?a=1&b=2&c=3&d…      https://example.com/?a=1&b=2 … (80 characters) …

Line numbers stay the same. Text without long lines is not searched at all.
"""

from __future__ import annotations

import re

from memcairn.safety.private import without_private

MIN_CHARACTERS = 256
"""Shorter runs are kept, for example hashes and keys; also the length of lines that are not checked."""

MAX_URL = 1000
"""A longer address is cut; in characters."""

_URL_CHARACTERS = 80
_DATA_URI = re.compile(r"(data:[\w.+-]+/[\w.+-]+)(?:;[\w.+=-]+)*,[^\s)\"'<>]{64,}", re.IGNORECASE)
_URL = re.compile(rf"(?:https?|ftp|file)://[^\s)\"'<>\]]{{{MAX_URL},}}")
_RUN = re.compile(rf"[A-Za-z0-9+/=_-]{{{MIN_CHARACTERS},}}")
_HEX_PAIRS = re.compile(
    rf"(?:(?:0x)?[0-9A-Fa-f]{{2}}[ ,:]+){{{MIN_CHARACTERS // 4},}}[0-9A-Fa-f]{{0,4}}"
)
# Every match of _HEX_PAIRS is such a run, which is found five times faster.
_HEX_CHARACTERS = re.compile(rf"[0-9A-Fa-fx ,:]{{{3 * MIN_CHARACTERS // 4}}}")
_SVG = re.compile(r"<svg\b(?:(?!</svg>).){256,}?</svg>", re.IGNORECASE | re.DOTALL)


# What VitePress and MDX put before the text of a page.
_OPENS = re.compile(r"<(script|style)\b", re.IGNORECASE)
_STATEMENT = re.compile(
    r"import\s(?:[^'\"]+\sfrom\s+)?(['\"])[^'\"]+\1\s*;?\s*|export\s+(?:const|let|function|default)\s.*"
)


def without_preamble(lines: list[str]) -> list[str]:
    """The lines of a body, where scripts, styles and imports before its text are blank."""
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        opens = _OPENS.match(line)
        end = number + 1
        if opens is not None:
            close = f"</{opens[1].lower()}>"
            rest = (at for at in range(number, len(lines)) if close in lines[at].lower())
            end = next(rest, number) + 1
            if end == number + 1 and close not in line.lower():
                break
        elif line and not _STATEMENT.fullmatch(line):
            break
        number = end
    return [*[""] * number, *lines[number:]] if any(map(str.strip, lines[:number])) else lines


def without_noise(text: str) -> str:
    """The text with placeholders for data; the same number of lines."""
    text = without_private(text, "", keep_lines=True)
    if "<svg" in text:
        text = _SVG.sub(lambda match: "[svg]" + "\n" * match[0].count("\n"), text)
    if max(map(len, text.split("\n"))) < MIN_CHARACTERS:
        return text
    if "data:" in text:
        text = _DATA_URI.sub(r"\1…", text)
    text = _URL.sub(lambda match: match[0][:_URL_CHARACTERS] + "…", text)
    if _HEX_CHARACTERS.search(text):
        text = _HEX_PAIRS.sub(_placeholder, text)
    return _RUN.sub(_placeholder_if_data, text)


def _placeholder(match: re.Match[str]) -> str:
    return f"[{len(match[0])} characters of data]"


def _placeholder_if_data(match: re.Match[str]) -> str:
    """A run without digits or of one character is a rule or a long word, not data."""
    run = match[0]
    is_data = len(set(run)) > 8 and any(map(str.isdigit, run))
    return _placeholder(match) if is_data else run
