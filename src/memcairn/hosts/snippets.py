"""memcairn's entries in the configuration of a host, in that host's form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from memcairn.hosts.executable import NAME, VARIABLES, shell
from memcairn.hosts.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memcairn.hosts.known_hosts import Event, Hooks, Host, ServerForm

_CALL = re.compile(r"memcairn(?:\.exe)?[\"']? hook [a-z-]+ --host ")


def server(
    form: ServerForm, command: str, environment: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The path of the MCP server's entry in its file, and the entry."""
    env = dict(environment)
    match form:
        case "codex":
            return ("mcp_servers", NAME), _with({"command": command, "args": ["serve"]}, "env", env)
        case "opencode":
            entry = {"type": "local", "command": [command, "serve"], "enabled": True}
            return ("mcp", NAME), _with(entry, "environment", env)
        case "copilot":
            entry = {"type": "local", "command": command, "args": ["serve"], "tools": ["*"]}
            return ("mcpServers", NAME), _with(entry, "env", env)
        case "mcpServers":
            return ("mcpServers", NAME), _with({"command": command, "args": ["serve"]}, "env", env)


def merged_entry(entry: Mapping[str, Any], found: object) -> dict[str, Any]:
    """The entry of the server, with what somebody added to the present one.

    The variables that name the home are always set, or removed, by memcairn.
    """
    if not isinstance(found, dict):
        return dict(entry)
    whole = found | dict(entry)
    for key in ("env", "environment"):
        present = found.get(key)
        if isinstance(present, dict):
            added = {name: value for name, value in present.items() if name not in VARIABLES}
            whole[key] = added | entry.get(key, {})
            if not whole[key]:
                del whole[key]
    return whole


def hooks(host: Host, command: str) -> dict[str, dict[str, Any]]:
    """The host's event -> the entry that goes into the list of that event."""
    form = host.hooks
    assert form is not None
    return {event.name: _hook(host.name, form, event, command) for event in form.events}


def hook_file(host: Host, command: str) -> dict[str, Any]:
    """The content of a hook file that memcairn owns."""
    entries = {name: [entry] for name, entry in hooks(host, command).items()}
    return {"version": 1, "hooks": entries}


def bundle(host: Host, command: str) -> dict[str, Any]:
    """The hooks of a host that groups them by the name of their owner."""
    return {name: [entry] for name, entry in hooks(host, command).items()}


def calls_memcairn(element: Any) -> bool:
    """Whether an element of a list of hooks calls memcairn."""
    match element:
        case dict():
            return any(calls_memcairn(value) for value in element.values())
        case list():
            return any(calls_memcairn(value) for value in element)
        case str():
            return _CALL.search(element) is not None
        case _:
            return False


def command_line(host: str, event: str, command: str) -> str:
    """The command line of a hook."""
    return shell(command, "hook", event, "--host", host)


def _hook(host: str, form: Hooks, event: Event, command: str) -> dict[str, Any]:
    line = command_line(host, event.event, command)
    timeout = LIMIT_S[event.event] * form.unit
    match form.form:
        case "groups":
            entry: dict[str, Any] = {"type": "command", "command": line, "timeout": timeout}
            return {**({"matcher": event.matcher} if event.matcher else {}), "hooks": [entry]}
        case "bundle":
            return {"type": "command", "command": line, "timeout": timeout}
        case "cursor":
            return {"command": line, "timeout": timeout}
        case "copilot":
            return {
                "type": "command",
                "bash": line,
                "powershell": f"& {line}",
                "timeoutSec": timeout,
            }


def _with(entry: dict[str, Any], key: str, value: dict[str, str]) -> dict[str, Any]:
    return {**entry, key: value} if value else entry
