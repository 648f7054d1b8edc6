"""Which project a folder belongs to, and which root holds its memories.

A project is a git repository, so all its worktrees and folders share their memories. A folder outside
git is a separate project; so is a folder in a repository that contains the user's home folder.
"""

from __future__ import annotations

import os
import sys

from memcairn import paths
from memcairn.errors import ConfigError
from memcairn.formats import json_text
from memcairn.settings import calling_process, config

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

_MAX_HEAD_CHARS = 1_000
# Begins the name of a place without a branch; no branch has a name with a blank.
DETACHED = "detached at "


def folder_of(path: str) -> str:
    """The real path of the project's folder: the main worktree, or `path` itself outside git."""
    return repository_of(path) or paths.real(path)


def repository_of(path: str) -> str | None:
    """The main worktree of the repository around a path.

    A repository at or above the user's home folder is for dotfiles, not a project: the result is None.
    """
    found = _innermost_repository(paths.real(path))
    return None if found is None or paths.is_inside(paths.real("~"), found) else found


def branch_of(path: str) -> str:
    """The git branch that is checked out around a path, or is being rebased; "" if there is none."""
    place = place_of(path)
    return "" if place.startswith(DETACHED) else place


def place_of(path: str) -> str:
    """The branch, or `DETACHED` and the commit of a detached HEAD; "" outside git."""
    folder = work_tree_of(path)
    if not folder:
        return ""
    git = os.path.join(folder, ".git")
    try:
        if os.path.isfile(git):  # a linked worktree
            git = os.path.join(folder, _read(git).partition("gitdir:")[2].strip())
        head = _read(os.path.join(git, "HEAD"))
    except (OSError, ValueError):
        return ""
    branch = head.partition("ref: refs/heads/")[2]
    if branch or not head.isalnum():
        return branch
    for rebase in ("rebase-merge", "rebase-apply"):
        try:
            branch = _read(os.path.join(git, rebase, "head-name")).removeprefix("refs/heads/")
        except (OSError, ValueError):
            continue
        if branch != "detached HEAD":  # git's word for a rebase that began so
            return branch
    return DETACHED + head[:12]


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read(_MAX_HEAD_CHARS).strip()


def work_tree_of(path: str) -> str:
    """The folder of the work tree around a path, which has `.git`; "" if there is none."""
    folder = paths.real(path)
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above
    return folder


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
    """The main worktree of the linked worktree with this `.git` file; None if it is not a worktree.

    `.git` names the worktree's folder in the repository, and its file `commondir` names the shared one. A
    submodule has no `commondir`: it is a separate project.
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
    # A bare repository has linked worktrees, but no main worktree.
    return os.path.dirname(common) if os.path.basename(common) == ".git" else common


def key(folder: str) -> str:
    """A readable name for the folder of a project; different folders have different names."""
    from hashlib import sha256  # noqa: PLC0415 - hook calls seldom need it

    plain = "".join(c if c.isalnum() or c in "_.-" else " " for c in os.path.basename(folder))
    name = "-".join(plain.split()).strip("-.")[:_KEY_NAME_CHARS]
    digest = sha256(os.fsencode(folder)).hexdigest()[:12]
    return f"{name or 'root'}-{digest}"


def root(path: str, settings: Config, home: str) -> str:
    """The root with the memories of the project that `path` belongs to; it may not exist yet.

    The first that applies: memory.root in the project's .memcairn.toml, which must be inside the project;
    the setting memory.root; the project's existing root in the home; the folder where Claude Code keeps
    its memories of the project; a new root in the home.

    Args:
        path: a folder in the project.
        settings: the user's settings.
        home: the folder of caches and state.

    Raises:
        ConfigError: .memcairn.toml is invalid.
    """
    folder = folder_of(path)
    given = _own_root(folder) or settings["memory.root"]
    if given:
        return paths.real(given)
    own = os.path.join(home, "memory", key(folder))
    if os.path.isdir(own):
        # An existing root stays in use, even if a host's folder appears later.
        return own
    return claude_folder(folder) or own


def _own_root(folder: str) -> str | None:
    """The root that .memcairn.toml names. The file may come from a clone, so it must be in the project."""
    file = os.path.join(folder, config.PROJECT_FILE)
    table = config.read_toml(file).get("memory")
    given = table.get("root") if isinstance(table, dict) else None
    if not given:
        return None
    if not isinstance(given, str):
        raise ConfigError("memory.root is not a string", path=file, hint='write root = "notes"')
    real = paths.real(os.path.join(folder, given))
    if not paths.is_inside(real, folder) or real == folder:
        raise ConfigError(
            "memory.root is not a folder inside the project",
            path=file,
            hint="only memory.root in your config.toml may name a folder outside",
        )
    return real


# ── Claude Code's own memory ─────────────────────────────────────────────────────────────────────


def claude_folder(
    folder: str, beside_transcripts: str = "", *, may_be_new: bool = False
) -> str | None:
    """The folder where Claude Code keeps its memories of a project, or None.

    The folder exists, or Claude Code started this process and will use it. In a folder whose only
    repository is a dotfiles repository, Claude Code uses the memory of the home folder, which is not the
    project's: the result is None.

    Args:
        folder: the project, as `folder_of` returns it.
        beside_transcripts: the folder "memory" beside the transcript of a session, if known.
        may_be_new: Claude Code is in use, and will create the folder if it has none of this project yet.
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
        or not calling_process.current().environ.get("CLAUDE_CONFIG_DIR")
        or os.path.basename(name) != name
    ):
        found = _claude_slug(folder, os.path.join(base, "projects"))
        if found is None:
            return None
        name = found
    place = os.path.join(base, "projects", name, "memory")
    is_used = may_be_new and os.path.isdir(os.path.join(base, "projects"))
    return paths.real(place) if is_used or os.path.isdir(place) or _is_started_by_claude() else None


