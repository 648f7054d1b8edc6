"""`memcairn serve` as a pipe between a client of MCP and the resident process.

    client ──stdin──► lines ──► socket ──► resident process
    client ◄─stdout── lines ◄── socket ◄──

The MCP SDK takes a second to import; the pipe needs none of it. Clients wait a few seconds for a server,
then they go on without its tools, so the pipe answers what never changes (`initialize`, the lists of tools
and of prompts) from a file, as the last session of this home was answered. The resident process answers the
same requests later; its answers renew the file.

If the resident process dies, the pipe starts another one, repeats the handshake, and answers the requests
that were under way with an error: they may have been carried out, so only the model can decide whether to
repeat them. Where there can be no resident process, a child serves in its place.

Claude Code asks `server/discover`, which begins a session without a handshake, and falls back to `initialize`
if it has no answer in time. A server that has seen the one refuses what follows the other, so it then gets a
session that begins with the handshake.

This module is on the path of every start of a server: standard library only.
"""

from __future__ import annotations

import _thread
import os
import sys
import time

from memcairn.daemon import client, protocol
from memcairn.formats import json_text

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
# Claude Code offers the tools of a server only once it has the list of its resources, and waits 5 s for that.
RESOURCES_TIMEOUT_S = 2.0
_INTERNAL_ERROR = -32603
_READ_BYTES = 1 << 16
# Begins the ids of requests that are repeated for the client.
_AGAIN = "memcairn-again-"
# What Claude Code asks for; and the requests whose answers depend on it, the version and the profile only.
HANDSHAKE_VERSION = "2025-11-25"
CONSTANT = ("initialize", "tools/list", "prompts/list", "resources/templates/list")
_RESOURCES_CHANGED = b'{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}\n'


def serve(home: str, fields: Mapping[str, object]) -> int | None:
    """Connect standard input and output to a session of the resident process.

    Args:
        home: its home.
        fields: of the request: the root and the profile.

    Returns:
        The exit code when the client has closed its end; None if this platform has no unix sockets:
        nothing was read then.
    """
    if os.name == "nt":
        return None
    return _Pipe(home, fields).run()


def _connect(home: str, fields: Mapping[str, object]) -> socket | None:
    """A session of the resident process; None if it cannot be had."""
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


def _serve_in_child(fields: Mapping[str, object]) -> tuple[socket | None, int]:
    """A session of a server in another process, for this client only, and the id of the process."""
    import _socket  # noqa: PLC0415 - on few starts

    own, its = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
    options = [f"--{name}={value}" for name, value in fields.items()]
    program = "import sys; from memcairn.cli.commands import run; sys.exit(run())"
    command = [sys.executable, "-P", "-c", program, "serve", *options]
    given = [(os.POSIX_SPAWN_DUP2, its.fileno(), fd) for fd in (0, 1)]
    try:
        pid = os.posix_spawn(sys.executable, command, dict(os.environ), file_actions=given)
    except (OSError, NotImplementedError):
        own.close()
        return None, 0
    finally:
        its.close()
    return own, pid


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


class ConstantAnswers:
    """The answers to `CONSTANT` requests, as the last session was answered.

    Args:
        home: where they are kept.
        fields: of the request for a session: answers depend on the profile.
    """

    def __init__(self, home: str, fields: Mapping[str, object]) -> None:
        profile = fields.get("profile", "core")
        self._path = os.path.join(protocol.folder(home), f"answers-{profile}.json")
        self._identity = protocol.identity()
        self._answers: dict[str, object] = {}
        try:
            with open(self._path, encoding="utf-8") as file:
                found = json_text.loads(file.read())
        except (OSError, ValueError, RecursionError):
            return
        if isinstance(found, dict) and found.pop("identity", None) == self._identity:
            self._answers = found

    def get(self, key: str | None) -> object:
        """The result for a key of `constant_key`; None if it is not known."""
        return self._answers.get(key) if key is not None else None

    def renew(self, key: str, result: object) -> None:
        """Keep a result for the next session."""
        if result is None or self._answers.get(key) == result:
            return
        self._answers[key] = result
        from memcairn.fs import atomic  # noqa: PLC0415 - answers change with the version only

        content = json_text.dumps({**self._answers, "identity": self._identity}).encode("ascii")
        try:
            atomic.replace(self._path, content, durable=False)
        except OSError:
            return  # a home that cannot be written: the next session waits


