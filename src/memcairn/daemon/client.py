"""Ask the resident process of a home, and start one.

Whatever goes wrong, the answer is None: the caller does the work itself. This module is on the path of
every hook call: standard library only, and as little of it as possible.
"""

from __future__ import annotations

import os
import sys
import time

from memcairn.daemon import protocol
from memcairn.formats import json_text
from memcairn.settings import calling_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Mapping
    from typing import Any

_CONNECT_TIMEOUT_S = 2.0
_POLL_S = 0.02


def connect(home: str, timeout_s: float = _CONNECT_TIMEOUT_S) -> socket | None:
    """A connection to the resident process; None if there is none, or it belongs to another user."""
    try:
        # `socket` takes four times as long to import as the C module that it wraps.
        import _socket  # noqa: PLC0415

        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    except (ImportError, AttributeError, OSError):
        return None  # no unix sockets on this platform
    try:
        connection.settimeout(timeout_s)
        connection.connect(os.path.join(protocol.folder(home), "socket"))
        if protocol.peer_uid(connection) in (-1, os.getuid()):
            return connection
    except OSError:
        pass
    connection.close()
    return None


def ask(
    home: str, kind: str, fields: Mapping[str, object], body: bytes = b"", *, timeout_s: float
) -> tuple[dict[str, Any], bytes] | None:
    """Send one request and wait for its answer.

    Args:
        home: the home whose resident process is asked.
        kind: "hook", "search", "status" or "stop".
        fields: of the request's header.
        body: what follows the header.
        timeout_s: give up after this time.

    Returns:
        The header and the body of the answer; None if no resident process listens. "ok" in the header
        is false if it has another version or environment, or does not answer in time.
    """
    deadline = time.monotonic() + timeout_s
    connection = connect(home, min(timeout_s, _CONNECT_TIMEOUT_S))
    if connection is None:
        return None
    try:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        send_request(connection, kind, {**fields, "limit_s": timeout_s}, body)
        return receive(connection, deadline)
    except (OSError, ValueError, TypeError, RecursionError):
        return {"ok": False, "reason": "there was no answer"}, b""
    finally:
        connection.close()


def send_request(
    connection: socket, kind: str, fields: Mapping[str, object], body: bytes = b""
) -> None:
    """Send the header and the body of a request.

    Raises:
        OSError: the server does not take it.
    """
    request = {
        **protocol.identity(), "kind": kind, "caller": calling_process.this_process().as_dict(), **fields
    }  # fmt: skip
    connection.sendall(protocol.header(request, body))


def receive(connection: socket, deadline: float) -> tuple[dict[str, Any], bytes]:
    """The answer to a request.

    Args:
        connection: where the request was sent.
        deadline: of the whole answer, on the clock of `time.monotonic`.

    Raises:
        OSError: the connection ends, or the deadline passes.
        ValueError: the answer cannot be understood.
    """
    data = b""
    while b"\n" not in data:
        data += _some(connection, deadline)
        if len(data) > protocol.MAX_HEADER_BYTES:
            raise ValueError("the header is too long")
    line, _, body = data.partition(b"\n")
    answer = json_text.loads(line)
    if not isinstance(answer, dict):
        raise TypeError("the header is not an object")
    length = int(answer.get("length", 0))
    parts, missing = [body], length - len(body)
    while missing > 0:
        parts.append(_some(connection, deadline))
        missing -= len(parts[-1])
    return answer, b"".join(parts)[:length]


def _some(connection: socket, deadline: float) -> bytes:
    connection.settimeout(max(0.001, deadline - time.monotonic()))
    part = connection.recv(1 << 16)
    if not part:
        raise OSError("the connection ended")
    return part


def start(home: str) -> int | None:
    """Start a resident process, detached from this one; None if none can run here.

    Several may start at once: one of them wins, and the others end.

    Returns:
        Its process id.
    """
    if protocol.make_folder(home) is None:
        return None
    environ = {**os.environ, "MEMCAIRN_HOME": home}
    # -P: no module is imported from the working directory.
    command = [sys.executable, "-P", "-m", "memcairn.cli.daemon_handlers"]
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    try:
        return os.posix_spawn(sys.executable, command, environ, file_actions=null, setsid=True)
    except (OSError, NotImplementedError, AttributeError):
        pass
    try:
        # posix_spawn has no setsid here: subprocess forks, which takes longer to import.
        import subprocess  # noqa: PLC0415

        quiet = subprocess.DEVNULL
        return subprocess.Popen(  # noqa: S603 - this Python and this package
            command, env=environ, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        ).pid
    except OSError:
        return None


def wait_until_started(home: str, pid: int, timeout_s: float) -> socket | None:
    """A connection to the resident process that is starting.

    Args:
        home: its home.
        pid: what `start` returned.
        timeout_s: give up after this time.

    Returns:
        None if it ended, or does not listen in time.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        connection = connect(home)
        if connection is not None:
            return connection
        if pid and _failed(pid):
            return None
        time.sleep(_POLL_S)
    return None


def _failed(pid: int) -> bool:
    """Whether it ended for another reason than that one runs already."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return False
    return ended == pid and status != 0
