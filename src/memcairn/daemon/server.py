"""The resident process: it answers requests, holds sessions and does the background work of a home.

It listens before it loads anything heavy, so a request that arrives while it starts waits for the
answer instead of failing. It ends when it has been idle for `daemon.idle_s`, when its home or its socket
is gone, when a newer memcairn asks it to, or on SIGTERM; requests under way are answered first. It logs
problems in <home>/logs/daemon.log.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import os
import resource
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from memcairn import __version__, errors, paths
from memcairn.daemon import client, protocol
from memcairn.daemon.background import Background
from memcairn.errors import MemcairnError, StateError
from memcairn.formats import json_text
from memcairn.formats.utc import utc_text
from memcairn.fs import json_lines
from memcairn.settings import calling_process, config

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from memcairn.memory import Memory

    Header = Mapping[str, Any]
    Reply = tuple[dict[str, object], bytes]
    # Answers a request in a thread; None: the client has to do the work itself.
    Answer = Callable[[Memory, Header, bytes], Reply | None]
    Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

log = logging.getLogger(__name__)
T = TypeVar("T")

# Requests that are answered at the same time; each thread has its own database connections.
THREADS = 8
SESSION_THREADS = 8
# A burst of hooks must not find the queue of connections full.
BACKLOG = 1024
HEADER_TIMEOUT_S = 5.0
MAX_LIMIT_S = 60.0
# When config.toml cannot be understood.
DEFAULT_IDLE_S = 900.0
# How often the process checks whether it is idle and whether its socket is still its own.
CHECK_S = 1.0
# A process that is ending holds its lock for this long at most.
LOCK_TIMEOUT_S = 15.0
LOCK_POLL_S = 0.05
QUIET_TIMEOUT_S = 5.0
# Requests that are under way when the process ends get this long, and their answers this long.
END_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 0.2
# After a change of config.toml, the databases of before are closed when nobody asked anything for this long.
OUTDATED_S = 60.0
LOG_BYTES = 1 << 20
LOG_KEEP = 1


class Handlers:
    """What the surfaces answer, by kind of request.

    Args:
        answers: requests that have one answer. Their header gets "deadline", by `time.monotonic`.
        sessions: connections that stay open. Each prepares one, and returns what serves both streams;
            None: the client has to do the work itself.
        warm_up: loads what requests need, in a thread, as soon as the process listens.
    """

    def __init__(
        self,
        answers: Mapping[str, Answer],
        sessions: Mapping[str, Callable[[Server, Header], Awaitable[Serve | None]]],
        warm_up: Callable[[Memory], None],
    ) -> None:
        self.answers = answers
        self.sessions = sessions
        self.warm_up = warm_up


def run(handlers: Handlers) -> int:
    """Run the resident process of the home that the environment names.

    Returns:
        0 when it has ended as it should, or another one runs already; 1 if it cannot run.
    """
    # NumPy's BLAS would start a thread for each core; the products here are too small for that.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    home = paths.home()
    folder = protocol.make_folder(home)
    if folder is None:
        return 1
    lock = _lock(home, os.path.join(folder, "lock"))
    if lock is None:
        return 0
    paths.never_create_again(home)
    logging.getLogger().addHandler(LogFile(home))
    _allow_connections()
    try:
        os.chdir(home)
        asyncio.run(Server(home, folder, handlers).run())
    finally:
        os.close(lock)
    return 0


def _allow_connections() -> None:
    """Raise the limit of open files as far as this user may: each client takes one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class LogFile(logging.Handler):
    """Problems as lines of <home>/logs/daemon.log, without the content of notes or requests.

    Args:
        home: where the log is.
    """

    def __init__(self, home: str) -> None:
        super().__init__(logging.WARNING)
        self._folder = os.path.join(home, "logs")

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; the arguments of other packages' messages may be content."""
        is_own = record.name.startswith("memcairn")
        line = {
            "time": utc_text(record.created, milliseconds=True),
            "level": record.levelname,
            "event": (record.getMessage() if is_own else f"{record.name}: {record.msg}")[:1000],
        }
        if record.exc_info and record.exc_info[1]:
            line["error"] = errors.summary(record.exc_info[1])
        with contextlib.suppress(OSError):
            # Not the home: it may have been deleted on purpose.
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._folder, 0o700)
            path = os.path.join(self._folder, "daemon.log")
            json_lines.append(path, line, max_bytes=LOG_BYTES, keep=LOG_KEEP)


def _lock(home: str, path: str) -> int | None:
    """Take the lock that is held for the life of the process; None if another one serves the home."""
    import fcntl  # noqa: PLC0415 - not on every platform

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # It holds the lock, but listens no longer: it is ending, or it has just begun.
            connection = client.connect(home)
            if connection is not None:
                connection.close()
            if connection is not None or time.monotonic() > deadline:
                os.close(descriptor)
                return None
            time.sleep(LOCK_POLL_S)
        else:
            return descriptor


