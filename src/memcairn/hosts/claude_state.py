"""What Claude Code itself records about the plugin; uninstall removes it.

~/.claude.json                         how often the plugin and its commands were used
~/.claude/backups/                     copies of that file
~/.claude/mcp-needs-auth-cache.json    that its server could not be reached
"""

from __future__ import annotations

import contextlib
import glob
import os

from memcairn.fs import atomic
from memcairn.hosts import jsonc
from memcairn.hosts.executable import NAME
from memcairn.hosts.known_hosts import CLAUDE_CODE

_COUNTS: tuple[jsonc.Path, ...] = (("pluginUsage",), ("skillUsage",))
_TOP: tuple[jsonc.Path, ...] = ((),)
_PREFIXES = (f"{NAME}@", f"{NAME}:", f"plugin:{NAME}:")


def remove() -> None:
    """Remove memcairn's names from them; a file that is invalid or read-only stays as it is."""
    top = CLAUDE_CODE.folder_of("user", "", os.environ)
    is_moved = bool(os.environ.get(CLAUDE_CODE.variable))
    _remove_names(os.path.join(top if is_moved else os.path.dirname(top), ".claude.json"), _COUNTS)
    for copy in glob.glob(os.path.join(glob.escape(top), "backups", ".claude.json.backup.*")):
        _remove_names(copy, _COUNTS)
    _remove_names(os.path.join(top, "mcp-needs-auth-cache.json"), _TOP)


def _remove_names(file: str, objects: tuple[jsonc.Path, ...]) -> None:
    file = os.path.realpath(file)
    with contextlib.suppress(OSError, ValueError):
        with open(file, "rb") as stream:
            content = stream.read()
        text = content.decode()
        for path in objects:
            text = _without_names(text, path)
        if not jsonc.read(text).value and text.encode() != content:
            os.unlink(file)
        elif text.encode() != content:
            atomic.replace(file, text.encode())


def _without_names(text: str, path: jsonc.Path) -> str:
    found = jsonc.read(text).at(path)
    if found is None or not isinstance(found.value, dict):
        return text
    names = [key for key in found.value if key.startswith(_PREFIXES)]
    if path and names and len(names) == len(found.value):
        return jsonc.remove(text, path)
    for key in names:
        text = jsonc.remove(text, (*path, key))
    return text
