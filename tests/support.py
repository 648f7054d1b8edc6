"""What tests of several folders share."""

from __future__ import annotations

import sys


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


PROGRAM = [sys.executable, "-c", "from memcairn.cli import main; main()"]
