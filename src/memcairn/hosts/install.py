"""The changes of `memcairn init` in the files of hosts."""

from __future__ import annotations

import glob
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from memcairn.errors import ConfigError
from memcairn.fs import atomic
from memcairn.hosts import executable, manifest, plan, plugin_files, snippets
from memcairn.hosts.config_edits import Edit, JsonEntries, OwnFile, TomlTable
from memcairn.hosts.executable import NAME
from memcairn.hosts.known_hosts import HOSTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.hosts import jsonc
    from memcairn.hosts.known_hosts import Host, Plugin, Scope
    from memcairn.hosts.plan import Change


def present() -> list[Host]:
    """The hosts on this machine: their program is on PATH, or their folder exists."""
    return [host for host in HOSTS if is_present(host)]


def is_present(host: Host) -> bool:
    """Whether a host is on this machine."""
    folder = host.folder_of("user", "", os.environ)
    return os.path.isdir(folder) or any(shutil.which(name) for name in host.programs)


def planned_changes(hosts: Iterable[Host], scope: Scope, project: str, home: str) -> list[Change]:
    """All changes that install memcairn into hosts; those already made have no effect.

    Args:
        hosts: the hosts.
        scope: the user's own settings, or those of a project.
        project: the folder of the project.
        home: the folder of caches and state.

    Raises:
        ConfigError: a file is invalid, or something else has the name of the plugin.
        MemcairnError: the program is not installed.
    """
    command = executable.command(scope)
    environment = executable.environment() if scope == "user" else {}
    found = []
    records = manifest.load(home)
    for host in hosts:
        edits = host_edits(host, scope, project, command, environment)
        planned = [plan.to_install(edit, host.name, scope) for edit in edits]
        paths = {change.path for change in planned}
        top = host.folder_of(scope, project, os.environ)
        found += planned
        found += [
            # Files of an earlier version that this one lacks.
            plan.to_withdraw(OwnFile(path, b""), host.name, scope, record, home)
            for path, record in records.items()
            if (record.host, record.scope) == (host.name, scope)
            and path not in paths
            and host.plugin is not None
            and path.startswith(os.path.realpath(plugin_top(host.plugin, scope, top)) + os.sep)
        ]
    return found


def memory_paths(hosts: Iterable[Host], project: str) -> list[str]:
    """The files and folders of the hosts' own memory that exist, absolute.

    They are indexed in place, and never moved or turned off.

    Args:
        hosts: the hosts.
        project: the folder of the project whose files count, too.
    """
    found: dict[str, None] = {}
    for host in hosts:
        top = host.folder_of("user", project, os.environ)
        for folder, patterns in ((top, host.memory_globs), (project, host.project_memory_globs)):
            for pattern in patterns:
                below = os.path.join(glob.escape(folder), pattern)
                found |= dict.fromkeys(sorted(glob.glob(below, include_hidden=True)))
    return [path for path in found if os.path.getsize(path) or os.path.isdir(path)]


def plugin_top(plugin: Plugin, scope: Scope, top: str) -> str:
    """The folder (or file) of a plugin, below the folder of a scope's settings."""
    return os.path.join(top, *getattr(plugin, scope).split("/"))


def host_edits(
    host: Host,
    scope: Scope,
    project: str,
    command: str,
    environment: dict[str, str],
    *,
    plugin: bool = True,
) -> list[Edit]:
    """The edits that install memcairn into one host; without `plugin`, only those of its settings.

    Raises:
        ConfigError: something else has the name of the plugin.
        MemcairnError: the package lacks its plugins.
    """
    top = host.folder_of(scope, project, os.environ)
    found: list[Edit] = []
    if plugin and host.plugin is not None and not plugin_files.installed_from_marketplace(top):
        place = plugin_top(host.plugin, scope, top)
        _require_memcairn_plugin(place)
        contents = plugin_files.files(host.plugin.source, command, environment)
        found += [
            OwnFile(os.path.join(place, *path.split("/")) if path else place, content)
            for path, content in contents.items()
        ]
    members: dict[jsonc.Path, Any] = {}
    lists: dict[jsonc.Path, Any] = {}
    assumed: dict[jsonc.Path, Any] = {}
    server_file = hooks_file = ""
    if host.server is not None and getattr(host.server, scope):
        server_file = os.path.normpath(os.path.join(top, getattr(host.server, scope)))
        at, entry = snippets.server(host.server.form, command, environment)
        if server_file.endswith(".toml"):
            found.append(TomlTable(server_file, at, entry))
            server_file = ""
        else:
            server_file = _jsonc_variant(server_file)
            members = {at: entry}
    if host.hooks is not None and getattr(host.hooks, scope):
        hooks_file = os.path.normpath(os.path.join(top, getattr(host.hooks, scope)))
        if host.hooks.form == "copilot":
            text = json.dumps(snippets.hook_file(host, command), indent=2) + "\n"
            found.append(OwnFile(hooks_file, text.encode()))
            hooks_file = ""
        elif host.hooks.form == "bundle":
            found.append(JsonEntries(hooks_file, {(NAME,): snippets.bundle(host, command)}, {}, {}))
            hooks_file = ""
        else:
            lists = {
                ("hooks", name): entry for name, entry in snippets.hooks(host, command).items()
            }
            assumed = {("version",): 1} if host.hooks.form == "cursor" else {}
    if server_file and server_file == hooks_file:
        return [*found, JsonEntries(server_file, members, lists, assumed)]
    if server_file:
        found.append(JsonEntries(server_file, members, {}, {}))
    if hooks_file:
        found.append(JsonEntries(hooks_file, {}, lists, assumed))
    return found


def _jsonc_variant(file: str) -> str:
    """The file with the suffix .jsonc, if only that one exists."""
    variant = file + "c"
    return variant if os.path.exists(variant) and not os.path.exists(file) else file


def _require_memcairn_plugin(place: str) -> None:
    # An init that was killed leaves folders and temporary files.
    files = (name for _, _, names in os.walk(place) for name in names)
    if plugin_files.is_memcairn_plugin(place) or all(
        name.startswith(atomic.TEMPORARY_PREFIX) for name in files
    ):
        return
    raise ConfigError(
        "exists and is not a plugin of memcairn",
        path=place,
        hint="move it away, then run the command again; nothing was changed",
    )
