"""What indexing did."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class IndexReport:
    """What indexing did.

    Args:
        indexed: paths of notes that were added or updated.
        removed: paths of notes that were removed.
        unchanged: how many files the index holds as they are.
        left_out: path -> why it is not a note (binary, too large).
        failed: path -> why it could not be read or written.
        links: how many symlinks were not followed.
        named_out: how many folders were left out by their names, such as "build".
        chunks: how many chunks were written.
        took_s: seconds.
    """

    indexed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    links: int = 0
    named_out: int = 0
    chunks: int = 0
    took_s: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether nothing failed."""
        return not self.failed

    def add(self, other: IndexReport) -> None:
        """Add the report of another part of the same work."""
        self.indexed += other.indexed
        self.removed += other.removed
        self.unchanged += other.unchanged
        self.left_out |= other.left_out
        self.failed |= other.failed
        self.links += other.links
        self.named_out += other.named_out
        self.chunks += other.chunks
