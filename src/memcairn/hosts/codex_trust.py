"""The hooks of memcairn that the user trusts in Codex.

Codex runs a hook only after the user trusted it with `/hooks`. It records that in config.toml, by file,
event and index of the hook:

    [hooks.state."/home/me/.codex/hooks.json:session_start:0:0"]
    trusted_hash = "sha256:…"
"""

from __future__ import annotations

import os
import re
from typing import Any

from memcairn.hosts import jsonc, snippets, toml_table

_STATE = ("hooks", "state")


def memcairn_hooks(hooks: bytes | None) -> set[tuple[str, int]]:
    """Event, in the form of config.toml, and index of each hook of memcairn in a hooks.json."""
    try:
        top = jsonc.read((hooks or b"").decode()).part("hooks")
    except ValueError:
        return set()
    return {
        (re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name)).lower(), place)
        for name, groups in (top.parts if top is not None else ())
        for place, group in groups.parts
        if isinstance(place, int) and snippets.calls_memcairn(group.value)
    }


def trusted(settings: bytes | None, file: str, hooks: set[tuple[str, int]]) -> list[str]:
    """The keys in config.toml of the hooks that are trusted.

    Args:
        settings: the content of config.toml.
        file: hooks.json.
        hooks: as `memcairn_hooks` returns them.
    """
    real = os.path.realpath(file)
    found = []
    for key in _trust_keys(settings):
        path, _, rest = key.removesuffix(":0").rpartition(".json:")
        event, _, place = rest.partition(":")
        is_there = place.isdecimal() and (event, int(place)) in hooks
        if is_there and os.path.realpath(f"{path}.json") == real:
            found.append(key)
    return found


def table_of(key: str) -> tuple[str, ...]:
    """The table of a hook in config.toml."""
    return (*_STATE, key)


def _trust_keys(settings: bytes | None) -> list[str]:
    try:
        found: Any = toml_table.read((settings or b"").decode())
        for name in _STATE:
            found = found[name]
        return list(found)
    except (ValueError, KeyError, TypeError):
        return []
