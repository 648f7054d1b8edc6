"""What exports and imports are made of. Paths are relative to the root."""

from __future__ import annotations

from dataclasses import dataclass, field

from memcairn.paths import NOTE_SUFFIXES

STRATEGIES = ("skip", "overwrite", "rename", "newer")

# What an archive may bring into a root: a root can be a project's own folder, where a file of any
# other kind could be a program's settings.
ATTACHMENTS = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".pdf", ".csv"})
SUFFIXES = NOTE_SUFFIXES | ATTACHMENTS


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported.

    Attributes:
        files: how many; `size_bytes`: of all of them.
        left_out: path -> why it is not in the archive.
        secrets: path -> the kinds of what looks like a secret in it. It is in the archive.
    """

    files: int
    size_bytes: int
    left_out: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do.

    Attributes:
        added: new files.
        replaced: files that were there and have another content now.
        renamed: path in the archive -> the new file that holds it, as another one has its path.
        unchanged: files that hold the same already.
        skipped: path -> why it was not imported.
        failed: path -> what hindered it.
        suspicious: path -> why a text that was imported reads like an order to a model.
    """

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    renamed: dict[str, str] = field(default_factory=dict)
    unchanged: tuple[str, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    suspicious: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def created(self) -> tuple[str, ...]:
        """The files that were not there before."""
        return (*self.added, *self.renamed.values())

    @property
    def changed(self) -> tuple[str, ...]:
        """The paths to index."""
        return (*self.created, *self.replaced)
