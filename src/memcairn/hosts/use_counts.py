"""What Claude Code writes down of our plugin by itself: how often it was used. It goes when memcairn goes."""

from __future__ import annotations

import contextlib
import os

from memcairn import atomic
from memcairn.hosts import jsonc
from memcairn.hosts.program import NAME
from memcairn.hosts.table import CLAUDE_CODE

# The file, beside the folder of settings or, if that was moved, in it; and the objects in it that count.
_FILE = ".claude.json"
_COUNTS = ("pluginUsage", "skillUsage")
_OURS = (f"{NAME}@", f"{NAME}:")


def remove() -> None:
    """Take our names out of the counts; a file that cannot be understood or written stays as it is."""
    top = CLAUDE_CODE.folder_of("user", "", os.environ)
    is_moved = bool(os.environ.get(CLAUDE_CODE.variable))
    file = os.path.realpath(os.path.join(top if is_moved else os.path.dirname(top), _FILE))
    with contextlib.suppress(OSError, ValueError):
        with open(file, "rb") as stream:
            content = stream.read()
        left = _without_ours(content.decode()).encode()
        if left != content:
            atomic.replace(file, left)


def _without_ours(text: str) -> str:
    top = jsonc.read(text)
    for name in _COUNTS:
        counts = top.part(name)
        if counts is None or not isinstance(counts.value, dict):
            continue
        ours = [key for key in counts.value if key.startswith(_OURS)]
        if ours and len(ours) == len(counts.value):
            text = jsonc.remove(text, (name,))
        else:
            for key in ours:
                text = jsonc.remove(text, (name, key))
    return text
