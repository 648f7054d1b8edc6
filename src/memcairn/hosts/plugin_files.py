"""The plugins in the package: their files, adapted to this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn.errors import MemcairnError
from memcairn.formats import json_text
from memcairn.hosts import jsonc
from memcairn.hosts.executable import NAME, shell

if TYPE_CHECKING:
    from collections.abc import Mapping

_IN_WHEEL = Path(__file__).with_name("plugins")
_IN_CHECKOUT = Path(__file__).parents[3] / "plugins"
_MCP_FILE = ".mcp.json"
_SERVER = ("mcpServers", "memory")


def files(source: str, command: str, environment: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a plugin by their path below it; "" is the path of a plugin that is a single file.

    Args:
        source: path below the folder of plugins.
        command: replaces `memcairn`.
        environment: variables for the MCP server.

    Raises:
        MemcairnError: the package lacks them.
    """
    places = [folder / source for folder in (_IN_WHEEL, _IN_CHECKOUT)]
    top = next((place for place in places if place.exists()), None)
    if top is None:
        raise MemcairnError(
            f"the plugin {source} is missing",
            path=_IN_WHEEL,
            hint="install memcairn again, from PyPI or with `pip install .`",
        )
    found = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
    return {
        "" if path == top else path.relative_to(top).as_posix(): _on_this_machine(path, command, environment)
        for path in found
    }  # fmt: skip


def _on_this_machine(path: Path, command: str, environment: Mapping[str, str]) -> bytes:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".js":
        return text.replace(f'= "{NAME}"', f"= {json.dumps(command)}").encode()
    if path.suffix == ".md":
        # Commands that the model may run.
        for before in ("`", "Bash("):
            text = text.replace(f"{before}{NAME} ", f"{before}{shell(command)} ")
    if path.suffix == ".json":
        text = text.replace(f'"command": "{NAME}"', f'"command": {json.dumps(command)}')
        in_shell = json.dumps(shell(command))[1:-1]
        text = text.replace(f'"command": "{NAME} ', f'"command": "{in_shell} ')
        if path.name == _MCP_FILE and environment:
            text = jsonc.put(text, (*_SERVER, "env"), dict(environment))
    return text.encode()


def is_memcairn_plugin(place: str) -> bool:
    """Whether a folder is memcairn's plugin."""
    try:
        with open(os.path.join(place, ".claude-plugin", "plugin.json"), "rb") as stream:
            return bool(json_text.loads(stream.read())["name"] == NAME)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def installed_from_marketplace(folder: str) -> bool:
    """Whether Claude Code has memcairn's plugin from a marketplace; a second one would run each hook twice.

    Args:
        folder: Claude Code's folder of settings.
    """
    try:
        with open(os.path.join(folder, "plugins", "installed_plugins.json"), "rb") as stream:
            plugins = json_text.loads(stream.read())["plugins"]
        return any(name.partition("@")[0] == NAME for name in plugins)
    except (OSError, ValueError, KeyError, TypeError):
        return False
