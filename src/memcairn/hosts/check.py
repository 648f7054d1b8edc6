"""Where memcairn is installed, and whether it works, for `memcairn hosts`."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from memcairn.errors import MemcairnError
from memcairn.formats import json_text
from memcairn.hosts import codex_trust, executable, install, jsonc, plan, plugin_files, toml_table
from memcairn.hosts.config_edits import JsonEntries, OwnFile, TomlTable
from memcairn.hosts.known_hosts import HOSTS, SCOPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.hosts.config_edits import Edit
    from memcairn.hosts.known_hosts import Host, Scope

State = Literal["installed", "outdated", "absent", "marketplace"]

# A server takes a second to answer on a busy machine.
_TIMEOUT_S = 20.0
_HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "memcairn hosts", "version": "0"},
    },
}


@dataclass(frozen=True, slots=True)
class Installation:
    """memcairn in one scope of one host.

    `state`: "installed" is as this version writes it; "outdated" differs, or is incomplete. `command` is the
    program that the host calls, `problems` are sentences with what to do, and `todo` what a person still has
    to do.
    """

    scope: Scope
    state: State
    command: str | None = None
    problems: tuple[str, ...] = ()
    todo: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostState:
    """One host. `is_present`: it is on this machine. `installations`: the scopes with memcairn."""

    name: str
    title: str
    is_present: bool
    installations: tuple[Installation, ...]

    @property
    def is_good(self) -> bool:
        """Whether there are no problems."""
        return not any(found.problems for found in self.installations)


def examine(project: str) -> list[HostState]:
    """Check every host; starts each installed command once.

    Args:
        project: the folder of the project whose settings count, too.
    """
    tried: dict[str, str] = {}
    return [_state(host, project, tried) for host in HOSTS]


def _state(host: Host, project: str, tried: dict[str, str]) -> HostState:
    found = [_installation(host, scope, project, tried) for scope in SCOPES]
    present = [one for one in found if one.state != "absent" or one.problems]
    old = _version_problem(host) if present else ""
    if old:
        present[0] = replace(present[0], problems=(*present[0].problems, old))
    return HostState(host.name, host.title, install.is_present(host), tuple(present))


def _installation(host: Host, scope: Scope, project: str, tried: dict[str, str]) -> Installation:
    top = host.folder_of(scope, project, os.environ)
    if host.plugin is not None and plugin_files.installed_from_marketplace(top):
        problems = _problems(executable.NAME, tried)
        if plugin_files.is_memcairn_plugin(install.plugin_top(host.plugin, scope, top)):
            twice = (
                "installed twice, from a marketplace and by `memcairn init`, so each hook runs twice: "
                f"`memcairn init --host {host.name}` removes its copy"
            )
            problems = (*problems, twice)
        return Installation(scope, "marketplace", executable.NAME, problems)
    environment = executable.environment() if scope == "user" else {}
    try:
        own = executable.command(scope)
        edits = install.host_edits(host, scope, project, own, environment)
        contents = [plan.read(os.path.realpath(edit.path)) for edit in edits]
        holding = [
            content is not None and edit.holds(content)
            for edit, content in zip(edits, contents, strict=True)
        ]
        in_place = [
            content is not None and edit.put(content) == content
            for edit, content in zip(edits, contents, strict=True)
        ]
    except MemcairnError as error:
        return Installation(scope, "absent", None, (f"{error}",))
    if not any(holding):
        return Installation(scope, "absent")
    command: str | None = next(
        (
            found
            for edit, content in zip(edits, contents, strict=True)
            if content is not None and (found := _command_in(edit, content)) is not None
        ),
        None,
    )
    problems = () if command is None else _problems(command, tried)
    if all(in_place):
        return Installation(scope, "installed", command, problems, _untrusted(edits))
    option = "" if scope == "user" else " --scope project"
    again = f"run `memcairn init --host {host.name}{option}`"
    # Somebody chose another installation that works.
    if command not in (None, own) and not problems:
        return Installation(scope, "installed", command)
    return Installation(
        scope, "outdated", command, (*problems, f"differs from what this version writes: {again}")
    )


def _untrusted(edits: Sequence[Edit]) -> tuple[str, ...]:
    """The to-do for hooks that Codex does not run yet."""
    settings = next((edit.path for edit in edits if isinstance(edit, TomlTable)), None)
    if settings is None:
        return ()
    hooks = os.path.join(os.path.dirname(settings), "hooks.json")
    ours = codex_trust.memcairn_hooks(plan.read(hooks))
    trusted = codex_trust.trusted(plan.read(settings), hooks, ours)
    if len(trusted) >= len(ours):
        return ()
    return ("Codex does not run the hooks yet: run /hooks in Codex, and trust those of memcairn",)


def _command_in(edit: Edit, content: bytes) -> str | None:
    """The program that a host starts as the server, by its settings."""
    found: Any = None
    with contextlib.suppress(ValueError, KeyError, TypeError):
        match edit:
            case JsonEntries(members=members):
                node = next((jsonc.read(content.decode()).at(at) for at in members), None)
                found = node.value["command"] if node is not None else None
            case TomlTable(at=at):
                found = toml_table.read(content.decode())
                for key in (*at, "command"):
                    found = found[key]
            case OwnFile(path=path) if os.path.basename(path) == ".mcp.json":
                found = json_text.loads(content)["mcpServers"]["memory"]["command"]
    if isinstance(found, list) and found:
        found = found[0]
    return found if isinstance(found, str) else None


def _problems(command: str, tried: dict[str, str]) -> tuple[str, ...]:
    if command not in tried:
        tried[command] = _problem_of(command)
    return (tried[command],) if tried[command] else ()


def _problem_of(command: str) -> str:
    """Why a command does not serve; "" if it does."""
    if shutil.which(command) is None:
        if os.path.isabs(command):
            return f"{command} does not exist: run `memcairn init` of the present installation"
        return f"{command} is not on PATH: install it with pipx or uv, or add it to PATH"
    with tempfile.TemporaryDirectory(
        prefix="memcairn-hosts-", ignore_cleanup_errors=True
    ) as folder:
        try:
            done = subprocess.run(  # noqa: S603 - what the host itself starts
                [command, "serve"],
                input=json.dumps(_HELLO) + "\n",
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=_TIMEOUT_S,
                check=False,
                cwd=folder,
                # The server must not remember this folder as a project.
                env={**os.environ, "MEMCAIRN_HOME": os.path.join(folder, "home")},
            )
        except subprocess.TimeoutExpired:
            return f"{command} serve does not answer within {_TIMEOUT_S:.0f} s"
        except OSError as error:
            return f"{command} cannot be started: {error.strerror}"
        log = os.path.join(folder, "home", "logs", "hook.log")
        hook_problem = _hook_problem(command, folder, log)
    if '"serverInfo"' in done.stdout:
        return hook_problem
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return f"{command} serve does not answer: {last.strip()}"


def _hook_problem(command: str, folder: str, log: str) -> str:
    """Why a hook fails; "" if it works. A hook always exits with 0, and logs the outcome."""
    try:
        done = subprocess.run(  # noqa: S603 - what the host itself starts
            [command, "hook", "session-start", "--host", "gemini"],
            input=json.dumps({"session_id": "memcairn-hosts", "cwd": folder}),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_TIMEOUT_S,
            check=False,
            cwd=folder,
            env={**os.environ, "MEMCAIRN_HOME": os.path.join(folder, "home")},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command} hook cannot be called: {error}"
    outcome = "it logs nothing"
    with contextlib.suppress(ValueError, KeyError, IndexError):
        outcome = json_text.loads((plan.read(log) or b"").splitlines()[-1])["outcome"]
    # Gemini takes nothing but a JSON object.
    is_answered = done.returncode == 0 and done.stdout.startswith("{")
    if is_answered and outcome.startswith(("answered", "silent")):
        return ""
    return f"{command} hook does not work: {outcome}"


def _version_problem(host: Host) -> str:
    """The problem if this version of the host does not load the plugin; "" if it does."""
    program_file = next(filter(None, map(shutil.which, host.programs)), None)
    if not host.min_version or program_file is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - the host's own program
            [program_file, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    version = re.search(r"(\d+)\.(\d+)\.(\d+)", done.stdout)
    if version is None or tuple(map(int, version.groups())) >= host.min_version:
        return ""
    needed = ".".join(map(str, host.min_version))
    return f"{host.title} {version[0]} does not load the plugin: update to {needed} or later"
