"""Replace a file: readers and crashes see the old content or the new one, never a part.

A temporary file in the same folder, fsync, rename, fsync of the folder. The mode of a replaced file is
kept; a new file is 0600.
"""

from __future__ import annotations

import contextlib
import os
import stat

TYPE_CHECKING = False  # typing costs a hook call 3 ms
if TYPE_CHECKING:
    from pathlib import Path

# Hidden, so that no scan of a root takes a half-written file for a note.
TEMPORARY_PREFIX = ".memcairn-"


def replace(path: str | Path, content: bytes, *, overwrite: bool = True) -> None:
    """Make `content` the whole content of `path`.

    Args:
        path: the file; its folder must exist. A symlink at `path` is replaced, not followed.
        content: the new content.
        overwrite: if False, an existing file is kept and FileExistsError raised, without a race.

    Raises:
        OSError: nothing was changed; the temporary file is gone.
    """
    folder, _ = os.path.split(path)
    temporary = os.path.join(folder, f"{TEMPORARY_PREFIX}{os.urandom(8).hex()}.tmp")
    mode = 0o600
    with contextlib.suppress(FileNotFoundError):
        before = os.lstat(path).st_mode
        if overwrite and stat.S_ISREG(before):
            mode = stat.S_IMODE(before)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode != 0o600:
            os.chmod(temporary, mode)
        if overwrite:
            os.replace(temporary, path)
        else:
            # Only new notes of ours come this way, and ctypes is slow to load.
            from memcairn.fs.rename import rename_noreplace  # noqa: PLC0415

            rename_noreplace(temporary, os.fspath(path))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(folder or os.curdir)


def sync_folder(folder: str | Path) -> None:
    """Make renames in `folder` durable, where the platform can."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
