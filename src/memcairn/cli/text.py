"""Text as a terminal or a pipe can take it; without click, so that a search need not load it."""

from __future__ import annotations

import os
import sys

from memcairn.errors import SPACES, escape, escaped
from memcairn.settings import calling_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

STOPPED = "memcairn: stopped; what was done so far is kept"

# Invisible characters that are part of the spelling of emoji, Persian and Indic words.
_JOINERS = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_KEPT = _JOINERS | {"\t", "\n"}
_IN_TEXT = SPACES | _JOINERS | {"\t"}


def write(text: str) -> None:
    """Print a text; escape what a terminal obeys, and the characters that the output's encoding lacks."""
    _write(text, sys.stdout)


def say(text: str) -> None:
    """The same on stderr."""
    _write(text, sys.stderr)


def _write(text: str, stream: TextIO) -> None:
    encoding = stream.encoding or "utf-8"
    if not text.replace("\n", "").isprintable():
        has_styles = stream.isatty() and "NO_COLOR" not in os.environ
        text = _escaped(text, has_styles=has_styles)
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def _escaped(text: str, *, has_styles: bool) -> str:
    if has_styles and "\x1b[" in text:
        import re  # noqa: PLC0415 - few commands have styles

        parts = re.split(r"(\x1b\[[0-9;]*m)", text)
        parts[::2] = [_escaped(part, has_styles=False) for part in parts[::2]]
        return "".join(parts)
    return "".join(c if c in _KEPT else escape(c) for c in text)


def terminal_columns() -> int | None:
    """The width of the terminal that stdout writes to, in columns; None if it is not a terminal."""
    if not sys.stdout.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80


def count(number: int, noun: str) -> str:
    """1 note, 2 notes, 1,000 notes."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shown(path: str) -> str:
    """A path as a person types it: relative to the working directory if it is below that.

    Control characters are escaped.
    """
    return escaped(path.removeprefix(calling_process.current().cwd + os.sep))


def printable(line: str) -> str:
    """A line of a note that is safe to print: each control character becomes U+FFFD."""
    return "".join(c if c.isprintable() or c in _IN_TEXT else "\ufffd" for c in line.rstrip("\r"))
