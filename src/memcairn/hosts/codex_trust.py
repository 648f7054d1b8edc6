"""Which hooks of ours a person has let Codex run.

Codex runs a hook only once somebody has trusted it, by `/hooks`. It writes that down in config.toml, by the
file of the hook, its event and its place there:

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
    """Event, as Codex writes it down, and place of each hook of ours in a hooks.json."""
    try:
        top = jsonc.read((hooks or b"").decode()).part("hooks")
    except ValueError:
        return set()
    return {
        (re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name)).lower(), place)
        for name, groups in (top.parts if top is not None else ())
        for place, group in groups.parts
        if isinstance(place, int) and snippets.is_ours(group.value)
    }


def trusted(settings: bytes | None, file: str, ours: set[tuple[str, int]]) -> list[str]:
    """The keys under which config.toml has those of the hooks that are trusted.

    Args:
        settings: what config.toml says.
        file: hooks.json.
        ours: the hooks.
    """
    real = os.path.realpath(file)
    found = []
    for key in _written_down(settings):
        path, _, rest = key.removesuffix(":0").rpartition(".json:")
        event, _, place = rest.partition(":")
        is_there = place.isdecimal() and (event, int(place)) in ours
        if is_there and os.path.realpath(f"{path}.json") == real:
            found.append(key)
    return found


def table_of(key: str) -> tuple[str, ...]:
    """The table that stands in config.toml for a hook."""
    return (*_STATE, key)


def _written_down(settings: bytes | None) -> list[str]:
    try:
        found: Any = toml_table.read((settings or b"").decode())
        for name in _STATE:
            found = found[name]
        return list(found)
    except (ValueError, KeyError, TypeError):
        return []
