"""What is wrong with a note, as a value: a broken note is a normal input."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a note, and the line it stands on (1-based)."""

    line: int
    message: str
