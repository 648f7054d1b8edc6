"""What is installed a second time leaves what somebody added to it meanwhile."""

from __future__ import annotations

import json
import tomllib

import pytest

from memcairn.hosts import install
from memcairn.hosts.config_edits import Edit, JsonEntries, TomlTable
from memcairn.hosts.known_hosts import BY_NAME

OLD, NEW = "/old/memcairn", "/new/memcairn"


def server(name: str, command: str, environment: dict[str, str]) -> Edit:
    """The edit that registers the server in a host."""
    found = install.host_edits(BY_NAME[name], "user", "", command, environment, plugin=False)
    return next(
        edit
        for edit in found
        if isinstance(edit, TomlTable) or (isinstance(edit, JsonEntries) and edit.members)
    )


def test_what_a_person_or_codex_adds_to_the_table_stays_while_it_does() -> None:
    old, new = server("codex", OLD, {}), server("codex", NEW, {})
    added = b"startup_timeout_sec = 20\n\n[mcp_servers.memcairn.tools.x]\nmode = 'ask'\n\n[b]\n"
    text = old.put(b"a = 1\n") + added

    again = new.put(text)

    assert old.put(text) == text
    assert tomllib.loads(again.decode())["mcp_servers"]["memcairn"] == {
        "command": NEW, "args": ["serve"], "startup_timeout_sec": 20, "tools": {"x": {"mode": "ask"}},
    }  # fmt: skip
    assert tomllib.loads(new.withdraw(again, ())[0].decode()) == {"a": 1, "b": {}}


@pytest.mark.parametrize("name", ["gemini", "cursor", "copilot"])
def test_what_a_person_adds_to_the_entry_stays_while_it_does(name: str) -> None:
    old, new = server(name, OLD, {}), server(name, NEW, {})
    text = old.put(b"{}").replace(b'"args": [', b'"trust": true, // I do\n      "args": [')

    again = new.put(text)

    entry = again.decode().replace("// I do", "")
    assert old.put(text) == text
    assert json.loads(entry)["mcpServers"]["memcairn"]["trust"] is True
    assert json.loads(entry)["mcpServers"]["memcairn"]["command"] == NEW
    assert b"// I do" in again


@pytest.mark.parametrize("name", ["codex", "gemini", "opencode", "copilot"])
def test_the_home_of_another_time_is_not_kept(name: str) -> None:
    moved = server(name, OLD, {"MEMCAIRN_HOME": "/elsewhere"})
    plain = server(name, OLD, {})

    assert b"/elsewhere" in moved.put(None)
    assert plain.put(moved.put(None)) == plain.put(None)


@pytest.mark.parametrize("name", ["codex", "gemini"])
def test_variables_that_a_person_set_for_the_server_stay(name: str) -> None:
    moved = server(name, OLD, {"MEMCAIRN_HOME": "/elsewhere"})
    text = (
        moved.put(None)
        .replace(b"/elsewhere", b"/old")
        .replace(b"MEMCAIRN_HOME", b"MEMCAIRN_THEIRS")
    )

    again = moved.put(text)

    assert b"MEMCAIRN_THEIRS" in again
    assert b"/elsewhere" in again
