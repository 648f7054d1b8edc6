"""MEMORY.md as the host loads it: its size, the cut, and why each line stands there."""

from __future__ import annotations

import os
from datetime import date
from typing import TYPE_CHECKING, Any

from memcairn import paths
from memcairn.errors import MemoryMdError, UsageError
from memcairn.memory_md import entry, limits, managed_roots
from memcairn.store import memory_md as stored
from memcairn.ui.pages.notes import root_of
from memcairn.ui.site import address
from memcairn.ui.strings import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memcairn.memory_md.check import Explanation
    from memcairn.ui.site import Ask


def page(ask: Ask) -> Mapping[str, object]:
    """The MEMORY.md of one root; `why` is a note whose place is explained."""
    roots = [root for root in ask.memory.roots() if os.path.isdir(root.path)]
    states = ask.memory.engine.databases.run(lambda opened: stored.roots_with_state(opened.db))
    managed = [root.path for root in roots if managed_roots.is_managed(root, states)]
    given = ask.query.get("root", "")
    root = given if given in [one.path for one in roots] else (managed or [""])[0]
    values: dict[str, object] = {
        "roots": [one.path for one in roots],
        "root": root,
        "is_managed": root in managed,
        "lines": None,
        "why": None,
    }
    if not root:
        return values
    try:
        loaded = ask.memory.show_memory_md(root)
    except MemoryMdError as error:
        return values | {"missing": error.message}
    most = managed_roots.limits(ask.memory.config)
    used = limits.size(loaded.text)
    lines = loaded.text.removesuffix("\n").split("\n")
    cut = loaded.cut.removesuffix("\n").split("\n") if loaded.cut.strip() else []
    why = ask.query.get("why", "")
    if why:
        root_of(ask.memory, why)
    return values | {
        "lines": [_line(number, text, root) for number, text in enumerate(lines, 1)],
        "cut": [_line(number, text, root) for number, text in enumerate(cut, len(lines) + 1)],
        "bars": [
            (TEXT.lines, len(lines), most.lines),
            (TEXT.characters, used.units, most.units),
            (TEXT.bytes, used.size_bytes, most.size_bytes),
        ],
        "why": _why(ask.memory.explain_memory_md(why)) if why and root in managed else None,
        "why_path": why,
    }


def _line(number: int, text: str, root: str) -> dict[str, Any]:
    found = entry.parse(text)
    path = "" if found is None else os.path.normpath(os.path.join(root, found.path))
    is_note = path.startswith(root + os.sep) and f"{os.sep}{paths.PAGES_FOLDER}{os.sep}" not in path
    return {"number": number, "text": text, "path": path if is_note else ""}


def _why(found: Explanation) -> dict[str, object]:
    return {
        "found": found,
        "heading": found.heading.removeprefix("## "),
        "changed": date.fromordinal(found.standing.changed).isoformat(),
    }


def refresh(ask: Ask) -> str:
    """Rebuild a MEMORY.md, and keep it current from now on."""
    root = ask.form.get("root", "")
    if root not in [one.path for one in ask.memory.roots()]:
        raise UsageError(TEXT.no_root, path=root)
    done = ask.memory.refresh_memory_md(root)
    ask.say(TEXT.rebuilt.format(listed=done.listed, notes=done.notes))
    return address("/memory-md", root=root)
