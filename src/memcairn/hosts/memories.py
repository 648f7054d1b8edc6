"""The memory that hosts keep themselves: it is indexed where it is, and never moved or turned off."""

from __future__ import annotations

import glob
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.hosts.table import Host


def memories(hosts: Iterable[Host], project: str) -> list[str]:
    """The files and folders of the hosts' own memory that exist, absolute.

    Args:
        hosts: the hosts.
        project: the folder of the project whose files count, too.
    """
    found: dict[str, None] = {}
    for host in hosts:
        top = host.folder_of("user", project, os.environ)
        below = [(top, host.memories), (project, host.project_memories)]
        for folder, patterns in below:
            for pattern in patterns:
                wanted = os.path.join(glob.escape(folder), pattern)
                found |= dict.fromkeys(sorted(glob.glob(wanted, include_hidden=True)))
    return [path for path in found if os.path.getsize(path) or os.path.isdir(path)]
