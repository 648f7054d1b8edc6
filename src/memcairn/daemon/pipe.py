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
import time

from memcairn import json_text
from memcairn.daemon import client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable, Iterator, Mapping

# A client waits up to 30 s for a server to start; a cold resident process needs about one.
START_TIMEOUT_S = 20.0
HANDSHAKE_TIMEOUT_S = 30.0
# A resident process that dies this often, each time within a second and without an answer, is broken: the
# pipe ends, and the client sees that.
MAX_RESTARTS = 20
STABLE_S = 1.0
# What is under way when the client has left gets this long.
END_TIMEOUT_S = 3.0
_INTERNAL_ERROR = -32603
_READ_BYTES = 1 << 16
# Begins the ids of requests that are repeated for the client.
_AGAIN = "memcairn-again-"


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
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        connection = client.connect(home)
        if connection is None:
            pid = client.start(home)
            if pid is None:
                return None
            connection = client.wait_until_started(home, pid, deadline - time.monotonic())
            if connection is None:
                return None
        try:
            if _is_accepted(connection, fields):
                return connection
        except OSError:
            connection.close()  # it is ending: another one can start now
        else:
            connection.close()
            return None
    return None


def _is_accepted(connection: socket, fields: Mapping[str, object]) -> bool:
    """Whether the resident process serves the session.

    Raises:
        OSError: it ends, or does not answer in time.
    """
    connection.settimeout(HANDSHAKE_TIMEOUT_S)
    client.send_request(connection, "mcp", fields)
    # One byte at a time: what follows the header belongs to the session.
    line = b""
    while not line.endswith(b"\n"):
        part = connection.recv(1)
        if not part:
            raise OSError("the connection ended")
        line += part
    connection.settimeout(None)
    return _parsed(line).get("ok") is True


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
        # Held while lines are sent, and while the connection is replaced.
        self._sending = _thread.allocate_lock()
        # Of the requests below: the output thread must not wait for one that is being sent.
        self._lock = _thread.allocate_lock()
        self._pending: dict[str, object] = {}
        self._handshake: list[bytes] = []
        self._subscriptions: dict[str, bytes] = {}
        self._unsent: list[bytes] = []
        # The id of `initialize`, and whether the client has its answer.
        self._first: str | None = None
        self._is_initialized = False
        self._restarts = 0
        self._ended = False

    def run(self) -> int:
        """Copy lines until the client closes its end."""
        _thread.start_new_thread(self._copy_input, ())
        while self._restarts < MAX_RESTARTS:
            began = time.monotonic()
            self._copy_output()
            if time.monotonic() - began > STABLE_S:
                self._restarts = 0
            if self._ended or not self._reconnect():
                break
            self._restarts += 1
        return 0 if self._ended else 1

    # ── client to resident process ───────────────────────────────────────────────────────────────

    def _copy_input(self) -> None:
        for line in _lines(lambda: os.read(0, _READ_BYTES)):
            self._send(line)
        with self._sending:
            self._ended = True
            try:
                self._connection.shutdown(1)  # SHUT_WR
            except OSError:
                os._exit(0)
        time.sleep(END_TIMEOUT_S)
        os._exit(0)

    def _send(self, line: bytes) -> None:
        message = _parsed(line)
        self._note_state(message, line)
        with self._sending:
            self._deliver(message, line)

    def _deliver(self, message: Mapping[str, object], line: bytes) -> None:
        is_request = "method" in message and "id" in message
        if is_request:
            with self._lock:
                self._pending[json_text.dumps(message["id"])] = message["id"]
        try:
            self._connection.sendall(line)
        except OSError:
            # It died, which the thread that reads its answers notices, too.
            self._unsent.append(line)
            if is_request:
                with self._lock:
                    self._pending.pop(json_text.dumps(message["id"]), None)

    def _note_state(self, message: Mapping[str, object], line: bytes) -> None:
        """Remember what another resident process has to know."""
        method, given = message.get("method"), message.get("params")
        if method in ("initialize", "notifications/initialized"):
            self._handshake.append(line)
            if method == "initialize":
                self._first = json_text.dumps(message.get("id"))
        elif method in ("resources/subscribe", "resources/unsubscribe") and isinstance(given, dict):
            uri = str(given.get("uri"))
            self._subscriptions.pop(uri, None)
            if method == "resources/subscribe":
                again = {**message, "id": f"{_AGAIN}{len(self._subscriptions)}"}
                self._subscriptions[uri] = json_text.dumps(again).encode("ascii") + b"\n"

    # ── resident process to client ───────────────────────────────────────────────────────────────

    def _copy_output(self) -> None:
        connection = self._connection
        for line in _lines(lambda: connection.recv(_READ_BYTES)):
            self._answer(line)

    def _answer(self, line: bytes) -> None:
        message = _parsed(line)
        if "id" in message and "method" not in message:
            if str(message["id"]).startswith(_AGAIN):
                return
            key = json_text.dumps(message["id"])
            self._is_initialized = self._is_initialized or key == self._first
            with self._lock:
                self._pending.pop(key, None)
            self._restarts = 0
        _write(line)

    def _reconnect(self) -> bool:
        """Continue the session with another resident process."""
        with self._sending:
            self._fail_pending()
            self._connection.close()
            connection = _connect(self._home, self._fields)
            if connection is None:
                return False
            self._connection = connection
            unsent, self._unsent = self._unsent, []
            try:
                self._repeat_handshake(connection)
            except OSError:
                self._unsent = unsent
                return True  # the next turn of the loop tries again
            for line in unsent:
                if line not in self._handshake:
                    self._deliver(_parsed(line), line)
        return True

    def _fail_pending(self) -> None:
        """Answer what was under way, except for the handshake, which is repeated."""
        with self._lock:
            pending, self._pending = self._pending, {}
        for key, id_ in pending.items():
            if key != self._first:
                _write(_error(id_))

    def _repeat_handshake(self, connection: socket) -> None:
        for number, line in enumerate(self._handshake):
            connection.sendall(line)
            if number == 0 and self._is_initialized:
                _skip_line(connection)  # the client has this answer
        for line in self._subscriptions.values():
            connection.sendall(line)


def _lines(read: Callable[[], bytes]) -> Iterator[bytes]:
    """Whole lines, until `read` returns nothing or fails."""
    parts: list[bytes] = []
    while True:
        try:
            part = read()
        except OSError:
            return
        if not part:
            return
        first, *lines = part.split(b"\n")
        parts.append(first)
        for line in lines:
            yield b"".join(parts) + b"\n"
            parts = [line]


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
