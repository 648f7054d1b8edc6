"""Resources, prompts, completion, and notifications of changes."""

from __future__ import annotations

import os
import queue
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from mcp.shared.exceptions import MCPError

from memcairn.mcp.server import MemoryServer

from .clients import PATIENCE_S, Connection, connected
from .conftest import open_files

if TYPE_CHECKING:
    from pathlib import Path


def text_of(connection: Connection, uri: str) -> str:
    (content,) = connection.do("read_resource", uri).contents
    return str(content.text)


def test_memory_md_and_each_note_are_resources(core: Connection) -> None:
    core.call("mem_write", path="ops/new plan.md", content="# Plan\n\nTea.\n")

    index, note = core.do("list_resources").resources
    (template,) = core.do("list_resource_templates").resource_templates

    assert index.uri == "memory://index"
    assert (note.uri, note.title) == ("memory://note/ops/new%20plan.md", "Plan")
    assert template.uri_template == "memory://note/{+path}"
    assert "[Plan](" in text_of(core, "memory://index")
    assert text_of(core, note.uri) == "# Plan\n\nTea.\n"
    assert text_of(core, "memory://note/ops%2Fnew%20plan.md") == "# Plan\n\nTea.\n"


def test_notes_are_listed_in_pages(core: Connection, root: Path) -> None:
    for number in range(250):
        (root / f"{number:03}.md").write_text("x", encoding="utf-8")

    first = core.do("list_resources")
    rest = core.do("list_resources", cursor=first.next_cursor)

    assert len(first.resources) == 201
    assert [resource.name for resource in rest.resources] == [f"{n:03}.md" for n in range(200, 250)]
    assert rest.next_cursor is None


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_paging_ends_for_notes_whose_names_are_not_utf_8(core: Connection, root: Path) -> None:
    for number in range(250):
        (root / os.fsdecode(b"caf\xe9-%03d.md" % number)).write_text("x", encoding="utf-8")

    first = core.do("list_resources")
    rest = core.do("list_resources", cursor=first.next_cursor)

    assert len(first.resources) == 201
    assert len(rest.resources) == 50
    assert rest.next_cursor is None


@pytest.mark.parametrize(
    "uri",
    [
        *("memory://note/", "memory://note/missing.md", "memory://note/../outside.md"),
        *("memory://note/..%2Foutside.md", "memory://note/%2Fetc%2Fpasswd", "memory://index/x"),
        *("memory://note/.git/config", "memory://note/a%00b", "file:///etc/passwd"),
    ],
)
def test_an_unknown_uri_is_not_found(core: Connection, root: Path, uri: str) -> None:
    (root.parent / "outside.md").write_text("secret", encoding="utf-8")

    with pytest.raises(MCPError, match="Resource not found"):
        core.do("read_resource", uri)


def test_a_path_is_completed(core: Connection) -> None:
    for name in ("ops/deploy.md", "ops/docs.md", "user.md"):
        core.call("mem_write", path=name, content="x")
    (template,) = core.do("list_resource_templates").resource_templates
    reference = {"type": "ref/resource", "uri": template.uri_template}

    found = core.do("complete", _reference(reference), {"name": "path", "value": "ops/d"})

    assert found.completion.values == ["ops/deploy.md", "ops/docs.md"]


def _reference(value: dict[str, str]) -> Any:
    from mcp.types import ResourceTemplateReference

    return ResourceTemplateReference(**value)


def test_the_recall_prompt_contains_memories(core: Connection) -> None:
    core.call("mem_write", path="a.md", content="# Tea\n\nThe user drinks oolong.\n")

    (message,) = core.do("get_prompt", "recall", {"topic": "oolong"}).messages

    assert "the saved memories about oolong" in message.content.text
    assert "| The user drinks oolong." in message.content.text


def test_the_reflect_prompt_asks_to_save(core: Connection) -> None:
    names = [prompt.name for prompt in core.do("list_prompts").prompts]
    (message,) = core.do("get_prompt", "reflect").messages

    assert names == ["recall", "reflect"]
    assert "memory_observe" in message.content.text
    with pytest.raises(MCPError, match="Unknown prompt: other"):
        core.do("get_prompt", "other")


class Told:
    """What a client is told; waits for it, so that a test need not."""

    def __init__(self) -> None:
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def __call__(self, message: Any) -> None:
        self._messages.put(message)

    def wait_for(self, method: str, uri: str | None = None) -> None:
        while True:
            message = self._messages.get(timeout=PATIENCE_S)
            params = getattr(message, "params", None)
            if getattr(message, "method", "") == method and uri in (
                None,
                getattr(params, "uri", ""),
            ):
                return


def test_a_client_is_notified_of_changes_to_its_subscriptions(root: Path) -> None:
    told = Told()
    server = MemoryServer(lambda: open_files(root), "core")
    (root / "a.md").write_text("tea", encoding="utf-8")
    with connected(server, message_handler=told) as client:
        capabilities = client.client.server_capabilities
        assert capabilities.resources is not None
        assert (capabilities.resources.subscribe, capabilities.resources.list_changed) == (
            True,
            True,
        )
        client.call("mem_read", path="a.md")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for uri in ("memory://note/a.md", "memory://index"):
                client.do("subscribe_resource", uri)
        settled(server)

        client.call("mem_write", path="b.md", content="# Coffee\n")

        told.wait_for("notifications/resources/list_changed")
        told.wait_for("notifications/resources/updated", "memory://index")
        (root / "a.md").write_text("more tea", encoding="utf-8")
        told.wait_for("notifications/resources/updated", "memory://note/a.md")


def settled(server: MemoryServer) -> None:
    """Wait until the server has seen what there is."""
    assert server._background is not None
    server._background.checked.clear()
    server._background.wake()
    assert server._background.checked.wait(PATIENCE_S)


def test_a_client_of_the_newer_protocol_receives_changes(root: Path) -> None:
    server = MemoryServer(lambda: open_files(root), "core")
    with connected(server, mode="auto") as client:
        assert client.client.protocol_version >= "2026"
        client.call("mem_write", path="a.md", content="tea")

        async def first_event() -> Any:
            async with client.client.listen(
                resource_subscriptions=["memory://note/a.md"]
            ) as events:
                settled(server)
                (root / "a.md").write_text("more tea", encoding="utf-8")
                return await anext(aiter(events))

        event = client.run(first_event)

    assert event.uri == "memory://note/a.md"
