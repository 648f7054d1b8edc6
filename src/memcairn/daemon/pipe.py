"""`memcairn serve` as a pipe between a client of MCP and the resident process.

    client ──stdin──► lines ──► socket ──► resident process
    client ◄─stdout── lines ◄── socket ◄──

The MCP SDK takes a second to import; the pipe needs none of it. If the resident process dies, the pipe
starts another one, repeats the handshake, and answers the requests that were under way with an error:
they may have been carried out, so only the model can decide whether to repeat them.

This module is on the path of every start of a server: standard library only.
"""

from __future__ import annotations

import _thread
import os

from memcairn import json_text
from memcairn.daemon import client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Mapping

# A client waits up to 30 s for a server to start; a cold resident process needs about one.
START_TIMEOUT_S = 20.0
HANDSHAKE_TIMEOUT_S = 30.0
# A resident process that dies this often is broken: the pipe ends, and the client sees that.
MAX_RESTARTS = 20
_INTERNAL_ERROR = -32603


def serve(home: str, fields: Mapping[str, object]) -> int | None:
    """Connect standard input and output to a session of the resident process.

    Args:
        home: its home.
        fields: of the request: the root and the profile.

    Returns:
        The exit code when the client has closed its end; None if no resident process can be had:
        nothing was read then.
    """
    connection = _connect(home, fields)
    if connection is None:
        return None
    return _Pipe(home, fields, connection).run()


def _connect(home: str, fields: Mapping[str, object]) -> socket | None:
    connection = client.connect(home)
    if connection is None:
        pid = client.start(home)
        if pid is None:
            return None
        connection = client.wait_until_started(home, pid, START_TIMEOUT_S)
        if connection is None:
            return None
    try:
        connection.settimeout(HANDSHAKE_TIMEOUT_S)
        client.send_request(connection, "mcp", fields)
        # One byte at a time: what follows the header belongs to the session.
        line = b""
        while not line.endswith(b"\n"):
            part = connection.recv(1)
            if not part:
                raise OSError("the connection ended")
            line += part
        answer = json_text.loads(line)
        if isinstance(answer, dict) and answer.get("ok") is True:
            connection.settimeout(None)
            return connection
    except (OSError, ValueError, RecursionError):
        pass
    connection.close()
    return None


class _Pipe:
    """One session, over one connection after another.

    Args:
        home: the home of the resident process.
        fields: of the request.
        connection: the first connection.
    """

    def __init__(self, home: str, fields: Mapping[str, object], connection: socket) -> None:
        self._home = home
        self._fields = fields
        self._connection = connection
        self._lock = _thread.allocate_lock()
        self._handshake: list[bytes] = []
        self._pending: dict[str, object] = {}
        self._ended = False

    def run(self) -> int:
        """Copy lines until the client closes its end."""
        _thread.start_new_thread(self._copy_input, ())
        for _ in range(MAX_RESTARTS):
            self._copy_output()
            if self._ended or not self._reconnect():
                break
        return 0 if self._ended else 1

    # ── client to resident process ───────────────────────────────────────────────────────────────

    def _copy_input(self) -> None:
        rest = b""
        while True:
            try:
                part = os.read(0, 1 << 16)
            except OSError:
                part = b""
            if not part:
                break
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                self._send(line + b"\n")
        with self._lock:
            self._ended = True
            try:
                self._connection.shutdown(1)  # SHUT_WR: what is under way is still answered
            except OSError:
                os._exit(0)

    def _send(self, line: bytes) -> None:
        message = _parsed(line)
        method = message.get("method")
        with self._lock:
            if method in ("initialize", "notifications/initialized"):
                self._handshake.append(line)
            if method is not None and "id" in message:
                self._pending[json_text.dumps(message["id"])] = message["id"]
            try:  # noqa: SIM105 - contextlib takes a millisecond to import
                self._connection.sendall(line)
            except OSError:
                pass  # it died: the thread that reads its answers notices that, too

    # ── resident process to client ───────────────────────────────────────────────────────────────

    def _copy_output(self) -> None:
        rest = b""
        while True:
            try:
                part = self._connection.recv(1 << 16)
            except OSError:
                part = b""
            if not part:
                return
            rest += part
            while b"\n" in part:
                line, _, rest = rest.partition(b"\n")
                part = rest
                self._answered(line)
                _write(line + b"\n")

    def _answered(self, line: bytes) -> None:
        message = _parsed(line)
        if "id" in message and "method" not in message:
            with self._lock:
                self._pending.pop(json_text.dumps(message["id"]), None)

    def _reconnect(self) -> bool:
        """Continue the session with another resident process."""
        connection = _connect(self._home, self._fields)
        if connection is None:
            return False
        with self._lock:
            self._connection.close()
            self._connection = connection
            is_first = True
            for line in self._handshake:
                try:
                    connection.sendall(line)
                    if is_first:
                        _skip_line(connection)  # the client has this answer
                except OSError:
                    return True  # the next turn of the loop tries again
                is_first = False
            pending, self._pending = self._pending, {}
        for key, id_ in pending.items():
            if not any(json_text.dumps(_parsed(line).get("id")) == key for line in self._handshake):
                _write(_error(id_))
        return True


def _parsed(line: bytes) -> Mapping[str, object]:
    try:
        message = json_text.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _skip_line(connection: socket) -> None:
    part = b"x"
    while part and part != b"\n":
        part = connection.recv(1)


def _error(id_: object) -> bytes:
    message = "the memcairn process ended before it answered; the call may have been carried out"
    answer = {"jsonrpc": "2.0", "id": id_, "error": {"code": _INTERNAL_ERROR, "message": message}}
    return json_text.dumps(answer).encode("ascii") + b"\n"


def _write(content: bytes) -> None:
    try:
        while content:
            content = content[os.write(1, content) :]
    except OSError:
        os._exit(0)  # the client is gone
