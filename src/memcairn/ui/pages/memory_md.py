"""MEMORY.md as the host loads it: its size, the cut, and why each line stands there."""

from __future__ import annotations

import os
from datetime import date
from typing import TYPE_CHECKING, Any

from memcairn import paths
from memcairn.errors import MemoryMdError
from memcairn.memory_md import entry, limits, managed_roots
from memcairn.store import memory_md as stored
from memcairn.ui import TEXT
from memcairn.ui.site import Shown, address

if TYPE_CHECKING:
    from memcairn.ui.site import Ask


def page(ask: Ask) -> Shown:
    """The MEMORY.md of one root; `why` is a note whose place is explained."""
    roots = [root for root in ask.memory.roots() if os.path.isdir(root.path)]
    states = ask.memory.engine.databases.run(lambda opened: stored.roots_with_state(opened.db))
    managed = [root.path for root in roots if managed_roots.is_managed(root, states)]
    given = ask.query.get("root", "")
    root = given if given in ask.roots else (managed or [""])[0]
    values = {"root": root, "is_managed": root in managed, "lines": None, "why": None}
    if not root:
        return Shown("memory_md", values)
    try:
        loaded = ask.memory.show_memory_md(root)
    except MemoryMdError:
        return Shown("memory_md", values)
    most, used = managed_roots.limits(ask.memory.config), limits.size(loaded.text)
    lines = loaded.text.removesuffix("\n").split("\n")
    cut = loaded.cut.removesuffix("\n").split("\n") if loaded.cut.strip() else []
    why = ask.query.get("why", "")
    if why:
        ask.root_of(why)
    if why and root in managed:
        found = ask.memory.explain_memory_md(why)
        changed = date.fromordinal(found.standing.changed).isoformat()
        values["why"] = {"found": found, "changed": changed, "path": why}
    values |= {
        "lines": [_line(number, text, root) for number, text in enumerate(lines, 1)],
        "cut": [_line(number, text, root) for number, text in enumerate(cut, len(lines) + 1)],
        "bars": [
            (TEXT.lines, len(lines), most.lines),
            (TEXT.characters, used.units, most.units),
            (TEXT.bytes, used.size_bytes, most.size_bytes),
        ],
    }
    return Shown("memory_md", values)


def _line(number: int, text: str, root: str) -> dict[str, Any]:
    found = entry.parse(text)
    path = "" if found is None else os.path.normpath(os.path.join(root, found.path))
    is_note = path.startswith(root + os.sep) and f"{os.sep}{paths.PAGES_FOLDER}{os.sep}" not in path
    return {"number": number, "text": text, "path": path if is_note else ""}


def refresh(ask: Ask) -> str:
    """Rebuild a MEMORY.md, and keep it current from now on."""
    with ask.opened() as files:
        done = ask.memory.refresh_memory_md(files.root)
    place = address("/memory-md", root=done.root)
    return ask.done(place, TEXT.rebuilt, listed=done.listed, notes=done.notes)
