"""The folder where a host itself keeps memories of a project, and whether files in it changed.

No hook reports a file that a shell command wrote, so the start and the end of a session check the folder.
"""

from __future__ import annotations

import os
import stat

from memcairn import paths

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from memcairn.hosts.payload import HookEvent
    from memcairn.settings.config import Config
    from memcairn.store.database import Database


def folder(event: HookEvent) -> str | None:
    """The real path of this folder; None if it does not exist, or the host does not use it."""
    if event.host != "claude-code" or "\0" in event.cwd + event.transcript_path:
        return None
    from memcairn.settings import project  # noqa: PLC0415 - other hosts do without it

    # Claude Code keeps a session's transcript beside the memory of the folder that it was started in.
    transcripts = os.path.dirname(event.transcript_path)
    beside = os.path.join(transcripts, "memory") if os.path.isabs(transcripts) else ""
    found = project.claude_folder(project.folder_of(event.cwd), beside)
    return found if found and os.path.isdir(found) else None


def is_changed(db: Database, folder: str, settings: Config) -> bool:
    """Whether files in a folder may differ from the index: one stat for each file that may be a note.

    Ignore files are not read, so this may report a change when there is none, but never misses one. MEMORY.md
    does not count, since memcairn writes it; a hook reports what the host writes there.

    Args:
        db: index.db.
        folder: real path of a root.
        settings: the user's settings; those of the root are added.
    """
    from memcairn.fs.signature import signature_of  # noqa: PLC0415 - only few events check this
    from memcairn.store import signatures  # noqa: PLC0415 - as above

    of_root = settings.for_root(folder)
    suffixes = frozenset(suffix.lower() for suffix in of_root["index.extensions"])
    known = signatures.at_or_below(db, folder, of_root["index.max_file_bytes"])
    for here, below, names in os.walk(folder):
        below[:] = [name for name in below if paths.may_hold_notes(name)]
        for name in names:
            if not paths.is_note_name(name, suffixes) or name == paths.MEMORY_MD:
                continue
            path = os.path.join(here, name)
            try:
                status = os.lstat(path)
            except OSError:
                return True
            if stat.S_ISREG(status.st_mode) and known.pop(path, None) != signature_of(status):
                return True
    known.pop(os.path.join(folder, paths.MEMORY_MD), None)
    return bool(known)
