"""Text as a terminal or a pipe can take it; without click, so that a search need not load it."""

from __future__ import annotations

import os
import sys

from memcairn.settings import calling_process

STOPPED = "memcairn: stopped; what was done so far is kept"

# `str.isprintable` refuses these, but a terminal shows each as a space.
_SPACES = frozenset("\u00a0\u1680\u202f\u205f\u3000").union(map(chr, range(0x2000, 0x200B)))
# Invisible characters that are part of the spelling of emoji, Persian and Indic words.
_JOINERS = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_IN_TEXT = _SPACES | _JOINERS | {"\t"}


def write(text: str) -> None:
    """Print a text; escape the characters that the output's encoding does not have."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


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
    path = path.removeprefix(calling_process.current().cwd + os.sep)
    return "".join(c if c.isprintable() or c in _SPACES else f"\\x{ord(c):02x}" for c in path)


def printable(line: str) -> str:
    """A line of a note that is safe to print: each control character becomes U+FFFD."""
    return "".join(c if c.isprintable() or c in _IN_TEXT else "\ufffd" for c in line.rstrip("\r"))
