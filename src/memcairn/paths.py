"""The home, the configuration file, real paths, and paths in a database.

Every hook call imports this module: standard library only.
"""

from __future__ import annotations

import os
import sys

from memcairn.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

# Folders that never contain the user's notes, at any depth.
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
# The folder of index pages in a root, and the beginning of each generated page.
PAGES_FOLDER = "index"
PAGE_MARKER = "<!-- memcairn:page "


def home() -> str:
    """The folder of caches and state: MEMCAIRN_HOME, else the platform's data folder.

    It is the folder of platformdirs' `user_data_dir("memcairn", appauthor=False)`, which a hook call
    cannot afford to import.

    Raises:
        ConfigError: MEMCAIRN_HOME, or the user's home folder, is not an absolute path.
    """
    given = _from_environment("MEMCAIRN_HOME")
    return given or os.path.join(_platform_folder("XDG_DATA_HOME", ".local/share"), "memcairn")


def config_file() -> str:
    """The user's config.toml: MEMCAIRN_CONFIG, else in the platform's configuration folder.

    Raises:
        ConfigError: MEMCAIRN_CONFIG, or the user's home folder, is not an absolute path.
    """
    given = _from_environment("MEMCAIRN_CONFIG")
    if given:
        return given
    return os.path.join(_platform_folder("XDG_CONFIG_HOME", ".config"), "memcairn", "config.toml")


def _from_environment(variable: str) -> str | None:
    """The absolute path in a variable; None if it is not set, or empty."""
    given = os.environ.get(variable)
    if not given:
        return None
    path = os.path.expanduser(given) if _has_user_home() else given
    if not os.path.isabs(path):
        # Relative to the working directory, each process would use another one.
        raise ConfigError(
            f"{variable} is {given!r}, which is not an absolute path",
            hint=f"set {variable} to an absolute path, or remove it; a shell expands $HOME, but most "
            "configuration files do not",
        )
    return os.path.normpath(path)


def _platform_folder(xdg_variable: str, below_home: str) -> str:
    if sys.platform == "win32":
        return os.environ.get("LOCALAPPDATA") or os.path.join(_user_home(), "AppData\\Local")
    if sys.platform == "darwin":
        # Configuration and data are in the same folder there.
        return os.path.join(_user_home(), "Library/Application Support")
    # The specification of these variables says that a relative path in one is to be ignored.
    given = os.environ.get(xdg_variable, "").strip()
    return given if os.path.isabs(given) else os.path.join(_user_home(), below_home)


def _user_home() -> str:
    folder = os.path.expanduser("~")
    if not (_has_user_home() and os.path.isabs(folder)):
        raise ConfigError(
            f"the user's home folder is not known: HOME is {os.environ.get('HOME')!r}",
            hint="set HOME to an absolute path, or set MEMCAIRN_HOME and MEMCAIRN_CONFIG",
        )
    return folder


def _has_user_home() -> bool:
    # With an empty HOME, expanduser would make /x of ~/x.
    return os.name == "nt" or os.environ.get("HOME") != ""


# Folders that this process does not create again when somebody has deleted them.
_stays_deleted: set[str] = set()


def never_create_again(path: str) -> None:
    """Let `make_private_folder` fail for a folder, and for those below it, once it is deleted."""
    _stays_deleted.add(path)


def make_private_folder(path: str) -> None:
    """Create a folder and its missing parents, all of mode 0700.

    Raises:
        OSError: one of them cannot be created, is a file, or must not be created again.
    """
    if path in _stays_deleted and not os.path.isdir(path):
        raise FileNotFoundError(2, "was deleted", path)  # ENOENT
    try:
        os.mkdir(path, 0o700)
    except FileNotFoundError:
        parent = os.path.dirname(path)
        if parent in ("", path):
            raise
        make_private_folder(parent)
        make_private_folder(path)
    except FileExistsError:
        if not os.path.isdir(path):
            raise


SCOPES_JSON = "scopes.json"


def has_scopes(home: str) -> bool:
    """Whether a home has shared scopes; most have none, and need not load them."""
    return os.path.exists(os.path.join(home, SCOPES_JSON))


def real(path: str) -> str:
    """The absolute path without symlinks; the file need not exist."""
    return os.path.realpath(os.path.expanduser(path))


def may_hold_notes(folder_name: str) -> bool:
    """Whether a folder with this name is searched for notes."""
    return folder_name[0] != "." and folder_name not in EXCLUDED_FOLDERS


def is_note_name(name: str, suffixes: Collection[str]) -> bool:
    """Whether a file with this name may be a note; of MEMORY.md, the text outside the block is one.

    Args:
        name: the file's name, without its folder.
        suffixes: the setting index.extensions, in lower case.
    """
    return name[0] != "." and os.path.splitext(name)[1].lower() in suffixes


def path_in_root(path: str, root: str) -> str:
    """A path relative to its root, with posix separators, as in links; "" is the root itself."""
    return path[len(root.rstrip(os.sep)) + 1 :].replace(os.sep, "/")


def to_db(path: str) -> str | bytes:
    """A path as it is stored in SQLite: bytes if it is not valid UTF-8, which Linux allows."""
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
    """Two values between which all paths below `folder`, and no others, sort."""
    prefix = folder.rstrip(os.sep)
    return to_db(prefix + os.sep), to_db(prefix + chr(ord(os.sep) + 1))
