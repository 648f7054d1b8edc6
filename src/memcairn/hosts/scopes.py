"""Which roots concern a project: its own, and those that belong to no project.

belongs to a project    its root; the folder that a host keeps for it; what is inside its repository
belongs to the user     every other root: a folder of notes, the memory of `add`

A session outside any repository (in the user's home folder, above it, or in a folder of projects) does not
concern the repositories below it: it is shown what belongs to its own folder and to the user.
"""

from __future__ import annotations

import os
from collections import namedtuple

from memcairn import paths
from memcairn.hosts import own_memory
from memcairn.settings import calling_process, project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NamedTuple

    from memcairn.hosts.payload import HookEvent
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
        """Whether a note concerns the project.

        The innermost root around it decides; a root that spans several repositories has notes of other
        projects, too.
        """
        around = [root for root in (*self.roots, *self.others) if paths.is_inside(path, root)]
        root = max(around, key=len, default="")
        if root not in self.roots:
            return False
        repository = project.repository_of(os.path.dirname(path))
        return (
            repository in (None, self.folder)
            or paths.is_inside(root, repository)
            or _is_part_of(path, self.folder)
        )


def of_event(event: HookEvent, known: Iterable[str], settings: Config, home: str) -> Scope:
    """The scope of the project in which an event happened.

    Args:
        event: the event.
        known: all roots.
        settings: the user's settings.
        home: the folder of caches and state.

    Raises:
        ConfigError: the project's .memcairn.toml is invalid.
    """
    folder = project.folder_of(event.cwd)
    own = project.root(event.cwd, settings, home)
    mine = {own, project.claude_folder(folder), own_memory.folder(event)}
    known = list(known)
    concerning = [root for root in known if root in mine or _concerns(root, folder, home)]
    concerning.sort(key=lambda root: (root != own, root not in mine, root))
    return Scope(folder, own, tuple(concerning), tuple(sorted(set(known) - set(concerning))))


def _concerns(root: str, folder: str, home: str) -> bool:
    of_projects = os.path.join(paths.real(home), "memory")
    if paths.is_inside(root, of_projects):
        # Below it each project has a folder; itself it is the user's.
        return root == of_projects
    if paths.is_inside(root, _of_claude()):
        return False
    if _is_part_of(root, folder):
        return True
    # A whole repository may be a person's notes. A part of one is about that repository.
    return project.repository_of(os.path.dirname(root)) is None


def _is_part_of(path: str, folder: str) -> bool:
    """Whether a path is in the repository of a project; other folders have no parts."""
    return paths.is_inside(path, folder) and project.repository_of(folder) is not None


def _of_claude() -> str:
    base = calling_process.current().environ.get("CLAUDE_CONFIG_DIR") or "~/.claude"
    return os.path.join(paths.real(base), "projects")