def constant_key(message: Mapping[str, object], version: str) -> str | None:
    """What the answer to a request depends on; None if it is not constant.

    Args:
        message: the request.
        version: of the protocol, as the client's `initialize` named it; "" before that, and for a client that
            never sends one: later versions of the protocol do without, and their answers have another form.
    """
    given = message.get("params")
    params = given if isinstance(given, dict) else {}
    if message.get("method") not in CONSTANT or "id" not in message or params.get("cursor"):
        return None
    return f"{message['method']} {version}" if version else None


def requested_version(message: Mapping[str, object]) -> str:
    """The version of the protocol that `initialize` names; "" for other requests."""
    given = message.get("params")
    if message.get("method") != "initialize" or not isinstance(given, dict):
        return ""
    return str(given.get("protocolVersion", ""))


class _Pipe:
    """One session, over one connection after another.

    Args:
        home: the home of the resident process.
        fields: of the request.
    """

    def __init__(self, home: str, fields: Mapping[str, object]) -> None:
        self._home = home
        self._fields = fields
        self._constants = ConstantAnswers(home, fields)
        self._connection: socket | None = None
        # Free while there is a connection.
        self._connected = _thread.allocate_lock()
        self._connected.acquire()
        # Held while lines are sent, and while the connection is replaced.
        self._sending = _thread.allocate_lock()
        # Of the requests below: the output thread must not wait for one that is being sent.
        self._lock = _thread.allocate_lock()
        self._writing = _thread.allocate_lock()
        # The requests that were sent: their ids, and their keys if their answers are constant.
        self._pending: dict[str, tuple[object, str | None]] = {}
        # Those whose answers the client has already.
        self._answered: set[str] = set()
        self._handshake: list[bytes] = []
        self._subscriptions: dict[str, bytes] = {}
        self._unsent: list[bytes] = []
        # The id of `initialize`, and whether the client has its answer.
        self._first: str | None = None
        self._is_initialized = False
        # Whether the server has seen a request before the handshake, which it then refuses.
        self._has_discovered = False
        self._falls_back = False
        self._has_joined = False
        self._resources_are_missing = False
        self._version = ""
        self._ended = False

    def run(self) -> int:
        """Copy lines until the client closes its end."""
        _thread.start_new_thread(self._copy_input, ())
        restarts = 0
        while restarts < MAX_RESTARTS:
            connection, child = _connect(self._home, self._fields), 0
            if connection is None:
                connection, child = _serve_in_child(self._fields)
            if connection is None:
                break
            began = time.monotonic()
            has_answered = self._join(connection) and self._copy_output(connection)
            has_ended = self._leave(connection)
            falls_back, self._falls_back = self._falls_back, False
            if child and not (has_answered or falls_back):
                # It has said what is missing. Nobody else can serve.
                return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if has_ended:
                return 0
            is_stable = has_answered or time.monotonic() - began > STABLE_S
            restarts = 1 if is_stable else restarts + 1
        return 0 if self._ended else 1

    # ── client to resident process ───────────────────────────────────────────────────────────────

    def _copy_input(self) -> None:
        for line in _lines(lambda: os.read(0, _READ_BYTES)):
            message = _parsed(line)
            self._answer_early(message)
            with self._sending:
                self._note_state(message, line)
                if message.get("method") == "initialize":
                    self._forget_discovery()
                self._deliver(message, line)
        while not self._ended:
            # What was sent before there is a connection is still carried out.
            with self._connected:
                pass
            with self._sending:
                self._end()
        time.sleep(END_TIMEOUT_S)
        os._exit(0)

    def _forget_discovery(self) -> None:
        """The client falls back to a handshake; the caller holds `_sending`."""
        self._unsent = [line for line in self._unsent if not _is_discovery(_parsed(line))]
        if self._has_discovered and self._connection is not None:
            # Another session begins with the handshake.
            self._has_discovered = False
            self._falls_back = True
            connection, self._connection = self._connection, None
            self._connected.acquire()
            try:
                connection.shutdown(2)  # SHUT_RDWR: the thread that reads from it connects again
            except OSError:
                return  # it is lost, which the other thread notices, too

    def _end(self) -> None:
        """Tell the resident process that the client has left; the caller holds `_sending`."""
        if self._connection is None:
            return  # it was lost just now
        self._ended = True
        try:
            self._connection.shutdown(1)  # SHUT_WR
        except OSError:
            return  # it is lost, which the other thread notices, too

    def _answer_early(self, message: Mapping[str, object]) -> None:
        """Answer a request before the resident process does, if the answer is known."""
        self._version = requested_version(message) or self._version
        result = self._constants.get(constant_key(message, self._version))
        if message.get("method") == "resources/list" and self._is_initialized and "id" in message:
            if self._connected.acquire(timeout=RESOURCES_TIMEOUT_S):
                self._connected.release()
            else:
                self._resources_are_missing = True
                result = {"resources": []}
        if result is None:
            return
        with self._lock:
            self._answered.add(json_text.dumps(message["id"]))
        if message.get("method") == "initialize":
            self._is_initialized = True
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        self._write(json_text.dumps(answer).encode("ascii") + b"\n")

    def _deliver(self, message: Mapping[str, object], line: bytes) -> None:
        """Send a line, now or when there is a connection; the caller holds `_sending`."""
        is_request = "method" in message and "id" in message
        try:
            if self._connection is None:
                self._unsent.append(line)
                return
            if is_request:
                with self._lock:
                    id_ = message["id"]
                    self._pending[json_text.dumps(id_)] = id_, constant_key(message, self._version)
            self._has_discovered = self._has_discovered or _is_discovery(message)
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

    def _copy_output(self, connection: socket) -> bool:
        """Copy lines until the connection ends; returns whether a request was answered."""
        has_answered = False
        for line in _lines(lambda: connection.recv(_READ_BYTES)):
            message = _parsed(line)
            if "id" not in message or "method" in message:
                self._write(line)
            elif not str(message["id"]).startswith(_AGAIN):
                has_answered = True
                if not self._is_known(message):
                    self._write(line)
        return has_answered

    def _is_known(self, message: Mapping[str, object]) -> bool:
        """Take note of an answer; whether the client has it already."""
        id_ = json_text.dumps(message["id"])
        with self._lock:
            _, key = self._pending.pop(id_, (None, None))
            is_known = id_ in self._answered
            self._answered.discard(id_)
        self._is_initialized = self._is_initialized or id_ == self._first
        if key is not None:
            self._constants.renew(key, message.get("result"))
        return is_known

    # ── one connection after another ─────────────────────────────────────────────────────────────

    def _join(self, connection: socket) -> bool:
        """Begin or continue the session over a connection; False if it is lost already."""
        with self._sending:
            try:
                if self._has_joined:
                    self._repeat_handshake(connection)
            except OSError:
                return False
            unsent, self._unsent = self._unsent, []
            repeated = self._handshake if self._has_joined else []
            self._connection = connection
            self._has_joined = True
            for line in unsent:
                if line not in repeated:
                    self._deliver(_parsed(line), line)
            self._connected.release()
        if self._resources_are_missing:
            self._resources_are_missing = False
            self._write(_RESOURCES_CHANGED)
        return True

    def _leave(self, connection: socket) -> bool:
        """Take leave of a connection that ended; whether the session ended with it."""
        with self._sending:
            if self._connection is not None and not self._ended:
                self._connected.acquire()
            self._connection = None
            self._fail_pending()
            connection.close()
            return self._ended

    def _fail_pending(self) -> None:
        """Answer what was under way, except for the handshake, which is repeated."""
        with self._lock:
            pending, self._pending = self._pending, {}
            failed = [id_ for key, (id_, _) in pending.items() if key not in self._answered]
            self._answered -= pending.keys()
        for id_ in failed:
            if json_text.dumps(id_) != self._first:
                self._write(_error(id_))

    def _repeat_handshake(self, connection: socket) -> None:
        for number, line in enumerate(self._handshake):
            connection.sendall(line)
            if number == 0 and self._is_initialized:
                _skip_line(connection)  # the client has this answer
        for line in self._subscriptions.values():
            connection.sendall(line)

    def _write(self, content: bytes) -> None:
        """Write to the client; two threads do."""
        with self._writing:
            try:
                while content:
                    content = content[os.write(1, content) :]
            except OSError:
                os._exit(0)  # the client is gone


def _is_discovery(message: Mapping[str, object]) -> bool:
    return message.get("method") == "server/discover"


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
