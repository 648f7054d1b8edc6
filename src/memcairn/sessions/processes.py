"""Which processes are above this one, and whether one is still there.

Linux says so in /proc, other systems by `ps`. Where neither is, nothing is known, and nothing is
concluded from it.
"""

from __future__ import annotations

import os

from memcairn.settings import caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NamedTuple

    class Process(NamedTuple):
        """A process: `started` tells it from a later one with the same number."""

        pid: int
        parent: int
        started: str
        command: tuple[str, ...]

else:
    from collections import namedtuple  # typing costs a hook call 3 ms

    Process = namedtuple("Process", "pid parent started command")  # noqa: PYI024

_MAX_ANCESTORS = 32
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "fish", "ksh", "ash", "busybox"})
# Programs that start another and wait for it.
_LAUNCHERS = frozenset({"uv", "uvx", "pipx", "env", "timeout", "nice", "sudo", "npx"})


def host() -> str:
    """The name of this machine or container: process numbers mean something within it only."""
    return os.environ.get("COMPUTERNAME", "") if os.name == "nt" else os.uname().nodename


def process(pid: int) -> Process | None:
    """What is known of a process; None if it is gone, or nothing can be known."""
    if os.path.isdir("/proc/self"):
        return _from_proc(pid)
    return _from_ps(pid) if os.name != "nt" else None


def _from_proc(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name of the program stands in brackets and may hold anything.
            fields = file.read().rpartition(b")")[2].split()
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read().decode("utf-8", "replace").split("\0")
    except OSError:
        return None
    if len(fields) < 20 or fields[0] in (b"Z", b"X"):
        return None
    return Process(pid, int(fields[1]), fields[19].decode("ascii"), tuple(command[:3]))


def _from_ps(pid: int) -> Process | None:
    import subprocess  # noqa: PLC0415 - of no use on Linux

    asked = ["ps", "-o", "ppid=,lstart=,command=", "-p", str(pid)]
    try:
        said = subprocess.run(  # noqa: S603 - `ps` of the system, and a number
            asked, capture_output=True, text=True, errors="replace", timeout=2, check=False
        ).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return None
    # Five words of the start: Sat Nov 21 08:22:15 2026.
    if len(said) < 6 or not said[0].isdigit():
        return None
    return Process(pid, int(said[0]), " ".join(said[1:6]), tuple(said[6:9]))


def ancestors() -> Iterator[Process]:
    """The processes above this one, from its parent up; the first process of the system is not among them."""
    pid = caller.current().parent
    for _ in range(_MAX_ANCESTORS):
        found = process(pid) if pid > 1 else None
        if found is None:
            return
        yield found
        pid = found.parent


def owner() -> int:
    """The process that a session belongs to which is started from here: the host, or a person's shell.

    A shell that only runs one command, and a launcher, end when we do: they are passed over.
    """
    for found in ancestors():
        name = os.path.basename(found.command[0]).lstrip("-") if found.command else ""
        runs_one = name in _SHELLS and any(
            word.startswith("-") and "c" in word and not word.startswith("--")
            for word in found.command[1:]
        )
        if not runs_one and name not in _LAUNCHERS:
            return found.pid
    return caller.current().parent


def is_gone(pid: int, started: str) -> bool:
    """Whether a process of this machine is known to be gone."""
    if os.name == "nt":  # os.kill(pid, 0) would end it
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    now = process(pid)
    # None: a zombie, or it went just now, or nothing can be known.
    if now is None:
        return os.path.isdir("/proc/self")
    return bool(started) and now.started != started
