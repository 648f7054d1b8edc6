"""The SDK's own client, for tests that do not wait by themselves."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from anyio.from_thread import start_blocking_portal
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import TextContent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from anyio.from_thread import BlockingPortal
    from mcp.types import CallToolResult

PROGRAM = ["-c", "from memcairn.cli import main; main()"]
# Bounds each wait, so that a server that does not answer fails its test.
PATIENCE_S = 30


class Failed(Exception):  # noqa: N818
    """A tool said no; the message is what it said."""


class Connection:
    """A client of one server, called from a thread without an event loop."""

    def __init__(self, client: Client, portal: BlockingPortal) -> None:
        self.client = client
        self._portal = portal

    def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """The structured content of a tool's answer.

        Raises:
            Failed: the tool failed.
        """
        result = self.raw(tool, **arguments)
        if result.is_error:
            raise Failed(said(result))
        assert result.structured_content is not None
        return result.structured_content

    def text(self, tool: str, /, **arguments: Any) -> str:
        """The answer in words."""
        result = self.raw(tool, **arguments)
        assert not result.is_error, said(result)
        return said(result)

    def raw(self, tool: str, /, **arguments: Any) -> CallToolResult:
        # `from` is a parameter of mem_move, and a word of Python.
        arguments = {name.removesuffix("_"): value for name, value in arguments.items()}
        return self.do("call_tool", tool, arguments)

    def do(self, method: str, *arguments: Any, **named: Any) -> Any:
        """Any other method of the client."""

        return self.run(lambda: getattr(self.client, method)(*arguments, **named))

    def run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Await something on the client's event loop."""

        async def awaited() -> Any:
            return await work()

        return self._portal.start_task_soon(awaited).result(PATIENCE_S)


def said(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@contextlib.contextmanager
def connected(server: Any, mode: str = "legacy", **options: Any) -> Iterator[Connection]:
    """A client of a server in this process, of a URL, or of a transport."""
    with start_blocking_portal() as portal:
        client = Client(server, mode=mode, **options)
        with portal.wrap_async_context_manager(client):
            yield Connection(client, portal)


def stdio(root: Path | None, *arguments: str, cwd: Path | None = None, **env: str) -> Any:
    """The transport to a server in a process of its own."""
    named = () if root is None else ("--root", str(root))
    parameters = StdioServerParameters(
        command=sys.executable,
        args=[*PROGRAM, "serve", *named, *arguments],
        env={**os.environ, **env},
        cwd=cwd,
    )
    return stdio_client(parameters)
