"""The MCP Inspector's command line, the protocol's own tool, against the server as a process."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from real_clients import PATIENCE_S, environment, find

from support import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TOKEN = "a-token-that-is-long-enough"


@dataclass(frozen=True)
class Inspector:
    """The Inspector of one user; `target` says where the server is."""

    home: Path
    target: Sequence[str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [find("mcp-inspector"), "--cli", *self.target, *arguments],
            capture_output=True, encoding="utf-8", check=False, timeout=PATIENCE_S,
            env=environment(self.home, self.home), cwd=self.home,
        )  # fmt: skip

    def ask(self, *arguments: str) -> dict[str, Any]:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def call(self, tool: str, *more: str, **arguments: Any) -> dict[str, Any]:
        """The structured content of a call, which the Inspector has checked against the schema."""
        given = ("--tool-args-json", json.dumps(arguments))
        answer = self.ask("--method", "tools/call", "--tool-name", tool, *given, *more)
        content: dict[str, Any] = answer["structuredContent"]
        return content


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """A user's home; `home` is that of memcairn, which every test has."""
    user = tmp_path / "user"
    user.mkdir()
    return user


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def inspector(user: Path, root: Path) -> Inspector:
    return Inspector(user, [*PROGRAM, "serve", "--root", str(root), "--profile", "full"])


def test_the_inspector_has_nothing_to_say_against_any_schema(inspector: Inspector) -> None:
    done = inspector.run("--method", "tools/list", "--strict")

    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)["tools"]) > 25


def test_the_inspector_calls_tools_in_both_eras_of_the_protocol(inspector: Inspector) -> None:
    for era in ("legacy", "modern"):
        fact, path = f"The user drinks oolong in {era} times.", f"{era}.md"

        assert inspector.call("mem_write", "--protocol-era", era, path=path, content=fact)[
            "created"
        ]
        found = inspector.call("memory_search", "--protocol-era", era, query=fact)["passages"]

        assert found[0]["path"] == path


def test_a_call_that_fails_is_an_error_of_the_tool(inspector: Inspector) -> None:
    done = inspector.run(
        "--method", "tools/call", "--tool-name", "mem_read", "--tool-arg", "path=no.md"
    )

    answer = json.loads(done.stdout)
    assert done.returncode == 5  # the Inspector's way to say that the tool failed
    assert answer == {
        "content": [{"type": "text", "text": "no.md: does not exist"}], "isError": True
    }  # fmt: skip


def test_the_inspector_reads_resources_and_prompts(inspector: Inspector, root: Path) -> None:
    (root / "tea.md").write_text("# Tea\n\nThe user drinks oolong.\n", encoding="utf-8")

    listed = inspector.ask("--method", "resources/list")["resources"]
    (index,) = inspector.ask("--method", "resources/read", "--uri", "memory://index")["contents"]
    (note,) = inspector.ask("--method", "resources/read", "--uri", "memory://note/tea.md")[
        "contents"
    ]
    recall = inspector.ask(
        *("--method", "prompts/get", "--prompt-name", "recall", "--prompt-args", "topic=oolong")
    )

    assert [resource["uri"] for resource in listed] == ["memory://index", "memory://note/tea.md"]
    assert "[Tea](tea.md)" in index["text"]
    assert note["text"].startswith("# Tea")
    assert "drinks oolong" in recall["messages"][0]["content"]["text"]


def test_the_inspector_is_served_over_http_if_it_has_the_token(user: Path, root: Path) -> None:
    find("mcp-inspector")
    command = [*PROGRAM, "serve", "--root", str(root), "--http", "0"]
    env = {**os.environ, "MEMCAIRN_SERVE_TOKEN": TOKEN}
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8", env=env) as server:
        assert server.stderr is not None
        found = re.search(r"http://\S+/mcp", server.stderr.readline())
        assert found
        url = ("--transport", "http", "--server-url", found[0])
        stranger = Inspector(user, [*url, "--stored-auth-only"])
        friend = Inspector(user, [*url, "--header", f"Authorization: Bearer {TOKEN}"])
        try:
            refused = stranger.run("--method", "tools/list")
            written = friend.call("mem_write", path="a.md", content="oolong")
        finally:
            server.terminate()

    assert refused.returncode != 0
    assert "memory_search" not in refused.stdout
    assert written["created"]
