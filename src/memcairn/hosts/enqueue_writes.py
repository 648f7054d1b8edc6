"""Enqueue the notes that a tool of the host wrote.

This is the most frequent event. Where no setting says otherwise, it needs roots.json and queue.db only;
everything else is loaded when it is needed.
"""

from __future__ import annotations

import os

from memcairn import paths
from memcairn.hosts import event_session, own_memory
from memcairn.settings import roots_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from memcairn.hosts.payload import HookEvent

_EXTENSIONS = "MEMCAIRN_INDEX_EXTENSIONS"
_PROJECT_FILE = ".memcairn.toml"


def record(home: str, event: HookEvent, enqueue: Callable[[list[str]], object]) -> None:
    """Enqueue the written files that are loose files, or notes of a root by their names, and log them.

    The drain applies the other rules (ignore files, sizes).

    Args:
        home: the folder of caches and state.
        event: with the written files.
        enqueue: takes the real paths.
    """
    if not event.written:
        return
    known, loose = roots_json.roots(home), roots_json.loose_files(home)
    real = (paths.real(path) for path in event.written)
    changed = [path for path in dict.fromkeys(real) if path in loose or _is_note(path, known)]
    if changed:
        enqueue(changed)
        event_session.log_queued(home, event, changed)


def new_root(home: str, event: HookEvent) -> str | None:
    """The folder of the host's own memory, if a file in it was written and it is not a root yet."""
    own = own_memory.folder(event) if event.written else None
    if own is None or own in roots_json.roots(home):
        return None
    is_written = any(paths.is_inside(paths.real(path), own) for path in event.written)
    return own if is_written else None


def enqueue(home: str, real: Iterable[str]) -> None:
    """Record that files changed.

    Raises:
        MemcairnError: queue.db cannot be opened.
        memcairn.sqlite.SQLiteError: it cannot be written.
    """
    from memcairn.queue import Queue  # noqa: PLC0415 - most written files are not notes

    queue = Queue(os.path.join(home, "queue.db"))
    # A scan finds again what a damaged queue knew.
    lost = (*roots_json.roots(home), *roots_json.loose_files(home)) if queue.set_aside else ()
    queue.enqueue([*real, *lost])


def _is_note(path: str, known: list[str]) -> bool:
    enclosing = [root for root in known if paths.is_inside(path, root)]
    if not enclosing:
        return False
    root = max(enclosing, key=len)
    if path == root:
        return False
    *folders, name = path[len(root) :].strip(os.sep).split(os.sep)
    return all(map(paths.may_hold_notes, folders)) and paths.is_note_name(name, _suffixes(root))


def _suffixes(root: str) -> frozenset[str]:
    if (
        _EXTENSIONS not in os.environ
        and not os.path.exists(paths.config_file())
        and not os.path.exists(os.path.join(root, _PROJECT_FILE))
    ):
        return paths.NOTE_SUFFIXES
    from memcairn.settings import config  # noqa: PLC0415 - mostly there are no settings

    given = config.load().for_root(root)["index.extensions"]
    return frozenset(suffix.lower() for suffix in given)
