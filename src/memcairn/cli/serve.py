"""memcairn serve: the MCP server."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Literal

import click

from memcairn import paths
from memcairn.errors import SchemaTooNew, StateDamaged, StateError, UsageError
from memcairn.settings import calling_process, installer

if TYPE_CHECKING:
    from memcairn.memory import Memory
    from memcairn.root import OpenRoot


@click.command("serve")
@click.option(
    "--root",
    metavar="FOLDER",
    type=click.Path(),
    help="The notes folder; default: that of the project.",
)
@click.option(
    "--profile",
    type=click.Choice(["core", "full"]),
    default="core",
    show_default=True,
    help="The set of tools: seven, or all.",
)
@click.option(
    "--http", metavar="[HOST:]PORT", help="Serve over HTTP; the default HOST is loopback."
)
@click.option(
    "--token-file", metavar="FILE", help="A file with the token that HTTP clients must send."
)
def command(
    root: str | None,
    *,
    profile: Literal["core", "full"],
    http: str | None,
    token_file: str | None,
) -> int:
    """Run the MCP server for one notes folder.

    \b
    memcairn serve                       on standard input and output, for the current project
    memcairn serve --root ~/notes --profile full
    memcairn serve --http 8731 --token-file ~/.config/memcairn/token
    """
    if token_file is not None and http is None:
        raise UsageError("--token-file requires --http")
    paths.home()  # reports a wrong MEMCAIRN_HOME once, instead of in each tool
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="memcairn: %(message)s")
    try:
        from memcairn.mcp import stdio  # noqa: PLC0415 - most of the start
        from memcairn.mcp.server import MemoryServer  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the MCP server needs a package that is not installed: {error.name}",
            hint=f"`{installer.command('mcp')}`",
        ) from error
    server = MemoryServer(lambda: _open_root(root), profile)
    if http is None:
        stdio.serve(server)
        return 0
    from memcairn.mcp import http as over_http  # noqa: PLC0415 - not needed for standard input

    host, port = over_http.address(http)
    over_http.serve(server, host, port, secret=over_http.token(token_file))
    return 0


def open_root(memory: Memory, given: str | None) -> OpenRoot:
    """The root that is served: the given folder, else that of the caller's project."""
    from memcairn.settings import project  # noqa: PLC0415 - not before the client is answered

    client = calling_process.current()
    here = client.environ.get("CLAUDE_PROJECT_DIR") or client.cwd
    if os.path.dirname(here) == here:
        here = os.path.expanduser("~")  # desktop applications start servers at the top of the disk
    folder = os.path.join(client.cwd, os.path.expanduser(given)) if given else None
    root = memory.open_root(
        folder or project.root(here, memory.config, memory.home),
        starts_session=True,
        create=folder is None and not memory.config["memory.root"],
    )
    try:
        root.adopt()
        root.refresh()
    except (SchemaTooNew, StateDamaged):
        raise
    except StateError as error:  # a home that cannot be written is read as it is
        memory.engine.notice(f"{error}; the notes are served as they were indexed")
    return root


def _open_root(given: str | None) -> OpenRoot:
    from memcairn.memory import Memory  # noqa: PLC0415 - as above

    return open_root(Memory(), given)
