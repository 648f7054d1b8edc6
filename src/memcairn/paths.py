"""Where things are: the home, the configuration file, real paths, and paths in a database.

Standard library only, and little of it: every hook call comes through here.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

# Folders that hold no notes of the user, wherever they turn up.
EXCLUDED_FOLDERS = frozenset(
    {
        "node_modules", "bower_components", "site-packages", "__pycache__", "venv", "virtualenv",
        "env.bak", "target", "dist", "build", "vendor", "third_party", "htmlcov", "coverage",
        "__pypackages__", "Pods", "DerivedData", "bazel-out", "cmake-build-debug",
        "cmake-build-release", "lost+found", "$RECYCLE.BIN", "System Volume Information",
    }
)  # fmt: skip
NOTE_SUFFIXES = frozenset({".md", ".markdown", ".mdown", ".mkd", ".mdx", ".txt", ".text"})
PLAIN_SUFFIXES = frozenset({".txt", ".text"})
MEMORY_MD = "MEMORY.md"
# The folder of index pages in a root, and how a file in it begins that is one, and no note.
PAGES_FOLDER = "index"
PAGE_MARKER = "<!-- memcairn:page "


def home() -> str:
    """The folder of caches and state: MEMCAIRN_HOME, else the platform's data folder.

    The same folder as platformdirs' `user_data_dir("memcairn", appauthor=False)`, which a hook call
    cannot afford to import.
    """
    given = os.environ.get("MEMCAIRN_HOME")
    if given:
        return os.path.abspath(os.path.expanduser(given))
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME", "").strip() or os.path.expanduser("~/.local/share")
    return os.path.join(base, "memcairn")


def config_file() -> str:
    """The user's config.toml: MEMCAIRN_CONFIG, else in the platform's configuration folder."""
    given = os.environ.get("MEMCAIRN_CONFIG")
    if given:
        return os.path.abspath(os.path.expanduser(given))
    if sys.platform in ("win32", "darwin"):
        # Both platforms keep configuration beside the data.
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
        else:
            base = os.path.expanduser("~/Library/Application Support")
    else:
        base = os.environ.get("XDG_CONFIG_HOME", "").strip() or os.path.expanduser("~/.config")
    return os.path.join(base, "memcairn", "config.toml")


def make_private_folder(path: str) -> None:
    """Make a folder of ours, 0700, with its parents."""
    os.makedirs(path, mode=0o700, exist_ok=True)


def real(path: str) -> str:
    """The absolute path with no symlink in it; the file itself need not exist."""
    return os.path.realpath(os.path.expanduser(path))


def may_hold_notes(folder_name: str) -> bool:
    """Whether a folder with this name is searched for notes."""
    return folder_name[0] != "." and folder_name not in EXCLUDED_FOLDERS


def is_note_name(name: str, suffixes: Collection[str]) -> bool:
    """Whether a file with this name may be a note.

    Args:
        name: the file's name, without its folder.
        suffixes: the setting index.extensions, in lower case.
    """
    return name[0] != "." and os.path.splitext(name)[1].lower() in suffixes and name != MEMORY_MD


def path_in_root(path: str, root: str) -> str:
    """The path from a root of something in it, with posix separators, as links have it; "" is the root."""
    return path[len(root.rstrip(os.sep)) + 1 :].replace(os.sep, "/")


def to_db(path: str) -> str | bytes:
    """A path as SQLite can hold it: bytes if its name is not UTF-8 (Linux allows that)."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def from_db(value: str | bytes) -> str:
    """The inverse of `to_db`."""
    return value if isinstance(value, str) else os.fsdecode(value)


def is_inside(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or below it; both are real paths."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def bounds_below(folder: str) -> tuple[str | bytes, str | bytes]:
    """What all paths below `folder`, and no others, sort between."""
    prefix = folder.rstrip(os.sep)
    return to_db(prefix + os.sep), to_db(prefix + chr(ord(os.sep) + 1))