class Server:
    """The resident process of one home.

    Args:
        home: its home.
        folder: of its socket.
        handlers: what it answers.

    Attributes:
        engines: the engine of the home.
        background: the background work of all sessions.
        session_pool: the threads of all sessions.
        ending: set when the process begins to end.
    """

    def __init__(self, home: str, folder: str, handlers: Handlers) -> None:
        self._home = home
        self._socket = os.path.join(folder, "socket")
        self._started = time.time()
        self._identity = protocol.identity()
        self._handlers = handlers
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="memcairn-request")
        self.session_pool = ThreadPoolExecutor(SESSION_THREADS, "memcairn-session")
        self.engines = Engines(home, self._socket)
        self.background = Background(self.engines.opened)
        self.ending = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self._sessions: set[asyncio.StreamWriter] = set()
        self._requests = 0
        self._answering = 0
        self._no_requests = asyncio.Event()
        self._no_requests.set()
        self._warm = asyncio.Event()
        self._users = 0
        self._last_used = time.monotonic()
        self._ends_when_unused = False

    async def run(self) -> None:
        """Serve until it is time to end."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._socket)  # of a process that was killed: the lock says that it is gone
        server = await asyncio.start_unix_server(
            self._accept, self._socket, limit=protocol.MAX_HEADER_BYTES, backlog=BACKLOG
        )
        os.chmod(self._socket, 0o600)
        socket = _signature(self._socket)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ending.set)
        self.background.start()
        self._pool.submit(self._warm_up, loop)
        try:
            while not self.ending.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.ending.wait(), CHECK_S)
                # Nothing there: the home was deleted; another one: a process has replaced this one.
                if self._is_idle() or _signature(self._socket) != socket:
                    break
        finally:
            self.ending.set()
            server.close()
            if _signature(self._socket) == socket:
                os.unlink(self._socket)
            # A thread that is stuck must not keep the lock.
            watchdog = threading.Timer(3 * END_TIMEOUT_S, os._exit, (1,))
            watchdog.daemon = True
            watchdog.start()
            await self._finish()
            self.background.stop()
            self.engines.close()

    def _warm_up(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            memory = self.engines.memory()
            memory.engine.databases.opened()
            self._handlers.warm_up(memory)
        except Exception:
            log.exception("warm_up.failed")  # the first request reports it
        finally:
            loop.call_soon_threadsafe(self._warm.set)

    async def until_quiet(self) -> None:
        """Wait for the warm-up and for the requests under way, for `QUIET_TIMEOUT_S` at most.

        What a session needs takes longer to load than a hook may take.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIET_TIMEOUT_S):
                await self._warm.wait()
                await self._no_requests.wait()

    async def _finish(self) -> None:
        """Let requests end. MCP sessions are closed then, and their clients start another process."""
        for writer in self._sessions:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
        loop = asyncio.get_running_loop()
        pools = [
            loop.run_in_executor(None, partial(pool.shutdown, cancel_futures=True))
            for pool in (self._pool, self.session_pool)
        ]
        await asyncio.wait(pools, timeout=END_TIMEOUT_S)
        if self._connections:
            _, late = await asyncio.wait(self._connections, timeout=ANSWER_TIMEOUT_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=END_TIMEOUT_S)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """The process is not idle while the block runs."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self._last_used = time.monotonic()

    def _is_idle(self) -> bool:
        if self._connections or self._users:
            return False
        idle_s = time.monotonic() - self._last_used
        if idle_s > OUTDATED_S:
            self.engines.close_outdated()
        return self._ends_when_unused or idle_s > self.engines.idle_s()

    # ── connections ──────────────────────────────────────────────────────────────────────────────

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except _Broken as error:
            log.info("connection.broken: %s", error)
        except ConnectionError:
            pass  # the client does not wait for its answer
        except Exception:
            log.exception("connection.failed")
        finally:
            self._connections.discard(task)
            self._last_used = time.monotonic()
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        uid = protocol.peer_uid(writer.get_extra_info("socket"))
        if uid not in (-1, os.getuid()):
            return
        header, body = await _request(reader)
        kind = header["kind"]
        if kind == "stop":
            self.ending.set()
            await _answer(writer, {})
            return
        if kind == "status":
            await _answer(writer, self.status())
            return
        wrong = self._mismatch(header)
        if wrong:
            await _refuse(writer, wrong)
            return
        calling_process.CURRENT.set(header["caller"])
        self._requests += 1
        if kind in self._handlers.answers:
            reply = await self._answered(header, body)
            if reply is None:
                await _refuse(writer, "the client has more to do than this")
            else:
                await _answer(writer, *reply)
        elif kind in self._handlers.sessions:
            serve = await self._handlers.sessions[kind](self, header)
            if serve is None:
                await _refuse(writer, "the session cannot be served here")
                return
            await _answer(writer, {})
            self._sessions.add(writer)
            try:
                await serve(reader, writer)
            finally:
                self._sessions.discard(writer)
        else:
            await _refuse(writer, "unknown kind of request")

    async def _answered(self, header: Header, body: bytes) -> Reply | None:
        self._answering += 1
        self._no_requests.clear()
        try:
            return await self.in_thread(self._pool, partial(self._reply, header, body))
        finally:
            self._answering -= 1
            if not self._answering:
                self._no_requests.set()

    def _reply(self, header: Header, body: bytes) -> Reply | None:
        """The answer to a request; None if its client waits no longer, or has to do the work."""
        if time.monotonic() > header["deadline"]:
            return None
        try:
            return self._handlers.answers[header["kind"]](self.engines.memory(), header, body)
        except Exception:
            log.exception("request.failed: %s", header["kind"])
            return None

    def _mismatch(self, header: Mapping[str, Any]) -> str:
        """What client and server differ in; "" if nothing."""
        for name, value in self._identity.items():
            if header.get(name) != value:
                # After an upgrade this process is in the way; another environment may be temporary.
                self._ends_when_unused = self._ends_when_unused or name in ("protocol", "version")
                return f"another {name}"
        return ""

    async def in_thread(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """Run what may wait for a disk in a thread, for the caller of this request."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(pool, context.run, work)

    def status(self) -> dict[str, object]:
        """What `memcairn daemon status` and `memcairn status` report."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            **self._identity,
            "pid": os.getpid(),
            "started_at": self._started,
            "requests": self._requests,
            "sessions": len(self._sessions),
            "memory_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            "cpu_s": usage.ru_utime + usage.ru_stime,
        }


class Engines:
    """The engine that answers, opened on first use; another one after config.toml has changed.

    Args:
        home: the home of all of them.
        socket: without it, the process is about to end, and nothing is opened: that would create a
            home again that was deleted.
    """

    def __init__(self, home: str, socket: str) -> None:
        self._home = home
        self._socket = socket
        self._lock = threading.Lock()
        self._memory: Memory | None = None
        self._signature: tuple[int, int, int] | None = None
        self._outdated: list[Memory] = []
        self._idle_s = DEFAULT_IDLE_S
        self._idle_read: object = self

    def memory(self) -> Memory:
        """The engine with the settings that are in force.

        Raises:
            ConfigError: config.toml cannot be understood.
            StateError: the home was deleted.
        """
        from memcairn.memory import Memory  # noqa: PLC0415 - the process listens before it loads this

        if not os.path.exists(self._socket):
            raise StateError("was deleted", path=self._home)
        signature = _signature(paths.config_file())
        with self._lock:
            if self._memory is None or signature != self._signature:
                memory = Memory(self._home)
                if self._memory is not None:
                    # Sessions that began with it may still use it.
                    self._outdated.append(self._memory)
                self._memory, self._signature = memory, signature
            return self._memory

    def opened(self) -> Memory | None:
        """The engine, once it is open; None while the process ends."""
        return self._memory if os.path.exists(self._socket) else None

    def idle_s(self) -> float:
        """How long the process may be idle."""
        signature = _signature(paths.config_file())
        if signature != self._idle_read:
            self._idle_read = signature
            with contextlib.suppress(MemcairnError):  # whoever asks something sees it
                self._idle_s = config.load().seconds("daemon.idle_s")
        return self._idle_s

    def close_outdated(self) -> None:
        """Close what nobody uses any more."""
        with self._lock:
            outdated, self._outdated = self._outdated, []
        for memory in outdated:
            memory.close()

    def close(self) -> None:
        """Close all databases."""
        self.close_outdated()
        if self._memory is not None:
            self._memory.close()


def _signature(file: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


class _Broken(Exception):  # noqa: N818 - nobody sees it
    """What a client sends is not a request."""


async def _request(reader: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """The header of a request, with its types checked, and its body.

    Raises:
        _Broken: it is not a request, or does not arrive in time.
    """
    try:
        async with asyncio.timeout(HEADER_TIMEOUT_S):
            header = json_text.loads(await reader.readuntil(b"\n"))
            if not isinstance(header, dict):
                raise _Broken("the header is not an object")
            length = int(header["length"])
            if not 0 <= length <= protocol.MAX_BODY_BYTES:
                raise _Broken("the body is too long")
            body = await reader.readexactly(length) if length else b""
        limit_s = min(MAX_LIMIT_S, float(header.get("limit_s", MAX_LIMIT_S)))
        given = {
            "kind": str(header["kind"]),
            "caller": calling_process.Caller.from_dict(header["caller"]),
            "deadline": time.monotonic() + limit_s,
        }
    except _NOT_A_REQUEST as error:
        raise _Broken(errors.summary(error)) from error
    return header | given, body


_NOT_A_REQUEST = (
    OSError, ValueError, TypeError, KeyError, RecursionError, EOFError, asyncio.LimitOverrunError
)  # fmt: skip


async def _answer(
    writer: asyncio.StreamWriter, fields: Mapping[str, object], body: bytes = b""
) -> None:
    writer.write(protocol.header({"ok": True, **fields}, body))
    await writer.drain()


async def _refuse(writer: asyncio.StreamWriter, reason: str) -> None:
    writer.write(protocol.header({"ok": False, "reason": reason, "version": __version__}))
    await writer.drain()
