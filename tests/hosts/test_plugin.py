"""The plugin for Claude Code says what the code assumes, and the documents show it as it is."""

from __future__ import annotations

import contextlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

import memcairn
from memcairn.cli import serve
from memcairn.hosts import plugin_files
from memcairn.hosts.known_hosts import AGENT_TOOLS, CLAUDE_CODE, HOSTS, WRITING_TOOLS
from memcairn.hosts.limits import LIMIT_S
from memcairn.settings import calling_process

PROJECT = Path(__file__).resolve().parents[2]
PLUGIN = PROJECT / "plugins" / "claude-code"
HOOKS = json.loads((PLUGIN / "hooks" / "hooks.json").read_text())["hooks"]


def test_each_event_is_hooked_with_the_limit_that_the_code_assumes() -> None:
    assert set(HOOKS) == {event.name for event in CLAUDE_CODE.events}
    for event in CLAUDE_CODE.events:
        ((group,),) = (HOOKS[event.name],)
        (handler,) = group["hooks"]
        assert group.get("matcher", "") == event.matcher
        assert handler["timeout"] == LIMIT_S[event.event]
        # Whatever happens, the client shows no error of a hook.
        assert handler["type"] == "command"
        call = f"memcairn hook {event.event} --host claude-code"
        assert handler["command"] == f"{call} 2>/dev/null || true"


def test_every_event_has_a_limit_and_is_known_to_some_host() -> None:
    assert {event.event for host in HOSTS for event in host.events} == set(LIMIT_S)


def test_the_tools_are_in_the_first_request() -> None:
    (server,) = json.loads((PLUGIN / ".mcp.json").read_text())["mcpServers"].values()

    assert server["alwaysLoad"] is True


def test_every_tool_that_writes_or_starts_an_agent_is_hooked() -> None:
    assert HOOKS["PostToolUse"][0]["matcher"] == WRITING_TOOLS
    assert HOOKS["PreToolUse"][0]["matcher"] == AGENT_TOOLS


def test_the_documents_show_the_hooks_byte_for_byte() -> None:
    page = (PROJECT / "docs" / "hosts.md").read_bytes()

    assert b"```json\n" + (PLUGIN / "hooks" / "hooks.json").read_bytes() + b"```\n" in page


def test_the_documents_show_the_limits() -> None:
    page = (PROJECT / "docs" / "hosts.md").read_text()

    assert all(f"| {event} | {seconds} |" in page for event, seconds in LIMIT_S.items())


def test_the_plugin_has_the_version_of_the_package() -> None:
    manifest = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())

    assert manifest["version"] == memcairn.__version__


def test_the_marketplace_leads_to_the_plugin() -> None:
    market = json.loads((PROJECT / ".claude-plugin" / "marketplace.json").read_text())

    (plugin,) = market["plugins"]
    assert (PROJECT / plugin["source"]).samefile(PLUGIN)
    assert plugin["name"] == market["name"] == "memcairn"


@pytest.mark.parametrize("path", [*PLUGIN.glob("commands/*.md"), *PLUGIN.glob("skills/*/SKILL.md")])
def test_commands_and_skill_can_be_read_and_name_tools_that_are_there(path: Path) -> None:
    table = pytest.importorskip("memcairn.mcp.typed_tool")
    _, head, body = path.read_text().split("---\n", 2)

    assert yaml.safe_load(head)["description"]
    assert len(yaml.safe_load(head)["description"]) <= 1024
    assert set(re.findall(r"`(mem(?:ory)?_\w+)", body)) <= table.CORE
    allowed = yaml.safe_load(head).get("allowed-tools", "")
    assert set(re.findall(r"mcp__plugin_memcairn_memory__(\w+)", allowed)) <= table.CORE


def test_the_commands_are_those_that_the_documents_list() -> None:
    page = (PROJECT / "docs" / "hosts.md").read_text()

    assert {path.stem for path in PLUGIN.glob("commands/*.md")} == set(
        re.findall(r"`/memcairn:(\w+)", page)
    )


def test_the_plugins_are_in_the_wheel() -> None:
    build = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]

    assert build["targets"]["wheel"]["force-include"]["plugins"] == "memcairn/hosts/plugins"


