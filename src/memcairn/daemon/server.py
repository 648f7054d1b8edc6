"""The resident process: it answers requests, holds sessions and does the background work of a home.

It listens before it loads anything heavy, so a request that arrives while it starts waits for the
answer instead of failing. It ends when it has been idle for `daemon.idle_s`, when its home or its socket
is gone, when a newer memcairn asks it to, or on SIGTERM; requests under way are answered first.
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
from typing import TYPE_CHECKING, Any, TypeVar

from memcairn import __version__, json_text, paths
from memcairn.daemon import client, protocol
from memcairn.daemon.background import Background
from memcairn.settings import caller

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from memcairn.memory import Memory

    Header = Mapping[str, Any]
    Reply = tuple[dict[str, object], bytes]
    # Answers a request in a thread; None: the client has to do the work itself.
    Answer = Callable[[Memory, Header, bytes], Reply | None]

log = logging.getLogger(__name__)
T = TypeVar("T")

# Requests that are answered at the same time; each thread has its own database connections.
THREADS = 4
SESSION_THREADS = 8
HEADER_TIMEOUT_S = 5.0
# How often the process checks whether it is idle and whether its socket is still its own.
CHECK_S = 1.0
# A process that is ending holds its lock for this long at most.
LOCK_TIMEOUT_S = 15.0
LOCK_POLL_S = 0.05
# Requests that are under way when the process ends get this long.
END_TIMEOUT_S = 10.0


class Handlers:
    """What the surfaces answer, by kind of request.

    Args:
        answers: requests that have one answer.
        sessions: connections that stay open; called with the server, the header and both streams.
        warm_up: loads what requests need, in a thread, as soon as the process listens.
    """

    def __init__(
        self,
        answers: Mapping[str, Answer],
        sessions: Mapping[
            str,
            Callable[[Server, Header, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
        ],
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
    try:
        os.chdir(home)
        asyncio.run(Server(home, folder, handlers).run())
    finally:
        os.close(lock)
    return 0


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
    """

    def __init__(self, home: str, folder: str, handlers: Handlers) -> None:
        self._home = home
        self._socket = os.path.join(folder, "socket")
        self._started = time.time()
        self._handlers = handlers
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="memcairn-request")
        self.session_pool = ThreadPoolExecutor(SESSION_THREADS, "memcairn-session")
        self.engines = Engines(home)
        self.background = Background(self.engines.opened)
        self._ending = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self._sessions = 0
        self._requests = 0
        self._last_used = time.monotonic()
        self._ends_when_unused = False

    async def run(self) -> None:
        """Serve until it is time to end."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._socket)  # of a process that was killed: the lock says that it is gone
        server = await asyncio.start_unix_server(
            self._accept, self._socket, limit=protocol.MAX_HEADER_BYTES
        )
        os.chmod(self._socket, 0o600)
        inode = os.stat(self._socket).st_ino
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        self.background.start()
        self._pool.submit(self._warm_up)
        try:
            while not self._ending.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), CHECK_S)
                if self._is_idle() or not self._owns_socket(inode):
                    break
        finally:
            server.close()
            if self._owns_socket(inode):
                os.unlink(self._socket)
            await self._finish()
            self.background.stop()
            for pool in (self._pool, self.session_pool):
                pool.shutdown(wait=False, cancel_futures=True)
            self.engines.close()

    def _warm_up(self) -> None:
        try:
            self._handlers.warm_up(self.engines.memory())
        except Exception:
            log.exception("warm_up.failed")  # the first request reports it

    async def _finish(self) -> None:
        """Let requests end; MCP sessions are closed, and their clients start another process."""
        if self._connections:
            _, late = await asyncio.wait(
                self._connections, timeout=0.2 if self._sessions else END_TIMEOUT_S
            )
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=END_TIMEOUT_S)

    def _is_idle(self) -> bool:
        if self._connections:
            return False
        idle_s = time.monotonic() - self._last_used
        return self._ends_when_unused or idle_s > self.engines.idle_s()

    def _owns_socket(self, inode: int) -> bool:
        """False once the home was deleted or replaced, or somebody removed the socket."""
        try:
            return os.stat(self._socket).st_ino == inode
        except OSError:
            return False

    # ── connections ──────────────────────────────────────────────────────────────────────────────

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, ValueError, TypeError, KeyError, RecursionError, EOFError) as error:
            log.info("connection.broken: %s", error)
        except TimeoutError:
            log.info("connection.silent")
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
        async with asyncio.timeout(HEADER_TIMEOUT_S):
            header = json_text.loads(await reader.readuntil(b"\n"))
            if not isinstance(header, dict):
                raise TypeError("the header is not an object")
            length = int(header["length"])
            if not 0 <= length <= protocol.MAX_BODY_BYTES:
                raise ValueError("the body is too long")
            body = await reader.readexactly(length) if length else b""
        kind = header["kind"]
        if kind == "stop":
            self._ending.set()
            await _answer(writer, {})
            return
        if kind == "status":
            await _answer(writer, self.status())
            return
        wrong = self._mismatch(header)
        if wrong:
            await _refuse(writer, wrong)
            return
        caller.CURRENT.set(caller.Caller.from_dict(header["caller"]))
        self._requests += 1
        if kind in self._handlers.answers:
            answer = self._handlers.answers[kind]
            reply = await self.in_thread(
                self._pool, lambda: answer(self.engines.memory(), header, body)
            )
            if reply is None:
                await _refuse(writer, "the client has more to do than this")
            else:
                await _answer(writer, *reply)
        elif kind in self._handlers.sessions:
            await _answer(writer, {})
            self._sessions += 1
            try:
                await self._handlers.sessions[kind](self, header, reader, writer)
            finally:
                self._sessions -= 1
        else:
            await _refuse(writer, "unknown kind of request")

    def _mismatch(self, header: Mapping[str, Any]) -> str:
        """What client and server differ in; "" if nothing."""
        for name, value in protocol.identity().items():
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
            **protocol.identity(),
            "pid": os.getpid(),
            "started_at": self._started,
            "requests": self._requests,
            "sessions": self._sessions,
            "memory_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            "cpu_s": usage.ru_utime + usage.ru_stime,
        }


class Engines:
    """The engine that answers, opened on first use; another one after config.toml has changed.

    Args:
        home: the home of all of them.
    """

    def __init__(self, home: str) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._memory: Memory | None = None
        self._signature: tuple[int, int, int] | None = None
        self._outdated: list[Memory] = []

    def memory(self) -> Memory:
        """The engine with the settings that are in force.

        Raises:
            ConfigError: config.toml cannot be understood.
        """
        from memcairn.memory import Memory  # noqa: PLC0415 - the process listens before it loads this

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
        """The engine, once it is open."""
        return self._memory

    def idle_s(self) -> float:
        """How long the process may be idle."""
        memory = self._memory
        return memory.config.seconds("daemon.idle_s") if memory else 60.0

    def close(self) -> None:
        """Close all databases."""
        for memory in (*self._outdated, *([self._memory] if self._memory else [])):
            memory.close()


def _signature(file: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


async def _answer(
    writer: asyncio.StreamWriter, fields: Mapping[str, object], body: bytes = b""
) -> None:
    writer.write(protocol.header({"ok": True, **fields}, body))
    await writer.drain()


async def _refuse(writer: asyncio.StreamWriter, reason: str) -> None:
    writer.write(protocol.header({"ok": False, "reason": reason, "version": __version__}))
    await writer.drain()
