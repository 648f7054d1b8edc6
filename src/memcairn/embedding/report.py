"""The report of an embedding run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmbedReport:
    """What an embedding run did.

    Attributes:
        embedded: chunks that the model embedded.
        reused: chunks whose text had an embedding already.
        waiting: chunks that still wait.
        took_s: seconds.
    """

    embedded: int = 0
    reused: int = 0
    waiting: int = 0
    took_s: float = 0.0
