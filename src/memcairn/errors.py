"""Every error that memcairn raises on purpose.

MemcairnError                 exit 1
├── UsageError                exit 2   the call itself is wrong
├── ConfigError               exit 2   a setting cannot be understood
├── NoteError                          one note; the rest of the work goes on
│   ├── NoteUnreadable                 cannot be read, is too large, or is not UTF-8 text
│   │   └── NoteMissing                nothing has that name
│   ├── NoteExists                     something is already there
│   ├── NoteChanged                    not what it was when it was read
│   ├── OutsideRoot                    the path leads out of its root, or to a reserved name
│   └── SecretFound                    the text holds what looks like a secret
├── ArchiveRefused                     an archive of notes is damaged, or holds what it must not
├── MemoryMdError                      MEMORY.md cannot be read or written; the notes are safe
├── EmbeddingError                     no vectors could be made; search by words goes on without them
└── StateError                         queue.db or index.db
    ├── SchemaTooNew                   written by a later memcairn; nothing was changed
    └── StateDamaged                   set aside, and rebuilt from the files
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


class MemcairnError(Exception):
    """The root of the tree.

    Args:
        message: what happened, as a clause: "is not UTF-8 text".
        path: what it happened to, shown before the message.
        hint: what the user can do about it, shown on a line of its own.
    """

    exit_code = 1

    def __init__(
        self, message: str, *, path: Path | str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.path is None else f"{self.path}: {self.message}"


class UsageError(MemcairnError):
    """The call itself is wrong."""

    exit_code = 2


class ConfigError(MemcairnError):
    """A setting cannot be understood."""

    exit_code = 2


class NoteError(MemcairnError):
    """One note cannot be handled; the rest of the work goes on."""


class NoteUnreadable(NoteError):  # noqa: N818 - reads as what it says
    """A note that cannot be read, is too large, or is not UTF-8 text.

    Args:
        line: where in the file, 1-based.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | str | None = None,
        hint: str | None = None,
        line: int = 1,
    ) -> None:
        super().__init__(message, path=path, hint=hint)
        self.line = line


class NoteMissing(NoteUnreadable):
    """Nothing has that name."""


class NoteExists(NoteError):  # noqa: N818
    """Something is already there, and would have been overwritten."""


class NoteChanged(NoteError):  # noqa: N818
    """A note is not what it was when it was read; nothing was changed."""


class OutsideRoot(NoteError):  # noqa: N818
    """The path leads out of its root, or to a name that memcairn reserves."""


class SecretFound(NoteError):  # noqa: N818
    """The text holds what looks like a secret; the message names kinds, never the secret."""


class ArchiveRefused(MemcairnError):  # noqa: N818
    """An archive of notes is damaged, or holds what it must not; nothing of it was used."""


class MemoryMdError(MemcairnError):
    """MEMORY.md cannot be read or written; the notes are safe."""


class EmbeddingError(MemcairnError):
    """No vectors could be made; search by words goes on without them."""


class StateError(MemcairnError):
    """queue.db or index.db cannot be used."""


class SchemaTooNew(StateError):  # noqa: N818
    """The database was written by a later memcairn; nothing was changed."""


class StateDamaged(StateError):  # noqa: N818
    """The database was damaged; it was set aside and is rebuilt from the files."""
