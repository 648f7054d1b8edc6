"""Text as a terminal or a pipe can take it; without click, so that a search need not load it."""

from __future__ import annotations

import contextlib
import os
import sys

STOPPED = "memcairn: stopped; what was done so far is kept"


def write(text: str) -> None:
    """Print a text; what the output's encoding has no character for is escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def count(number: int, noun: str) -> str:
    """1 note, 2 notes, 1,000 notes."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shown(path: str) -> str:
    """A path as a person types it: relative to the working folder if it is below that.

    Control characters are escaped.
    """
    with contextlib.suppress(OSError):  # the working folder was deleted: nothing is below it
        path = path.removeprefix(os.getcwd() + os.sep)
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in path)


def printable(line: str) -> str:
    """A line of a note as a terminal may see it: no escape sequence of the note's gets through."""
    return "".join(c if c == "\t" or c.isprintable() else "\ufffd" for c in line.rstrip("\r"))