def _is_turned_off(settings: Mapping[str, object]) -> bool:
    given = (
        calling_process.current().environ.get("CLAUDE_CODE_DISABLE_AUTO_MEMORY", "").strip().lower()
    )
    if given:
        return given not in ("0", "false")
    return settings.get("autoMemoryEnabled") is False


def _claude_slug(folder: str, projects: str) -> str | None:
    """The name of a project's folder in `projects`; None if it is unknown."""
    # Claude Code replaces UTF-16 code units, of which characters above U+FFFF have two.
    slug = "".join(c if c.isascii() and c.isalnum() else "-" * (1 + (c > "\uffff")) for c in folder)
    if len(slug) <= _CLAUDE_SLUG_CHARS:
        return slug
    # The rest is a hash in base 36, whose algorithm differs between versions. So use the existing folder,
    # unless there are several, which may belong to different projects.
    start = slug[:_CLAUDE_SLUG_CHARS] + "-"
    try:
        names = [name for name in os.listdir(projects) if name.startswith(start)]
    except OSError:
        return None
    hashed = [name for name in names if name[len(start) :].isalnum()]
    return hashed[0] if len(hashed) == 1 else None


def _claude_settings(folder: str) -> dict[str, object]:
    """The merged settings files of Claude Code; later files win."""
    found = _json_object(os.path.join(_claude_base(), "settings.json"))
    for name in ("settings.json", "settings.local.json"):
        given = _json_object(os.path.join(folder, ".claude", name))
        # A clone could name any folder of the user, so this counts only in a trusted project.
        if "autoMemoryDirectory" in given and not _is_trusted(folder):
            del given["autoMemoryDirectory"]
        found |= given
    for file in _policy_files():
        found |= _json_object(file)
    return found


def _is_trusted(folder: str) -> bool:
    if _is_started_by_claude():
        return True  # it starts processes only in trusted projects
    given = calling_process.current().environ.get("CLAUDE_CONFIG_DIR")
    state = _json_object(os.path.join(given or os.path.expanduser("~"), ".claude.json"))
    projects = state.get("projects")
    project = projects.get(folder) if isinstance(projects, dict) else None
    return isinstance(project, dict) and project.get("hasTrustDialogAccepted") is True


def _policy_files() -> list[str]:
    """The administrator's settings files, in the order in which Claude Code reads them."""
    top = _POLICY_FOLDERS.get(sys.platform, "/etc/claude-code")
    more = os.path.join(top, "managed-settings.d")
    try:
        names = sorted(name for name in os.listdir(more) if name.endswith(".json"))
    except OSError:
        names = []
    return [os.path.join(top, "managed-settings.json"), *(os.path.join(more, n) for n in names)]


def _claude_base() -> str:
    return os.path.expanduser(
        calling_process.current().environ.get("CLAUDE_CONFIG_DIR") or "~/.claude"
    )


def _is_started_by_claude() -> bool:
    return "CLAUDE_PROJECT_DIR" in calling_process.current().environ


def _json_object(file: str) -> dict[str, object]:
    try:
        with open(file, "rb") as stream:
            found = json_text.loads(stream.read())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
