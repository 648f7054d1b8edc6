"""Kill a process at its n-th change of the disk, or let that change or the n-th read fail.

The preload library, controlled. The processes must be started with `environment(...)`, and share one state
with this one.
"""

from __future__ import annotations

import ctypes
import enum
import mmap
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = os.path.join(os.path.dirname(__file__), "faults.c")


class Mode(enum.IntEnum):
    """What happens at the chosen call."""

    OFF = 0
    COUNT = 1
    KILL = 2
    FAIL_ONCE = 3
    FAIL_FROM = 4
    KILL_FROM = 5


class _State(ctypes.Structure):
    """The same as `struct state` of faults.c."""

    _fields_ = (
        ("calls", ctypes.c_long),
        ("at", ctypes.c_long),
        ("mode", ctypes.c_long),
        ("error", ctypes.c_long),
        ("hits", ctypes.c_long),
        ("reads", ctypes.c_long),
        ("folder", ctypes.c_char * 1024),
        ("hit", ctypes.c_char * 1024),
    )


def build(folder: Path) -> Path | None:
    """Compile the library into a folder; None without a C compiler or without LD_PRELOAD."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not os.path.isdir("/proc/self/fd"):
        return None
    library = folder / "faults.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-w", "-o", str(library), SOURCE, "-ldl"]
    done = subprocess.run(command, capture_output=True, check=False)
    return library if done.returncode == 0 else None


def environment(library: Path, folder: Path) -> dict[str, str]:
    """The variables of a process, and of its children, whose changes below `folder` are counted."""
    state = folder / "faults.state"
    state.write_bytes(bytes(ctypes.sizeof(_State)))
    return {"LD_PRELOAD": str(library), "TORTURE_STATE": str(state)}


class Faults:
    """The faults of this process and its children, which were started with `environment`."""

    def __init__(self, below: Path) -> None:
        with open(os.environ["TORTURE_STATE"], "r+b") as file:
            self._map = mmap.mmap(file.fileno(), ctypes.sizeof(_State))
        self._state = _State.from_buffer(self._map)
        self._state.folder = os.fsencode(below)

    def arm(self, mode: Mode, at: int = 0, error: int = 0, *, reads: bool = False) -> None:
        """Count the calls that change files, or those that read them, from 1 again; hit number `at`."""
        self._state.mode = Mode.OFF
        self._state.calls = self._state.hits = 0
        self._state.hit = b""
        self._state.at, self._state.error, self._state.reads = at, error, reads
        self._state.mode = mode

    def disarm(self) -> tuple[int, str]:
        """Stop; returns how many calls there were, and which call was hit, or ""."""
        self._state.mode = Mode.OFF
        return self._state.calls, self._state.hit.decode(errors="replace")
