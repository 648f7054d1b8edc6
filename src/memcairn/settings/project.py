"""Which project a folder belongs to, and which root holds its memories.

A project is its git repository, so that all worktrees and folders of one share their memories; a
folder outside git is a project of its own.
"""

from __future__ import annotations

import os

from memcairn import json_text, paths
from memcairn.errors import ConfigError
from memcairn.settings import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memcairn.settings.config import Config

_KEY_NAME_CHARS = 40


def folder_of(path: str) -> str:
    """The project's folder: that of the main worktree, else `path` itself; a real path."""
    here = paths.real(path)
    folder = here
    while True:
        git = os.path.join(folder, ".git")
        if os.path.isdir(git):
            return folder
        if os.path.isfile(git):
            return _main_worktree(git) or folder
        above = os.path.dirname(folder)
        if above == folder:
            return here
        folder = above


def _main_worktree(git_file: str) -> str | None:
    """The folder of the repository that a worktree's `.git` file leads to; None if it is no worktree.

    `.git` names the worktree's own part of the repository, and `commondir` in there the shared one. A
    submodule has no such file: it is a project of its own.
    """
    try:
        with open(git_file, encoding="utf-8") as file:
            name, _, place = file.read(4096).partition(":")
        if name != "gitdir":
            return None
        own = os.path.join(os.path.dirname(git_file), place.strip())
        with open(os.path.join(own, "commondir"), encoding="utf-8") as file:
            common = paths.real(os.path.join(own, file.read(4096).strip()))
    except (OSError, UnicodeDecodeError, ValueError):
        return None
    # A bare repository has worktrees, but no folder of its own beside them.
    return os.path.dirname(common) if os.path.basename(common) == ".git" else common


def key(folder: str) -> str:
    """A name for the folder of a project that is readable, and different for different folders."""
    from hashlib import sha256  # noqa: PLC0415 - a hook call seldom needs it

    plain = "".join(c if c.isalnum() or c in "_.-" else " " for c in os.path.basename(folder))
    name = "-".join(plain.split()).strip("-.")[:_KEY_NAME_CHARS]
    digest = sha256(os.fsencode(folder)).hexdigest()[:12]
    return f"{name or 'root'}-{digest}"


def root(path: str, settings: Config, home: str) -> str:
    """The root with the memories of the project that `path` belongs to; it need not exist yet.

    In this order: what the project's own .memcairn.toml says, as far as it is inside the project; the
    setting memory.root; the root that the project has in the home; the folder where Claude Code keeps
    its memories of the project; a new root in the home.

    Args:
        path: a folder in the project.
        settings: the user's settings.
        home: the folder of caches and state.

    Raises:
        ConfigError: .memcairn.toml cannot be understood.
    """
    folder = folder_of(path)
    given = _own_root(folder) or settings["memory.root"]
    if given:
        return paths.real(given)
    own = os.path.join(home, "memory", key(folder))
    if os.path.isdir(own):
        # Where memories went first they stay, also when a host's folder turns up later.
        return own
    return claude_folder(folder) or own


def _own_root(folder: str) -> str | None:
    """The root that a project names for itself: it came with a clone, so it may only name its own."""
    file = os.path.join(folder, config.PROJECT_FILE)
    table = config.read_toml(file).get("memory")
    given = table.get("root") if isinstance(table, dict) else None
    if not given:
        return None
    if not isinstance(given, str):
        raise ConfigError("memory.root is not text", path=file, hint='write root = "notes"')
    real = paths.real(os.path.join(folder, given))
    if not paths.is_inside(real, folder) or real == folder:
        raise ConfigError(
            "memory.root is not a folder inside the project",
            path=file,
            hint="the setting memory.root in your own config.toml may name any folder",
        )
    return real


def claude_folder(folder: str) -> str | None:
    """Where Claude Code keeps its memories of a project; None if it has none, or may not.

    It exists, or Claude Code is what started this process, and will look there.
    """
    base = os.path.expanduser(os.environ.get("CLAUDE_CONFIG_DIR") or "~/.claude")
    off = os.environ.get("CLAUDE_CODE_DISABLE_AUTO_MEMORY", "").strip().lower()
    settings = _claude_settings(base)
    if off not in ("", "0", "false") or settings.get("autoMemoryEnabled") is False:
        return None
    moved = settings.get("autoMemoryDirectory")
    if isinstance(moved, str) and os.path.isabs(os.path.expanduser(moved)):
        return paths.real(moved)
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in folder)
    place = os.path.join(base, "projects", name, "memory")
    started_by_claude = "CLAUDE_PROJECT_DIR" in os.environ
    return paths.real(place) if os.path.isdir(place) or started_by_claude else None


def _claude_settings(base: str) -> dict[str, object]:
    try:
        with open(os.path.join(base, "settings.json"), "rb") as file:
            found = json_text.loads(file.read())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
