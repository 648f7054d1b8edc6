"""Which roots concern a project: its own, and those that belong to no project.

belongs to a project    its root; the folder that a host keeps for it; what is inside its repository
belongs to the user     everything else that was indexed: a folder of notes, the memory of `add`
"""

from __future__ import annotations

import os
from collections import namedtuple

from memcairn import paths
from memcairn.settings import project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NamedTuple

    from memcairn.settings.config import Config

    class _Scope(NamedTuple):
        folder: str
        own: str
        roots: tuple[str, ...]
        others: tuple[str, ...]

else:
    # dataclasses and typing cost a hook call as much as starting Python does.
    _Scope = namedtuple("_Scope", "folder own roots others")  # noqa: PYI024


class Scope(_Scope):
    """What concerns a project.

    Attributes:
        folder: of the project.
        own: the root of its memories; it need not exist.
        roots: the roots that concern it, its own first.
        others: the roots that do not.
    """

    __slots__ = ()

    def holds(self, path: str) -> bool:
        """Whether a note concerns the project: the innermost root around it decides."""
        around = [root for root in (*self.roots, *self.others) if paths.is_inside(path, root)]
        return bool(around) and max(around, key=len) in self.roots


def scope(
    known: Iterable[str],
    settings: Config,
    home: str,
    cwd: str,
    kept_by_host: Iterable[str] = (),
) -> Scope:
    """The scope of the project that a folder belongs to.

    Args:
        known: all roots.
        settings: the user's settings.
        home: the folder of caches and state.
        cwd: a folder in the project.
        kept_by_host: folders where the host says that it keeps memories of this project.

    Raises:
        ConfigError: the project's .memcairn.toml cannot be understood.
    """
    folder = project.folder_of(cwd)
    own = project.root(cwd, settings, home)
    mine = {own, project.claude_folder(folder) or own, *kept_by_host}
    known = list(known)
    concerning = [root for root in known if root in mine or _concerns(root, folder, home)]
    concerning.sort(key=lambda root: (root != own, root not in mine, root))
    return Scope(folder, own, tuple(concerning), tuple(sorted(set(known) - set(concerning))))


def _concerns(root: str, folder: str, home: str) -> bool:
    if paths.is_inside(root, folder):
        return True
    of_projects = os.path.join(paths.real(home), "memory")
    if paths.is_inside(root, of_projects):
        # Below it each project has a folder; itself it is the user's.
        return root == of_projects
    if paths.is_inside(root, _of_claude()):
        return False
    # A whole repository may be a person's notes. A part of one is about that repository; a home
    # folder under version control is nobody's project.
    around = project.folder_of(os.path.dirname(root))
    is_part = os.path.exists(os.path.join(around, ".git")) and around != paths.real("~")
    return not is_part


def _of_claude() -> str:
    base = os.environ.get("CLAUDE_CONFIG_DIR") or "~/.claude"
    return os.path.join(paths.real(base), "projects")
