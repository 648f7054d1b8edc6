"""Where the real clients are, and the world that they run in: a HOME of their own, no network.

`make clients` installs them from npm into `.clients`, in the versions that package.json here names. A
folder that REAL_CLIENTS names comes before that, and PATH after it; a test whose client is in none of them is
skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE_S = 240
_PROJECT = Path(__file__).resolve().parents[2]


def find(name: str) -> str:
    """The program of a client; skips the test if it is not on this machine."""
    folders = [os.environ.get("REAL_CLIENTS", ""), str(_PROJECT / ".clients")]
    places = [os.path.join(folder, "node_modules", ".bin") for folder in folders if folder]
    found = shutil.which(name, path=os.pathsep.join(places)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: `make clients` does that, with npm and a network")
    return str(Path(found).resolve())


def environment(home: Path, project: Path) -> dict[str, str]:
    """A user with this HOME, in this folder, and no settings."""
    ours = ("MEMCAIRN_", "XDG_", "CLAUDE", "CODEX_", "COPILOT_", "OPENCODE_", "GEMINI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"HOME": str(home), "PWD": str(project)}


def memcairn(home: Path, project: Path, *arguments: str) -> str:
    """Run memcairn as that user; returns what it printed."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=project, env=environment(home, project), capture_output=True, text=True, check=True,
        encoding="utf-8", timeout=PATIENCE_S,
    )  # fmt: skip
    return done.stdout


def start(command: Sequence[str], project: Path, env: dict[str, str]) -> str:
    """Run a client to its end; returns what it printed."""
    done = subprocess.run(
        command,
        cwd=project, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        encoding="utf-8", errors="replace", timeout=PATIENCE_S,
    )  # fmt: skip
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    return printed


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