def test_a_path_that_has_to_be_escaped_stays_a_path() -> None:
    files = plugin_files.files("claude-code", 'C:\\Program Files\\"x"\\memcairn.exe', {"A": "é"})
    script = plugin_files.files("opencode/memcairn.js", "C:\\a b\\memcairn.exe", {})[""]

    server = json.loads(files[".mcp.json"])["mcpServers"]["memory"]
    assert server["command"] == 'C:\\Program Files\\"x"\\memcairn.exe'
    assert server["env"] == {"A": "é"}
    status = plugin_files.files("claude-code", "/a b/memcairn", {})["commands/status.md"]
    assert b"Bash('/a b/memcairn' status:*)" in status
    assert b"`'/a b/memcairn' hosts`" in status
    assert b'const MEMCAIRN = "C:\\\\a b\\\\memcairn.exe"\n' in script


def test_the_script_for_opencode_keeps_the_limits() -> None:
    script = (PROJECT / "plugins" / "opencode" / "memcairn.js").read_text()

    limits = {event: int(ms) for event, ms in re.findall(r'"([a-z-]+)": (\d+),', script)}
    assert limits == {event: LIMIT_S[event] * 1000 for event in limits}
    assert set(limits) == set(re.findall(r'hook\("([a-z-]+)"', script))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_script_for_opencode_never_fails_its_host(tmp_path: Path) -> None:

    answers = tmp_path / "memcairn"
    answers.write_text(
        '#!/bin/sh\ncase $2 in user-prompt) echo \'{"additionalContext": "a fact"}\';; *) echo "{";; esac\n'
    )
    answers.chmod(0o755)
    script = (PROJECT / "plugins" / "opencode" / "memcairn.js").read_text()
    for name, command in (("good", str(answers)), ("bad", "/does/not/exist")):
        (tmp_path / f"{name}.mjs").write_text(
            script.replace('= "memcairn"', f"= {json.dumps(command)}")
        )
    (tmp_path / "run.mjs").write_text(
        """
        for (const name of ["good", "bad"]) {
          const { Memcairn } = await import(`./${name}.mjs`)
          const hooks = await Memcairn({ directory: "/p" })
          const output = { message: { id: "m", sessionID: "s" }, parts: [{ type: "text", text: "hi" }] }
          await hooks["chat.message"]({}, output)
          await hooks["tool.execute.before"]({ tool: "write", callID: "c" }, { args: { filePath: "/p/x" } })
          await hooks["tool.execute.after"]({ tool: "write", callID: "c", sessionID: "s" })
          await hooks.event({ event: { type: "session.idle", properties: { sessionID: "s" } } })
          const context = []
          await hooks["experimental.session.compacting"]({ sessionID: "s" }, { context })
          console.log(JSON.stringify([output.parts.map((part) => part.text), context]))
        }
        """
    )

    done = subprocess.run(
        ["node", "run.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )

    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        [["hi", "a fact"], []],
        [["hi"], []],
    ]


def test_the_bundle_for_claude_desktop_starts_the_server(tmp_path: Path) -> None:
    wheel = tmp_path / "memcairn-0-py3-none-any.whl"
    wheel.write_bytes(b"the package")
    script = PROJECT / "plugins" / "claude-desktop" / "build.py"

    bundle = runpy.run_path(str(script))["build"](wheel, tmp_path)

    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(unpacked)
    manifest = json.loads((unpacked / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["manifest_version"], manifest["version"]) == ("0.4", memcairn.__version__)
    needs = tomllib.loads((unpacked / "pyproject.toml").read_text(encoding="utf-8"))
    assert (unpacked / needs["tool"]["uv"]["sources"]["memcairn"]["path"]).read_bytes()
    server = manifest["server"]
    assert server["mcp_config"]["args"][-1] == server["entry_point"]
    params = {"protocolVersion": "2025-11-25", "capabilities": {}}
    params["clientInfo"] = {"name": "c", "version": "1"}
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    done = subprocess.run(
        [sys.executable, unpacked / server["entry_point"]],
        input=f"{json.dumps(hello)}\n", capture_output=True, text=True, check=True, timeout=120,
        env=os.environ | {"MEMCAIRN_HOME": str(tmp_path / "home"), "MEMCAIRN_NOTES_FOLDER": str(tmp_path)},
    )  # fmt: skip
    assert '"serverInfo"' in done.stdout


def test_a_server_started_at_the_top_of_the_disk_keeps_memories_of_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    memory = memcairn.Memory(tmp_path / "state")
    here = calling_process.Caller({}, "/", 1, 1)
    token = calling_process.CURRENT.set(here)
    try:
        with contextlib.closing(serve.open_root(memory, None)) as root:
            assert os.path.basename(root.root).startswith(tmp_path.name)
    finally:
        calling_process.CURRENT.reset(token)
        memory.close()
