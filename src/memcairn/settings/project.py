"""Which project a folder belongs to, and which root holds its memories.

A project is its git repository, so that all worktrees and folders of one share their memories. A folder
outside git is a project of its own, and so is one in a repository that holds the user's home folder.
"""

from __future__ import annotations

import os
import sys

from memcairn import json_text, paths
from memcairn.errors import ConfigError
from memcairn.settings import caller, config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from memcairn.settings.config import Config

_KEY_NAME_CHARS = 40
_CLAUDE_SLUG_CHARS = 200
_POLICY_FOLDERS = {
    "darwin": "/Library/Application Support/ClaudeCode",
    "win32": "C:\\Program Files\\ClaudeCode",
}


def folder_of(path: str) -> str:
    """The project's folder: that of the main worktree, else `path` itself; a real path."""
    return repository_of(path) or paths.real(path)


def repository_of(path: str) -> str | None:
    """The main worktree of the repository around a path.

    A repository at the user's home folder, or above it, holds dotfiles: what lies below it belongs to no
    project, so the answer is None.
    """
    found = _innermost_repository(paths.real(path))
    return None if found is None or paths.is_inside(paths.real("~"), found) else found


def _innermost_repository(folder: str) -> str | None:
    while True:
        git = os.path.join(folder, ".git")
        if os.path.isdir(git):
            return folder
        if os.path.isfile(git):
            return _main_worktree(git) or folder
        above = os.path.dirname(folder)
        if above == folder:
            return None
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


# ── Claude Code's own memory ─────────────────────────────────────────────────────────────────────


def claude_folder(folder: str, beside_transcripts: str = "") -> str | None:
    """Where Claude Code keeps its memories of a project; None if it keeps none there.

    The folder exists, or Claude Code started this process and will look for it there. In a folder without
    a repository below a dotfiles repository, Claude Code uses the memory of the whole home folder; that is
    not this project's.

    Args:
        folder: of the project, as `folder_of` returns it.
        beside_transcripts: the folder "memory" beside the transcript of a session, if one is known; the
            client was started there.
    """
    settings = _claude_settings(folder)
    if _is_turned_off(settings):
        return None
    moved = settings.get("autoMemoryDirectory")
    if isinstance(moved, str) and (os.path.isabs(moved) or moved.startswith("~/")):
        return paths.real(moved)
    if beside_transcripts and os.path.isdir(beside_transcripts):
        return paths.real(beside_transcripts)
    if _innermost_repository(folder) not in (None, folder):
        return None
    base = _claude_base()
    name = os.environ.get("CLAUDE_CODE_PROJECT_DIR_NAME", "")
    if (
        not name
        or not caller.current().environ.get("CLAUDE_CONFIG_DIR")
        or os.path.basename(name) != name
    ):
        found = _claude_slug(folder, os.path.join(base, "projects"))
        if found is None:
            return None
        name = found
    place = os.path.join(base, "projects", name, "memory")
    return paths.real(place) if os.path.isdir(place) or _is_started_by_claude() else None


def _is_turned_off(settings: Mapping[str, object]) -> bool:
    given = caller.current().environ.get("CLAUDE_CODE_DISABLE_AUTO_MEMORY", "").strip().lower()
    if given:
        return given not in ("0", "false")
    return settings.get("autoMemoryEnabled") is False


def _claude_slug(folder: str, projects: str) -> str | None:
    """The name of a project's folder in `projects`; None if it is not known."""
    # Claude Code replaces UTF-16 units, of which a character beyond the first plane has two.
    slug = "".join(c if c.isascii() and c.isalnum() else "-" * (1 + (c > "\uffff")) for c in folder)
    if len(slug) <= _CLAUDE_SLUG_CHARS:
        return slug
    # What follows is a hash in base 36. Clients differ in its algorithm, so only what exists is certain;
    # two such folders may be of two projects.
    start = slug[:_CLAUDE_SLUG_CHARS] + "-"
    try:
        names = [name for name in os.listdir(projects) if name.startswith(start)]
    except OSError:
        return None
    hashed = [name for name in names if name[len(start) :].isalnum()]
    return hashed[0] if len(hashed) == 1 else None


def _claude_settings(folder: str) -> dict[str, object]:
    """What the settings files of Claude Code say together; a later file wins."""
    found = _json_object(os.path.join(_claude_base(), "settings.json"))
    for name in ("settings.json", "settings.local.json"):
        given = _json_object(os.path.join(folder, ".claude", name))
        # A clone may name any folder of the user: it counts once the user trusts the project.
        if "autoMemoryDirectory" in given and not _is_trusted(folder):
            del given["autoMemoryDirectory"]
        found |= given
    for file in _policy_files():
        found |= _json_object(file)
    return found


def _is_trusted(folder: str) -> bool:
    if _is_started_by_claude():
        return True  # It starts nothing in a project that is not trusted.
    given = caller.current().environ.get("CLAUDE_CONFIG_DIR")
    state = _json_object(os.path.join(given or os.path.expanduser("~"), ".claude.json"))
    projects = state.get("projects")
    project = projects.get(folder) if isinstance(projects, dict) else None
    return isinstance(project, dict) and project.get("hasTrustDialogAccepted") is True


def _policy_files() -> list[str]:
    """The files of an administrator, in the order in which Claude Code reads them."""
    top = _POLICY_FOLDERS.get(sys.platform, "/etc/claude-code")
    more = os.path.join(top, "managed-settings.d")
    try:
        names = sorted(name for name in os.listdir(more) if name.endswith(".json"))
    except OSError:
        names = []
    return [os.path.join(top, "managed-settings.json"), *(os.path.join(more, n) for n in names)]


def _claude_base() -> str:
    return os.path.expanduser(caller.current().environ.get("CLAUDE_CONFIG_DIR") or "~/.claude")


def _is_started_by_claude() -> bool:
    return "CLAUDE_PROJECT_DIR" in caller.current().environ


def _json_object(file: str) -> dict[str, object]:
    try:
        with open(file, "rb") as stream:
            found = json_text.loads(stream.read())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
