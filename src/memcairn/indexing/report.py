"""What indexing did."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class IndexReport:
    """What indexing did.

    Args:
        indexed: paths of notes that are new or changed in the index.
        removed: paths of notes that left it.
        unchanged: how many files held what the index holds.
        left_out: path -> why it is no note (binary, too large).
        failed: path -> what hindered it from being read or written.
        chunks: how many chunks were written.
        took_s: seconds.
    """

    indexed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    chunks: int = 0
    took_s: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left undone."""
        return not self.failed

    def add(self, other: IndexReport) -> None:
        """Join the report of another part of the same work."""
        self.indexed += other.indexed
        self.removed += other.removed
        self.unchanged += other.unchanged
        self.left_out |= other.left_out
        self.failed |= other.failed
        self.chunks += other.chunks
