"""The process that a call is made for: its environment, working directory and parents.

In a command this is the process itself. The resident process answers for its clients, so what differs
between them is read here and never from `os`.
"""

from __future__ import annotations

import os
from contextvars import ContextVar

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Variables that differ between the clients of one resident process. All others that matter are the same
# (see daemon/protocol.py), or the client does without it.
PREFIXES = (
    "CLAUDE", "CODEX_", "GEMINI_", "COPILOT_", "CURSOR_", "OPENCODE", "ANTIGRAVITY_", "MEMCAIRN_SESSION",
)  # fmt: skip


class Caller:
    """The process that a call is made for.

    Args:
        environ: its environment, as far as it can differ between the clients of one resident process.
        cwd: its working directory.
        pid: its process id.
        parent: the process id of its parent.
    """

    def __init__(self, environ: Mapping[str, str], cwd: str, pid: int, parent: int) -> None:
        self.environ = environ
        self.cwd = cwd
        self.pid = pid
        self.parent = parent

    def as_dict(self) -> dict[str, object]:
        """The caller as a JSON object; see `from_dict`."""
        environ = {name: value for name, value in self.environ.items() if name.startswith(PREFIXES)}
        return {"environ": environ, "cwd": self.cwd, "pid": self.pid, "parent": self.parent}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Caller:
        """The caller that `as_dict` described.

        Raises:
            TypeError, KeyError, ValueError: it is not such an object.
        """
        environ = {str(name): str(value) for name, value in dict(found["environ"]).items()}
        return cls(environ, str(found["cwd"]), int(found["pid"]), int(found["parent"]))


# Set by the resident process for each request; see `Context.run` and `asyncio` tasks.
CURRENT: ContextVar[Caller | None] = ContextVar("caller", default=None)


def current() -> Caller:
    """The caller of the request that is answered; else this process."""
    return CURRENT.get() or this_process()


def this_process() -> Caller:
    """This process as a caller."""
    try:
        here = os.getcwd()
    except OSError:  # it was removed
        here = os.path.expanduser("~")
    return Caller(os.environ, here, os.getpid(), os.getppid())
