"""What an error of SQLite means: the file is damaged, or the machine cannot write it now."""

from __future__ import annotations

import sqlite3

from memcairn.errors import StateError

_DAMAGE = frozenset({"SQLITE_CORRUPT", "SQLITE_CORRUPT_VTAB", "SQLITE_NOTADB"})
_HINTS = {
    "SQLITE_FULL": "make room on the disk",
    "SQLITE_READONLY": "make the file and its folder writable",
    "SQLITE_CANTOPEN": "make the file and its folder writable",
    "SQLITE_IOERR": "look at the disk",
    "SQLITE_BUSY": "another process has held it for long; try again",
}


def is_damage(error: BaseException | None) -> bool:
    """Whether this error says that the database file itself is broken."""
    return isinstance(error, sqlite3.Error) and _name(error) in _DAMAGE


def is_environment_error(error: BaseException | None) -> bool:
    """Whether the disk or another process is to blame; else a wrong statement is, our own defect."""
    return isinstance(error, sqlite3.Error) and _name(error).startswith(tuple(_HINTS))


def state_error(path: str, error: sqlite3.Error) -> StateError:
    """What to raise in its place."""
    hint = next((hint for start, hint in _HINTS.items() if _name(error).startswith(start)), None)
    return StateError(f"cannot be used: {error}", path=path, hint=hint)


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", "")
