"""How a host calls memcairn.

In the user's own settings by the absolute path of the installed program: a host that was started from a
desktop has another PATH than a terminal. In a project's settings by its name: that file goes to other
machines.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import sysconfig
from typing import TYPE_CHECKING

from memcairn.errors import MemcairnError

if TYPE_CHECKING:
    from memcairn.hosts.table import Scope

NAME = "memcairn"
# What decides where home and settings are. A host may start servers with only part of its environment.
VARIABLES = ("MEMCAIRN_HOME", "MEMCAIRN_CONFIG", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
# Where uvx and `pipx run` make environments that they also remove.
_CACHES = frozenset({".cache", "Caches", "Cache", "archive-v0"})


def program(scope: Scope) -> str:
    """What stands for `memcairn` in the settings of a scope.

    Raises:
        MemcairnError: the program is not installed, only the library.
    """
    return NAME if scope == "project" else installed()


def installed() -> str:
    """The absolute path of the program that belongs to this installation.

    A link to it on PATH is preferred (pipx and uv make one): it stays where it is when the environment
    behind it is made anew.

    Raises:
        MemcairnError: the program is not installed, only the library; or only for the moment.
    """
    suffix = ".exe" if os.name == "nt" else ""
    own = os.path.join(sysconfig.get_path("scripts"), NAME + suffix)
    called = os.path.abspath(sys.argv[0])
    candidates = [own]
    if os.path.basename(called).removesuffix(".exe") == NAME:
        candidates.insert(0, called)
    for path in candidates:
        if not os.path.isfile(path):
            continue
        if not _CACHES.isdisjoint(os.path.realpath(path).split(os.sep)):
            raise MemcairnError(
                "is in a cache, and may be gone tomorrow",
                path=path,
                hint="install memcairn to stay: `uv tool install memcairn` or `pipx install memcairn`",
            )
        on_path = shutil.which(NAME)
        if on_path is not None and os.path.samefile(on_path, path):
            return os.path.abspath(on_path)
        return path
    raise MemcairnError(
        "the program memcairn is not installed beside this Python",
        path=own,
        hint="install it: `pipx install memcairn`, or pip in an environment that stays",
    )


def shell(command: str, *arguments: str) -> str:
    """A command line for the platform's shell."""
    if os.name == "nt":
        return " ".join([f'"{command}"' if " " in command else command, *arguments])
    return shlex.join([command, *arguments])


def environment() -> dict[str, str]:
    """The variables that say where home and settings are, as far as they are set."""
    return {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}
