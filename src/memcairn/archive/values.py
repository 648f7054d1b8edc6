"""Values of exports and imports. Paths are relative to the root."""

from __future__ import annotations

from dataclasses import dataclass, field

from memcairn.paths import NOTE_SUFFIXES

STRATEGIES = ("skip", "overwrite", "rename", "newer")

# Attachments that an archive may contain. A root can be a folder of a project, where a file of another
# kind could be a program's settings.
ATTACHMENTS = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".pdf", ".csv"})
SUFFIXES = NOTE_SUFFIXES | ATTACHMENTS


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export.

    Attributes:
        files: the number of files; `size_bytes`: their total size.
        left_out: path -> reason why it is not in the archive.
        secrets: path -> kinds of apparent secrets in it. The file is in the archive.
    """

    files: int
    size_bytes: int
    left_out: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import, or of a dry run.

    Attributes:
        added: new files.
        replaced: existing files that got new content.
        renamed: path in the archive -> path of the new file, because another file has its path.
        unchanged: files whose content is the same already.
        skipped: path -> reason why it was not imported.
        failed: path -> error.
        suspicious: path -> why an imported text resembles instructions to a model.
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
        """The files that are new in the root."""
        return (*self.added, *self.renamed.values())

    @property
    def changed(self) -> tuple[str, ...]:
        """The paths to index."""
        return (*self.created, *self.replaced)
