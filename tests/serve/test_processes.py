"""The program itself: on standard input and output, and two servers on one root."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from memcairn import Query
from memcairn.memory import Memory
from memcairn.settings import installer

from .clients import PROGRAM, Failed, connected, stdio


def test_a_client_is_served_on_standard_input_and_output(root: Path) -> None:
    with connected(stdio(root)) as client:
        assert client.client.protocol_version == "2025-11-25"
        assert client.client.server_info.name == "memcairn"
        assert "memory_search" in client.client.instructions
        client.call("mem_write", path="a.md", content="# Tea\n\noolong\n")
        assert client.call("memory_search", query="oolong")["passages"]
        with pytest.raises(Failed, match="does not exist"):
            client.call("mem_read", path="b.md")


def test_the_newer_protocol_is_supported(root: Path) -> None:
    with connected(stdio(root, "--profile", "full"), mode="auto") as client:
        assert client.client.protocol_version >= "2026"
        assert len(client.do("list_tools").tools) > 20


def test_initialize_is_answered_before_the_tools_are_imported(root: Path) -> None:
    program = (
        "import sys, memcairn.cli.serve as serve\n"
        "from memcairn.mcp import stdio, server\n"
        "heavy = {'memcairn.memory', 'memcairn.store.database', 'memcairn.root', 'numpy', 'uvicorn'}\n"
        "heavy -= {'uvicorn'}  # which the SDK imports\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )

    assert done.stdout == "[]\n"


def test_a_server_ends_when_its_client_does(root: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, *PROGRAM, "serve", "--root", str(root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip

    out, err = server.communicate("", timeout=30)

    assert (server.returncode, out, err) == (0, "", "")


def test_a_root_that_cannot_be_opened_is_reported_to_the_client(root: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("no TOML", encoding="utf-8")

    with (
        connected(stdio(root)) as client,
        pytest.raises(Failed, match=r"config\.toml: is not TOML"),
    ):
        client.call("mem_read", path="a.md")


@pytest.mark.parametrize("below", [False, True])
def test_a_root_that_is_a_file_is_reported_to_the_client(tmp_path: Path, *, below: bool) -> None:
    (tmp_path / "file").write_text("tea", encoding="utf-8")
    root = tmp_path / "file" / "root" if below else tmp_path / "file"

    with (
        connected(stdio(root)) as client,
        pytest.raises(Failed, match=r"is not a folder|does not exist"),
    ):
        client.call("mem_read", path="a.md")


def test_two_servers_can_serve_one_root(root: Path) -> None:
    def work(number: int) -> None:
        with connected(stdio(root)) as client:
            for step in range(15):
                path = f"{number}-{step}.md"
                client.call("mem_write", path=path, content=f"# N{number}S{step}\n\ncommon\n")
                assert client.call("memory_search", query=f"N{number}S{step}")["passages"]
                if step % 3 == 0:
                    client.call("mem_remove", path=path)
            client.call("mem_write", path="shared.md", content=f"{number}", overwrite=True)
            assert client.call("memory_search", query="common", top_k=50)["passages"]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))

    kept = {f"{n}-{s}.md" for n in range(2) for s in range(15) if s % 3}
    index = (root / "MEMORY.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((\d-\d+\.md)\)", index)) == kept
    with Memory() as memory:
        found = memory.search(Query("common", limit=50, root=root))
        assert {Path(passage.path).name for passage in found} == kept
        assert not [finding for finding in memory.check_memory_md(root) if finding.kind != "stale"]


def test_the_root_of_the_project_is_served_if_none_is_given(tmp_path: Path, home: Path) -> None:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    (project / "src").mkdir()

    with connected(stdio(None, cwd=project / "src", HOME=str(tmp_path))) as client:
        client.call("mem_write", path="a.md", content="tea")

    (root,) = (home / "memory").iterdir()
    assert root.name.startswith("project-")
    assert {path.name for path in root.iterdir()} == {"a.md", "MEMORY.md"}


def test_without_the_sdk_the_command_says_what_to_install(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mcp").mkdir()
    (tmp_path / "mcp" / "__init__.py").write_text("raise ModuleNotFoundError(name='mcp')", "utf-8")
    done = subprocess.run(
        [sys.executable, *PROGRAM, "serve", "--root", str(root)],
        capture_output=True, encoding="utf-8", check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
    )  # fmt: skip

    assert done.returncode == 2
    assert installer.command("mcp") in done.stderr


def test_half_a_character_in_a_request_is_answered(root: Path) -> None:
    client = {"name": "test", "version": "1"}
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
    requests = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "memory_search", "arguments": {"query": "roadmap \ud83d"}},
        },
    ]
    command = [sys.executable, *PROGRAM, "serve", "--root", str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write("".join(f"{json.dumps(one)}\n" for one in requests).encode())
        server.stdin.flush()
        answers = [json.loads(server.stdout.readline())]
        while answers[-1].get("id") != 2:
            answers.append(json.loads(server.stdout.readline()))
        server.stdin.close()

    assert not answers[-1]["result"].get("isError")
