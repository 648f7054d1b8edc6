"""The command by which a host calls memcairn.

The user's own settings have the absolute path of the program, because a host that was started from a
desktop has another PATH than a terminal. A project's settings have the name, because other machines use
that file.
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
    from memcairn.hosts.known_hosts import Scope

NAME = "memcairn"
# They name the home and the settings. A host may start servers with only part of its environment.
VARIABLES = ("MEMCAIRN_HOME", "MEMCAIRN_CONFIG", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
# uvx and `pipx run` make temporary environments there.
_CACHES = frozenset({".cache", "Caches", "Cache", "archive-v0"})


def command(scope: Scope) -> str:
    """The command for memcairn in the settings of a scope.

    Raises:
        MemcairnError: only the library is installed.
    """
    return NAME if scope == "project" else installed_path()


def installed_path() -> str:
    """The absolute path of the program that belongs to this installation.

    A link to it on PATH is preferred (pipx and uv make one): it keeps its place when the environment behind
    it is rebuilt.

    Raises:
        MemcairnError: only the library is installed, or the installation is temporary.
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
                "is in a cache and may be removed at any time",
                path=path,
                hint="install it permanently: `uv tool install memcairn` or `pipx install memcairn`",
            )
        on_path = shutil.which(NAME)
        if on_path is not None and os.path.samefile(on_path, path):
            return os.path.abspath(on_path)
        return path
    raise MemcairnError(
        "the program memcairn is not installed beside this Python",
        path=own,
        hint="install it: `pipx install memcairn`, or pip in a permanent environment",
    )


def shell(program: str, *arguments: str) -> str:
    """A command line for the platform's shell."""
    if os.name == "nt":
        return " ".join([f'"{program}"' if " " in program else program, *arguments])
    return shlex.join([program, *arguments])


def environment() -> dict[str, str]:
    """Those variables that name the home and the settings, if they are set."""
    return {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}
