"""Check paths that callers give for files below a root.

A path is relative, separated by "/", and every component is a plain name. Refused are paths that
leave the root, names that a platform reinterprets, and reserved names: `.git` and memcairn's files,
which all begin with `.memcairn`. This module does not access the file system; memcairn.fs.sandbox does.
"""

from __future__ import annotations

import unicodedata

from memcairn.errors import OutsideRoot, UsageError

MAX_PATH_BYTES = 1024
MAX_NAME_BYTES = 255
MAX_DEPTH = 32


def parts(path: str) -> tuple[str, ...]:
    """Split and check the path of a file or folder below a root.

    Args:
        path: relative to the root, separated by "/".

    Raises:
        OutsideRoot: it is absolute, has a component "..", or uses a reserved name.
        UsageError: it is empty, too long or too deep, or no file can have that name.
    """
    shown = printable(path)
    if not path:
        raise UsageError("the path is empty", hint="give a path relative to the root")
    if "\0" in path:
        raise UsageError("contains a NUL character", path=shown)
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        raise UsageError("is not valid Unicode", path=shown) from None
    if size > MAX_PATH_BYTES:
        raise UsageError(f"is longer than {MAX_PATH_BYTES} bytes", path=shown)
    if _is_absolute(path):
        raise OutsideRoot(
            "is not relative to the root", path=shown, hint='give a path such as "notes/plan.md"'
        )
    while path.startswith("./"):
        path = path[2:]
    names = tuple(path.split("/"))
    for name in names:
        _check(name, shown)
    if len(names) > MAX_DEPTH:
        raise UsageError(f"is more than {MAX_DEPTH} folders deep", path=shown)
    return names


def folder_parts(path: str) -> tuple[str, ...]:
    """Like `parts`, for a folder: "" and "." are the root, and the path may end with "/"."""
    if path in ("", ".", "./"):
        return ()
    return parts(path.removesuffix("/") if path != "/" else path)


def require_creatable(names: tuple[str, ...]) -> None:
    """Refuse new names that terminals or other systems misread.

    Raises:
        UsageError: a component has a control character or a backslash.
    """
    for name in names:
        if "\\" in name or any(unicodedata.category(character) == "Cc" for character in name):
            raise UsageError(
                "a new name cannot contain a backslash or a control character",
                path=printable("/".join(names)),
            )


def is_reserved(name: str) -> bool:
    """Whether a component is `.git` or a file of memcairn, in any spelling.

    Spellings are compared as the most lenient file system does: ignoring case, width, invisible
    characters, and trailing dots and spaces.
    """
    plain = fold(name)
    return plain == ".git" or plain.startswith(".memcairn")


def fold(name: str) -> str:
    """The name as the most lenient file system compares it."""
    if name.isascii():
        return name.lower().rstrip(". ")
    wide = unicodedata.normalize("NFKC", name).casefold()
    visible = (character for character in wide if unicodedata.category(character) != "Cf")
    return "".join(visible).rstrip(". ")


def _is_absolute(path: str) -> bool:
    drive = len(path) > 1 and path[1] == ":" and path[0].isascii() and path[0].isalpha()
    return path.startswith(("/", "~/")) or path == "~" or (drive and path[2:3] in ("", "/", "\\"))


def _check(name: str, shown: str) -> None:
    if name in (".", ".."):
        raise OutsideRoot(f'has a component "{name}"', path=shown)
    if not name:
        raise UsageError('has an empty component: "//", or "/" at its end', path=shown)
    if len(name.encode()) > MAX_NAME_BYTES:
        raise UsageError(f"has a name of more than {MAX_NAME_BYTES} bytes", path=shown)
    if is_reserved(name):
        raise OutsideRoot(f'"{printable(name)}" is reserved', path=shown)


def printable(text: str) -> str:
    """The path for a message: shortened, and with control characters escaped."""
    text = text if len(text) <= 200 else f"{text[:200]}…"
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
