"""A file was written by a tool of the host: is it a note of a root? Then it is enqueued.

This is what a host calls most often. Where no setting says otherwise, all it takes is roots.json and
queue.db; what the answer costs more than that is loaded when it is needed.
"""

from __future__ import annotations

import os

from memcairn import json_text, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.hosts.payload import HookEvent

_EXTENSIONS = "MEMCAIRN_INDEX_EXTENSIONS"
_PROJECT_FILE = ".memcairn.toml"


def to_enqueue(home: str, call: HookEvent) -> list[str]:
    """The real paths of those of the written files that are notes of a root, by their names.

    The rest of what decides (.gitignore, sizes) is left to the drain.
    """
    if not call.written:
        return []
    known = roots(home)
    real = (paths.real(path) for path in call.written)
    return [path for path in dict.fromkeys(real) if _is_note(path, known)]


def roots(home: str) -> list[str]:
    """The real paths of all roots, without opening index.db."""
    try:
        with open(os.path.join(home, "roots.json"), "rb") as file:
            return [root["path"] for root in json_text.loads(file.read())["roots"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def enqueue(home: str, real: Iterable[str]) -> None:
    """Record that files changed.

    Raises:
        MemcairnError: queue.db cannot be opened.
        memcairn.sqlite.SQLiteError: it cannot be written.
    """
    from memcairn.queue import Queue  # noqa: PLC0415 - most files are no notes

    queue = Queue(os.path.join(home, "queue.db"))
    # What a damaged queue knew is found again by a scan.
    queue.enqueue([*real, *roots(home)] if queue.set_aside else real)


def _is_note(path: str, known: list[str]) -> bool:
    enclosing = [root for root in known if paths.is_inside(path, root)]
    if not enclosing:
        return False
    root = max(enclosing, key=len)
    if path == root:
        return True
    *folders, name = path[len(root) :].strip(os.sep).split(os.sep)
    return all(map(paths.may_hold_notes, folders)) and paths.is_note_name(name, _suffixes(root))


def _suffixes(root: str) -> frozenset[str]:
    if (
        _EXTENSIONS not in os.environ
        and not os.path.exists(paths.config_file())
        and not os.path.exists(os.path.join(root, _PROJECT_FILE))
    ):
        return paths.NOTE_SUFFIXES
    from memcairn.settings import config  # noqa: PLC0415 - nobody said otherwise, mostly

    given = config.load().for_root(root)["index.extensions"]
    return frozenset(suffix.lower() for suffix in given)
