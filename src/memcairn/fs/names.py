"""Which paths below a root a caller may name.

A path is relative, separated by "/", and every component is a plain name. Refused are paths that
lead out, names that a platform reads as something else, and names that are not notes: `.git`, and
our own files, which all begin with `.memcairn`. No file system is looked at here: memcairn.fs.sandbox
does that.
"""

from __future__ import annotations

import os
import unicodedata

from memcairn.errors import OutsideRoot, UsageError

MAX_PATH_BYTES = 1024
MAX_NAME_BYTES = 255
MAX_DEPTH = 32

_WINDOWS = os.name == "nt"
_WINDOWS_FORBIDDEN = frozenset('<>:"|?*\\')
_WINDOWS_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"}
)


def parts(path: str, *, windows: bool = _WINDOWS) -> tuple[str, ...]:
    """The components of the path of a file or folder below a root.

    Args:
        path: relative to the root, separated by "/".
        windows: apply the rules of Windows, too.

    Raises:
        OutsideRoot: it is absolute, has a component "..", or names something reserved.
        UsageError: it is empty, too long or too deep, or no file can have that name.
    """
    shown = _printable(path)
    if not path:
        raise UsageError("a path is needed, relative to the root")
    if "\0" in path:
        raise UsageError("has a NUL character in it", path=shown)
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        raise UsageError("is not valid Unicode", path=shown) from None
    if size > MAX_PATH_BYTES:
        raise UsageError(f"is longer than {MAX_PATH_BYTES} bytes", path=shown)
    if _is_absolute(path, windows=windows):
        raise OutsideRoot(
            "is not relative to the root", path=shown, hint='give a path such as "notes/plan.md"'
        )
    while path.startswith("./"):
        path = path[2:]
    names = tuple(path.split("/"))
    for name in names:
        _check(name, shown, windows=windows)
    if len(names) > MAX_DEPTH:
        raise UsageError(f"is more than {MAX_DEPTH} folders deep", path=shown)
    return names


def folder_parts(path: str) -> tuple[str, ...]:
    """As `parts`, for a folder: "" and "." are the root, and one "/" may end the path."""
    if path in ("", ".", "./"):
        return ()
    return parts(path.removesuffix("/") if path != "/" else path)


def require_creatable(names: tuple[str, ...]) -> None:
    """Refuse names that exist at most by accident, and that terminals or other systems misread.

    Raises:
        UsageError: a component has a control character or a backslash.
    """
    for name in names:
        if "\\" in name or any(unicodedata.category(character) == "Cc" for character in name):
            raise UsageError(
                "a new name cannot have a backslash or a control character",
                path=_printable("/".join(names)),
            )


def is_reserved(name: str) -> bool:
    """Whether a component is `.git` or one of our own files, in any spelling.

    Spellings are compared as the most lenient file system would: without regard to case, width,
    characters that print nothing, and dots and spaces at the end.
    """
    plain = fold(name)
    return plain == ".git" or plain.startswith(".memcairn")


def fold(name: str) -> str:
    """The name as the most lenient file system compares it."""
    if name.isascii():
        return name.lower().rstrip(". ")
    wide = unicodedata.normalize("NFKC", name).casefold()
    kept = (character for character in wide if unicodedata.category(character) != "Cf")
    return "".join(kept).rstrip(". ")


def _is_absolute(path: str, *, windows: bool) -> bool:
    drive = len(path) > 1 and path[1] == ":" and path[0].isascii() and path[0].isalpha()
    return (
        path.startswith(("/", "~/"))
        or path == "~"
        or (drive and (windows or path[2:3] in ("", "/", "\\")))
        or (windows and path.startswith("\\"))
    )


def _check(name: str, shown: str, *, windows: bool) -> None:
    if name in (".", ".."):
        raise OutsideRoot(f'has a component "{name}"', path=shown)
    if not name:
        raise UsageError('has an empty component: "//", or "/" at its end', path=shown)
    if len(name.encode()) > MAX_NAME_BYTES:
        raise UsageError(f"has a name of more than {MAX_NAME_BYTES} bytes", path=shown)
    if is_reserved(name):
        raise OutsideRoot(f'"{_printable(name)}" is reserved', path=shown)
    if windows and _is_special_on_windows(name):
        raise OutsideRoot(f'"{_printable(name)}" is not a plain name on Windows', path=shown)


def _is_special_on_windows(name: str) -> bool:
    stem = name.split(".", 1)[0].rstrip(" ").casefold()
    short = stem.rpartition("~")
    return (
        name != name.rstrip(". ")
        or not _WINDOWS_FORBIDDEN.isdisjoint(name)
        or any(ord(character) < 32 for character in name)
        or stem in _WINDOWS_DEVICES
        # "GIT~1": another way to say ".git".
        or (short[2].isdigit() and bool(short[0]))
    )


def _printable(text: str) -> str:
    """The path for a message: of bounded length, and nothing in it acts on a terminal."""
    text = text if len(text) <= 200 else f"{text[:200]}…"
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
