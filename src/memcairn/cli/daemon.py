"""memcairn daemon: the resident process: run, start, stop, status."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from memcairn import __version__, paths
from memcairn.cli import options, output
from memcairn.cli.text import count, write
from memcairn.daemon import client
from memcairn.errors import StateError, UsageError
from memcairn.sessions import processes

if TYPE_CHECKING:
    from collections.abc import Mapping

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 20.0
STATUS_TIMEOUT_S = 5.0
_POLL_S = 0.05
_KEYS = (
    "version", "python", "pid", "started_at", "requests", "sessions", "memory_bytes", "cpu_s"
)  # fmt: skip


@click.group("daemon")
def command() -> None:
    """The resident process, which keeps the index open and the model loaded.

    Agents start it when they need it, and it ends when it has been idle for 15 minutes (the setting
    daemon.idle_s). It only saves time: whatever it does, memcairn can do without it.

    \b
    memcairn daemon status
    memcairn daemon stop
    """


@command.command("run")
def run() -> int:
    """Run the resident process in the foreground, until it is idle or gets Ctrl-C.

    \b
    memcairn daemon run
    """
    try:
        from memcairn.cli import daemon_handlers  # noqa: PLC0415 - the other commands do not need it
    except ModuleNotFoundError as error:
        raise UsageError("the resident process needs Unix sockets") from error
    code = daemon_handlers.main()
    if code:
        raise _cannot_run(paths.home())
    return code


@command.command("start")
@options.json_option
def start(*, as_json: bool) -> int:
    """Start the resident process in the background, unless it runs already.

    \b
    memcairn daemon start
    """
    home = paths.home()
    facts = _status(home)
    if facts is None:
        pid = client.start(home)
        connection = client.wait_until_started(home, pid, START_TIMEOUT_S) if pid else None
        if connection is None:
            raise _cannot_run(home)
        connection.close()
        facts = _status(home)
    _print(facts, as_json=as_json)
    return 0


@command.command("stop")
@options.json_option
def stop(*, as_json: bool) -> int:
    """Stop the resident process; it finishes its current work first.

    \b
    memcairn daemon stop
    """
    stopped = stop_resident(paths.home())
    if as_json:
        output.print_json({"stopped": stopped})
    else:
        write("stopped" if stopped else "the resident process was not running")
    return 0


def stop_resident(home: str) -> bool:
    """Stop the resident process of a home and wait for its end; returns whether there was one.

    Raises:
        StateError: it does not end.
    """
    before = _status(home)
    if before is not None:
        client.ask(home, "stop", {}, timeout_s=STOP_TIMEOUT_S)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    # A session that is open may have started another one already.
    while before is not None and not processes.is_gone(int(before["pid"]), ""):
        if time.monotonic() > deadline:
            raise StateError("the resident process does not end", path=home)
        time.sleep(_POLL_S)
    return before is not None


@command.command("status")
@options.json_option
def status(*, as_json: bool) -> int:
    """Show whether the resident process runs, since when, and what it holds.

    \b
    memcairn daemon status
    """
    _print(_status(paths.home()), as_json=as_json)
    return 0


def _cannot_run(home: str) -> StateError:
    return StateError(
        "the resident process cannot run",
        path=home,
        hint="memcairn works without it; it needs a home that you can write and nobody else can",
    )


def _status(home: str) -> Mapping[str, Any] | None:
    reply = client.ask(home, "status", {}, timeout_s=STATUS_TIMEOUT_S)
    if reply is None:
        return None
    if reply[0].get("ok") is not True:
        raise StateError("the resident process does not answer", path=home)
    return reply[0]


def _print(facts: Mapping[str, Any] | None, *, as_json: bool) -> None:
    if as_json:
        shown = {} if facts is None else {key: facts.get(key) for key in _KEYS}
        output.print_json({"running": facts is not None, **shown})
    elif facts is None:
        write("the resident process is not running")
    else:
        write(_line(facts))


def status_line(home: str) -> str:
    """One line about the resident process of a home, for `memcairn status`."""
    try:
        facts = _status(home)
    except StateError as error:
        return f"resident process: {error.message}"
    return f"resident process: {'not running' if facts is None else _line(facts)}"


def _line(facts: Mapping[str, Any]) -> str:
    age = output.age(max(0.0, time.time() - float(facts["started_at"])))
    other = "" if facts.get("version") == __version__ else f", memcairn {facts.get('version')}"
    other += "" if facts.get("python") == sys.prefix else f", of {facts.get('python')}"
    return (
        f"running for {age}, process {facts['pid']}{other}: "
        f"{count(int(facts['requests']), 'request')}, "
        f"{count(int(facts['sessions']), 'session')}, "
        f"{output.size(float(facts['memory_bytes']))}"
    )
