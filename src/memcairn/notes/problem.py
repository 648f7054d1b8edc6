"""Problems of notes as values: a broken note is a normal input."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of a note, and its line (1-based); `lost`: nothing of this line could be read."""

    line: int
    message: str
    lost: bool = False
