"""The generated parts of docs/hosts.md, from the table of hosts and the plugin's files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn.hosts.known_hosts import HOSTS
from memcairn.hosts.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.hosts.known_hosts import Host

_PART = re.compile(r"(<!-- made by [^\n]*: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_HOOKS = Path(__file__).parents[1] / "plugins" / "claude-code" / "hooks" / "hooks.json"


def filled(page: str) -> str:
    """The page with current generated parts."""
    parts = {
        "events": _events(),
        "files": _files(),
        "limits": _limits(),
        "timeouts": _timeouts(),
        "hooks": f"```json\n{_HOOKS.read_text(encoding='utf-8')}```\n",
    }
    return _PART.sub(lambda found: f"{found[1]}{parts[found[2]]}{found[3]}", page)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return (
        "\n" + "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines) + "\n"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _events() -> str:
    rows = []
    for event in LIMIT_S:
        row = [event]
        for host in HOSTS:
            names = [found.name for found in host.events if found.event == event]
            row.append(f"`{names[0]}`" if names else "-")
        rows.append(row)
    rows.append(["MCP server", *("yes" for _ in HOSTS)])
    rows.append(["checked with", *(host.checked for host in HOSTS)])
    return _table(["event", *(host.title for host in HOSTS)], rows)


def _files() -> str:
    return _table(
        ["host", "your own settings", "a project's", "indexed in place"],
        [
            [host.title, _places(host, "user"), _places(host, "project"), _memories(host)]
            for host in HOSTS
        ],
    )


def _places(host: Host, scope: str) -> str:
    top = f"~/{host.folder}" if scope == "user" else host.project_folder
    places = [
        f"`{os.path.normpath(f'{top}/{getattr(part, scope)}'.lstrip('/'))}`"
        for part in (host.plugin, host.server, host.hooks)
        if part is not None and getattr(part, scope)
    ]
    moved = f" (`{host.variable}` moves it)" if scope == "user" and host.variable else ""
    return ", ".join(dict.fromkeys(places)) + moved


def _memories(host: Host) -> str:
    own = [f"`{os.path.normpath(f'~/{host.folder}/{pattern}')}`" for pattern in host.memory_globs]
    return ", ".join([*own, *(f"`{pattern}`" for pattern in host.project_memory_globs)])


def _limits() -> str:
    lines = [
        f"- **{host.title}**: {'; '.join((*host.cannot, *([f'after init, {host.after_install}'] if host.after_install else [])))}."
        for host in HOSTS
    ]
    return "\n" + "\n".join(lines) + "\n\n"


def _timeouts() -> str:
    rows = [[event, f"{seconds}"] for event, seconds in LIMIT_S.items()]
    units = ", ".join(
        f"{host.title} {host.hooks.unit_name if host.hooks else host.plugin.timeouts if host.plugin else ''}"
        for host in HOSTS
        if host.events
    )
    return _table(["event", "seconds"], rows) + f"Their files use these units: {units}.\n\n"
