"""What tests of several folders share."""

from __future__ import annotations

import builtins
import contextlib
import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from memcairn.daemon import client, protocol
from memcairn.embedding.providers import BY_NAME, has_multilingual

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def require_model() -> None:
    """Skip where the built-in model is missing: `make` and each installation build it."""
    missing = BY_NAME["builtin"].missing
    if missing:
        pytest.skip(f"{', '.join(missing)}: not installed", allow_module_level=True)


def require_multilingual() -> None:
    """Skip where the multilingual model is missing, as `require_model`."""
    if not has_multilingual():
        pytest.skip("the multilingual model is not built", allow_module_level=True)


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


def stop_resident(home: Path) -> None:
    """Stop the resident process of a home, if one listens."""
    if os.path.exists(os.path.join(protocol.folder(str(home)), "socket")):
        client.ask(str(home), "stop", {}, timeout_s=10)


PROGRAM = [sys.executable, "-c", "from memcairn.cli import main; main()"]


def at_a_terminal(*arguments: str | Path, columns: int = 80, answers: str = "") -> tuple[int, str]:
    """Run the command on a pseudo-terminal: its exit code, and all that the terminal receives."""
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    process = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, answers.encode())
    output = b""
    try:
        # Linux raises EIO when the last writer has gone; macOS reports the end of the file.
        while part := os.read(ours, 65_536):
            output += part
    except OSError:
        pass
    os.close(ours)
    return process.wait(60), output.decode("utf-8")


@contextlib.contextmanager
def unreadable(name: str) -> Iterator[None]:
    """Let the disk fail (EIO) where a file or folder with this name is read, in this process."""

    def failing(real: Callable[..., object]) -> Callable[..., object]:
        def call(path: object, *arguments: object, **named: object) -> object:
            if isinstance(path, str | os.PathLike) and os.path.basename(os.fspath(path)) == name:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
            return real(path, *arguments, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtins, "open", failing(open))
        for one in ("open", "stat", "lstat", "listdir", "scandir"):
            patch.setattr(os, one, failing(getattr(os, one)))
        yield
