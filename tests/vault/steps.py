"""Count the system calls of an operation, and do something before the n-th of them."""

from __future__ import annotations

import contextlib
import errno
import io
import os
from typing import TYPE_CHECKING, Any

from memcairn.fs import rename, sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_move = sandbox.Folder.move


def move_within_a_file_system(
    self: sandbox.Folder, name: str, to: sandbox.Folder, new_name: str
) -> None:
    """Folder.move where every root is a file system of its own."""
    if self._top._path != to._top._path:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    _move(self, name, to, new_name)


LOOKING = ("stat", "scandir", "fstat")
CHANGING = (
    *("open", "mkdir", "rmdir", "unlink", "rename", "replace", "link"),
    *("fsync", "fchmod", "utime", "dup"),
)


@contextlib.contextmanager
def before_step(
    number: int,
    act: Callable[[], None],
    calls: tuple[str, ...] = CHANGING,
    *,
    lasting: bool = False,
) -> Iterator[Counter]:
    """In the block, call `act` before the system call with this number, from 1.

    With `lasting`, before every later one, too.
    """
    counter = Counter(number, act, lasting=lasting)
    originals: list[tuple[Any, str, Any]] = [(os, name, getattr(os, name)) for name in calls]
    originals += [(os, "fdopen", os.fdopen), (sandbox, "rename_new", rename.rename_noreplace)]
    try:
        for module, name, original in originals:
            wrapped = counter.fdopen if name == "fdopen" else counter.wrap(original)
            setattr(module, name, wrapped)
        yield counter
    finally:
        for module, name, original in originals:
            setattr(module, name, original)


class Counter:
    def __init__(self, number: int, act: Callable[[], None], *, lasting: bool) -> None:
        self.left = number
        self._act = act
        self._lasting = lasting

    @property
    def reached(self) -> bool:
        return self.left <= 0

    def step(self) -> None:
        self.left -= 1
        if self.left == 0 or (self._lasting and self.left < 0):
            self._act()

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*args: Any, **keywords: Any) -> Any:
            self.step()
            return call(*args, **keywords)

        return stepping

    def fdopen(self, descriptor: int, mode: str) -> Any:
        raw = SteppingFile(descriptor, mode)
        raw.counter = self
        return io.BufferedWriter(raw) if "w" in mode else io.BufferedReader(raw)


class SteppingFile(io.FileIO):
    counter: Counter

    def write(self, data: Any, /) -> int:
        self.counter.step()
        return super().write(data) or 0
