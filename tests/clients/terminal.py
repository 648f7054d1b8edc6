"""A program at a pseudo-terminal: what it draws is read, and a person types."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import termios
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_POLL_S = 0.02
# A program that has drawn nothing for this long has finished what it was doing.
_QUIET_S = 0.7
_BETWEEN_KEYS_S, _AGAIN_S = 0.2, 3.0
_COLUMNS, _ROWS = 160, 50
_ESCAPES = re.compile(
    r"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[=>78])"
)
_MOVES_RIGHT = re.compile(r"\x1b\[\d*C")


class Terminal:
    """A program that runs at a terminal of its own; killed when the block ends."""

    def __init__(self, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (_ROWS, _COLUMNS))
        self._process = subprocess.Popen(
            command, cwd=folder, env={**env, "TERM": "xterm-256color"},
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self._drawn = b""
        self._drawn_at = time.monotonic()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join(5)
        os.close(self._ours)

    def _read(self) -> None:
        try:
            while part := os.read(self._ours, 65_536):
                self._drawn += part
                self._drawn_at = time.monotonic()
        except OSError:
            return

    @property
    def text(self) -> str:
        """All that was drawn so far, without colours and positions."""
        drawn = self._drawn.decode("utf-8", "replace")
        return _ESCAPES.sub("", _MOVES_RIGHT.sub(" ", drawn))

    def wait_until(self, is_so: Callable[[], bool], timeout_s: float) -> None:
        """Wait for something that the program does."""
        end = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < end, self.text[-4_000:]
            assert self._process.poll() is None, self.text[-4_000:]
            time.sleep(_POLL_S)

    def wait_for(self, words: str, timeout_s: float) -> None:
        """Wait until the program draws these words."""
        self.wait_until(lambda: words in self.text, timeout_s)

    def wait_until_quiet(self) -> None:
        """Wait until the program draws no more."""
        self.wait_until(lambda: time.monotonic() - self._drawn_at > _QUIET_S, 60)

    def type(self, line: str, is_taken: Callable[[], bool], timeout_s: float) -> None:
        """Type a line and press Enter, until the program has taken the line.

        The screen does not say when that is: a program that redraws what changed may never draw a whole word.
        Enter in the same read as the line would be part of it, so it waits until the program draws something.
        """
        typed_at = time.monotonic()
        os.write(self._ours, line.encode())
        self.wait_until(lambda: self._drawn_at > typed_at, timeout_s)
        end = time.monotonic() + timeout_s
        while not is_taken():
            time.sleep(_BETWEEN_KEYS_S)
            os.write(self._ours, b"\r")
            again = min(end, time.monotonic() + _AGAIN_S)
            self.wait_until(lambda again=again: is_taken() or time.monotonic() > again, timeout_s)
            assert time.monotonic() < end, self.text[-4_000:]

    def finish(self, timeout_s: float) -> str:
        """Press Ctrl-C until the program ends; returns all that it drew."""
        end = time.monotonic() + timeout_s
        while self._process.poll() is None:
            assert time.monotonic() < end, self.text[-4_000:]
            for wait_s in (_BETWEEN_KEYS_S, _AGAIN_S):
                with contextlib.suppress(OSError):
                    os.write(self._ours, b"\x03")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(wait_s)
        self._reader.join(5)
        return self.text
