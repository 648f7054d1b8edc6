"""memcairn ui: the local page."""

from __future__ import annotations

import json
import time
import webbrowser
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from memcairn import paths
from memcairn.cli.text import write
from memcairn.daemon import client
from memcairn.errors import UsageError
from memcairn.settings import installer

if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable

START_TIMEOUT_S = 20.0
ANSWER_TIMEOUT_S = 30.0


@click.command("ui")
@click.option("--read-only", is_flag=True, help="Show everything and change nothing.")
@click.option("--demo", is_flag=True, help="Show example notes and a made-up week instead.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The port on loopback; default: a free one."
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def command(*, read_only: bool, demo: bool, port: int | None, no_browser: bool) -> int:
    """Open a local page: what memory does, why, and how to put it right.

    The address works once, in one browser of this machine; nothing is loaded from the network. The
    resident process serves the page. Without one, and with --demo, this command does, until Ctrl-C.

    \b
    memcairn ui
    memcairn ui --demo
    """

    def opened(url: str) -> None:
        write(url)
        if not no_browser:
            webbrowser.open(url)

    if demo:
        _serve_here(opened, port or 0, read_only=read_only, demo=True)
        return 0
    url = _resident_url(paths.home(), {"port": port or 0, "read_only": read_only})
    if url is None:
        _serve_here(opened, port or 0, read_only=read_only, demo=False)
    else:
        opened(url)
    return 0


def _resident_url(home: str, fields: dict[str, object]) -> str | None:
    """The address of the resident process's page; None if none can serve it.

    Raises:
        UsageError: the port cannot be used.
    """
    connection = client.connect(home)
    if connection is None:
        pid = client.start(home)
        connection = client.wait_until_started(home, pid, START_TIMEOUT_S) if pid else None
    if connection is None:
        return None
    try:
        client.send_request(connection, "ui", fields)
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        if client.receive(connection, deadline)[0].get("ok") is not True:
            return None
        connection.sendall(b"\n")
        found: dict[str, Any] = json.loads(_line(connection))
    except (OSError, ValueError, TypeError):
        return None
    finally:
        connection.close()
    if "error" in found:
        raise UsageError(str(found["error"]))
    return str(found["url"])


def _line(connection: socket) -> bytes:
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def _serve_here(opened: Callable[[str], None], port: int, *, read_only: bool, demo: bool) -> None:
    try:
        from memcairn.ui import serving  # noqa: PLC0415 - the resident process has it
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the page needs a package that is not installed: {error.name}",
            hint=f"`{installer.command('memcairn')}`",
        ) from error
    from memcairn.daemon.background import Background  # noqa: PLC0415 - as above
    from memcairn.memory import Memory  # noqa: PLC0415 - as above

    with ExitStack() as stack:
        if demo:
            from memcairn.ui import demo as demonstration  # noqa: PLC0415 - as above

            stack.enter_context(demonstration.home())
        memory = Memory()
        if demo:
            demonstration.live(memory)
        background = Background(lambda: memory)
        serving.serve_foreground(memory, background, port, read_only=read_only, started=opened)
