"""Every error that memcairn raises on purpose.

MemcairnError                 exit 1
├── UsageError                exit 2   the call itself is wrong
├── ConfigError               exit 2   a setting is invalid
├── NoteError                          one note; the rest of the work goes on
│   ├── NoteUnreadable                 cannot be read, is too large, or is not UTF-8 text
│   │   └── NoteMissing                there is no such note
│   ├── NoteExists                     a file or folder exists already
│   ├── NoteChanged                    has changed since it was read
│   ├── OutsideRoot                    the path leads out of its root, or to a reserved name
│   └── SecretFound                    the text contains what looks like a secret
├── ArchiveRefused                     an archive of notes is damaged, or contains something it must not
├── SyncError                          a scope cannot be synchronized now; the notes are safe
├── MemoryMdError                      MEMORY.md cannot be read or written; the notes are safe
├── EmbeddingError                     no embedding could be computed; keyword search still works
└── StateError                         queue.db or index.db
    ├── SchemaTooNew                   written by a later memcairn; nothing was changed
    └── StateDamaged                   set aside, and rebuilt from the files
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


# `str.isprintable` refuses these, but a terminal shows each as a space.
SPACES = frozenset("\u00a0\u1680\u202f\u205f\u3000").union(map(chr, range(0x2000, 0x200B)))


class MemcairnError(Exception):
    """The base class of memcairn's errors.

    Args:
        message: what happened, as a predicate: "is not UTF-8 text".
        path: the file or folder, shown before the message.
        hint: what the user can do, shown on a separate line.
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
        return self.message if self.path is None else f"{escaped(str(self.path))}: {self.message}"


def escaped(path: str) -> str:
    """A path on one line, with each control and invisible character escaped."""
    return path if path.isprintable() else "".join(map(escape, path))


def escape(character: str) -> str:
    r"""A character as it may be printed: `\x1b` and `\u202e` for those that a terminal obeys."""
    number = ord(character)
    if character.isprintable() or character in SPACES:
        return character
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def summary(error: BaseException) -> str:
    """An error for a log: its type, its place, and its message unless that may quote a note."""
    trace, where = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        name = code.co_filename.replace("\\", "/").rpartition("/")[2]
        where = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    message = f": {error}" if isinstance(error, MemcairnError | OSError) else ""
    return f"{type(error).__name__} at {where}{message}"[:1000]


class UsageError(MemcairnError):
    """The call itself is wrong."""

    exit_code = 2


class ConfigError(MemcairnError):
    """A setting is invalid."""

    exit_code = 2


class NoteError(MemcairnError):
    """One note cannot be handled; the rest of the work goes on."""


class NoteUnreadable(NoteError):  # noqa: N818 - the name describes the error
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
    """There is no such note."""


class NoteExists(NoteError):  # noqa: N818
    """A file or folder exists already and would have been overwritten."""


class NoteChanged(NoteError):  # noqa: N818
    """A note has changed since it was read; nothing was written."""


class OutsideRoot(NoteError):  # noqa: N818
    """The path leads out of its root, or to a name that memcairn reserves."""


class SecretFound(NoteError):  # noqa: N818
    """The text contains what looks like a secret; the message names its kind, never its value."""


class ArchiveRefused(MemcairnError):  # noqa: N818
    """An archive of notes is damaged, or contains something it must not; nothing was imported."""


class MemoryMdError(MemcairnError):
    """MEMORY.md cannot be read or written; the notes are safe."""


class EmbeddingError(MemcairnError):
    """No vectors could be made; search by words goes on without them."""


class SyncError(MemcairnError):
    """A scope cannot be synchronized now: git is missing or failed. The notes are safe."""


class StateError(MemcairnError):
    """queue.db or index.db cannot be used."""


class DeadlinePassed(StateError):  # noqa: N818
    """There was no time left to bring the index up to date; what was done is kept."""


class SchemaTooNew(StateError):  # noqa: N818
    """The database was written by a later memcairn; nothing was changed."""


class StateDamaged(StateError):  # noqa: N818
    """The database was damaged; it was set aside and is rebuilt from the files."""
