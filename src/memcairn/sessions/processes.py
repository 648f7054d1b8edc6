"""The ancestors of this process, and whether a process is still alive.

Linux provides this in /proc, other systems by `ps`. Without either, processes are unknown, and callers
must not draw conclusions from that.
"""

from __future__ import annotations

import os

from memcairn.settings import calling_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NamedTuple

    class Process(NamedTuple):
        """A process; `started` distinguishes it from a later one with the same number."""

        pid: int
        parent: int
        started: str
        command: tuple[str, ...]

else:
    from collections import namedtuple  # typing costs a hook call 3 ms

    Process = namedtuple("Process", "pid parent started command")  # noqa: PYI024

_MAX_ANCESTORS = 32
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "fish", "ksh", "ash", "busybox"})
# Programs that start another program and wait for it.
_LAUNCHERS = frozenset({"uv", "uvx", "pipx", "env", "timeout", "nice", "sudo", "npx"})


def host() -> str:
    """The name of this machine or container, within which process numbers are unique."""
    return os.environ.get("COMPUTERNAME", "") if os.name == "nt" else os.uname().nodename


def process(pid: int) -> Process | None:
    """A process by its number; None if it is gone or cannot be inspected."""
    if os.path.isdir("/proc/self"):
        return _from_proc(pid)
    return _from_ps(pid) if os.name != "nt" else None


def _from_proc(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name of the program is in parentheses and may contain any character.
            fields = file.read().rpartition(b")")[2].split()
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read().decode("utf-8", "replace").split("\0")
    except OSError:
        return None
    if len(fields) < 20 or fields[0] in (b"Z", b"X"):
        return None
    return Process(pid, int(fields[1]), fields[19].decode("ascii"), tuple(command[:3]))


def _from_ps(pid: int) -> Process | None:
    import subprocess  # noqa: PLC0415 - not needed on Linux

    asked = ["ps", "-o", "ppid=,lstart=,command=", "-p", str(pid)]
    try:
        said = subprocess.run(  # noqa: S603 - `ps` of the system, and a number
            asked, capture_output=True, text=True, errors="replace", timeout=2, check=False
        ).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return None
    # The start time has five words: Sat Nov 21 08:22:15 2026.
    if len(said) < 6 or not said[0].isdigit():
        return None
    return Process(pid, int(said[0]), " ".join(said[1:6]), tuple(said[6:9]))


def ancestors() -> Iterator[Process]:
    """The ancestors of this process, from its parent up, without the first process of the system."""
    pid = calling_process.current().parent
    for _ in range(_MAX_ANCESTORS):
        found = process(pid) if pid > 1 else None
        if found is None:
            return
        yield found
        pid = found.parent


def owner() -> int:
    """The process that a session started here belongs to: the host, or a user's shell.

    Launchers and shells that run a single command are skipped: they end together with this process.
    """
    for found in ancestors():
        name = os.path.basename(found.command[0]).lstrip("-") if found.command else ""
        runs_one = name in _SHELLS and any(
            word.startswith("-") and "c" in word and not word.startswith("--")
            for word in found.command[1:]
        )
        if not runs_one and name not in _LAUNCHERS:
            return found.pid
    return calling_process.current().parent


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
    # None: it is a zombie, ended just now, or cannot be inspected.
    if now is None:
        return os.path.isdir("/proc/self")
    return bool(started) and now.started != started
