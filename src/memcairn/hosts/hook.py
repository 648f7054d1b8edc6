"""`memcairn hook EVENT --host NAME`: one event of a host, as a process.

    stdin ──► resident process ──► output ──► stdout
          └──► events, with `Memory` in this process, if there is none ──►

It always exits with 0, before the host's timeout. It prints a whole answer or nothing, and logs problems in
<home>/logs/hook.log. A problem of memcairn must not disturb its host.
"""

from __future__ import annotations

import _thread
import os
import sys
import time

from memcairn import errors, paths
from memcairn.daemon import client
from memcairn.hosts import output
from memcairn.hosts.limits import LIMIT_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

# The share of a host's limit that remains beside the start of Python and the end of the process.
LIMIT_SHARE = 0.8
# Hosts send the whole text of a written file along. Longer events are ignored.
MAX_BYTES = 32 << 20
LOG_BYTES = 1 << 20
LOG_KEEP = 1
# For writing the answer, or logging that there is none.
_GRACE_S = 0.15
# Events whose answer is worth the wait for a resident process that has to start: the share of the limit.
_START_SHARE = {"user-prompt": 0.5, "tool-failed": 0.4, "subagent-prompt": 0.5}
# A session ends without starting anything.
_STARTS_NOTHING = "session-end"
# What the answer of this process may take if the resident process does not answer.
_FALLBACK_S = 1.8
# Without a resident process, an answer is not begun when less time than this remains.
_MIN_S = 0.5


def run(arguments: Sequence[str]) -> NoReturn:
    """Answer one event. It does not return: the process ends with exit code 0."""
    try:
        _Hook(*_parsed(arguments)).run()
    finally:
        # Not even an error in the handling of errors may show.
        os._exit(0)


def _parsed(arguments: Sequence[str]) -> tuple[str, str]:
    event, host = "", ""
    rest = iter(arguments)
    for argument in rest:
        if argument == "--host":
            host = next(rest, "")
        elif argument.startswith("--host="):
            host = argument.partition("=")[2]
        elif not argument.startswith("-"):
            event = event or argument
    return event, host


class _Hook:
    """One call, and the clock that ends it."""

    def __init__(self, event: str, host: str) -> None:
        self._event = event
        self._host = host
        self._started = time.monotonic()
        self._limit_s = LIMIT_S.get(event, 1) * LIMIT_SHARE
        self._session_id = ""
        self._message = ""
        # Whoever holds it ends the process: the thread with an answer, or the clock.
        self._end = _thread.allocate_lock()

    def run(self) -> None:
        _thread.start_new_thread(self._watch, ())
        text: str | None = ""
        try:
            if self._event not in LIMIT_S:
                raise LookupError("there is no such event")
            content = _read_input()
            text = self._from_daemon(content)
            outcome = "answered" if text else "silent"
            if text is None:
                text = self._from_here(content)
                outcome = "answered here" if text else "silent here"
        except BaseException as error:  # noqa: BLE001 - a MemoryError, too
            outcome = f"failed: {errors.summary(error)}"
        if not self._end.acquire(blocking=False):
            time.sleep(self._limit_s)  # the clock is about to end the process
        _write_output(output.printed(self._host, self._event, text or "", self._message))
        self._log(outcome)

    def _from_daemon(self, content: bytes) -> str | None:
        """What the resident process answers; None if there is none, or it does not answer."""
        home = paths.home()
        reply = self._ask(home, content)
        if reply is None and self._event != _STARTS_NOTHING:
            pid = client.start(home)
            share = _START_SHARE.get(self._event, 0.0)
            if pid is not None and share:
                wait_s = self._limit_s * share - (time.monotonic() - self._started)
                connection = client.wait_until_started(home, pid, wait_s)
                if connection is not None:
                    connection.close()
                    reply = self._ask(home, content)
        if reply is None or reply[0].get("ok") is not True:
            return None
        self._session_id = str(reply[0].get("session_id", ""))
        self._message = str(reply[0].get("message", ""))
        return reply[1].decode("utf-8", "replace")

    def _ask(self, home: str, content: bytes) -> tuple[dict[str, Any], bytes] | None:
        left_s = self._limit_s - (time.monotonic() - self._started)
        # If it is stuck, there is time left to do without it.
        timeout_s = left_s - _FALLBACK_S if left_s > 2 * _FALLBACK_S else left_s
        fields = {"event": self._event, "host": self._host}
        return client.ask(home, "hook", fields, content, timeout_s=timeout_s)

    def _from_here(self, content: bytes) -> str:
        """The answer of this process: slower, and keyword search only."""
        deadline = self._started + self._limit_s
        if deadline - time.monotonic() < _MIN_S:
            return ""
        from memcairn.hosts.events import answer  # noqa: PLC0415 - the resident process has it
        from memcairn.memory import Memory  # noqa: PLC0415 - as above

        self._session_id, text, self._message = answer(
            Memory(semantic=False), self._event, self._host, content, deadline
        )
        return text

    def _watch(self) -> None:
        time.sleep(self._limit_s)
        if not self._end.acquire(blocking=False):
            time.sleep(_GRACE_S)  # an answer is being written
            os._exit(0)
        _thread.start_new_thread(self._give_up, ())
        time.sleep(_GRACE_S)
        os._exit(0)

    def _give_up(self) -> None:
        if self._host in output.JSON_ONLY:
            _write_output(output.printed(self._host, self._event, ""))
        self._log("late")
        os._exit(0)

    def _log(self, outcome: str) -> None:
        """Log one line, without the prompt or any other content of the event."""
        try:
            from memcairn.formats.utc import utc_text  # noqa: PLC0415 - likewise
            from memcairn.fs import json_lines  # noqa: PLC0415 - after the answer

            folder = os.path.join(paths.home(), "logs")
            paths.make_private_folder(folder)
            line = {
                "time": utc_text(time.time(), milliseconds=True),
                "host": self._host[:64],
                "event": self._event[:64],
                "session": self._session_id[:64],
                "outcome": outcome,
                "took_ms": round((time.monotonic() - self._started) * 1000, 1),
            }
            path = os.path.join(folder, "hook.log")
            json_lines.append(path, line, max_bytes=LOG_BYTES, keep=LOG_KEEP)
        except Exception:  # noqa: BLE001, S110 - there is nowhere else to report it
            pass


def _read_input() -> bytes:
    """All that the host wrote to standard input: closing it early may end the host."""
    if sys.stdin is None:
        return b""
    try:
        descriptor = sys.stdin.fileno()
        if os.isatty(descriptor):
            return b""
        parts, size = [], 0
        while part := os.read(descriptor, 1 << 20):
            size += len(part)
            if size <= MAX_BYTES:
                parts.append(part)
    except (OSError, ValueError):
        return b""
    return b"".join(parts) if size <= MAX_BYTES else b""


def _write_output(content: bytes) -> None:
    # If standard output is closed, its descriptor may be that of a database.
    if sys.stdout is None or not content:
        return
    try:
        descriptor = sys.stdout.fileno()
        while content:
            content = content[os.write(descriptor, content) :]
    except (OSError, ValueError):
        return
