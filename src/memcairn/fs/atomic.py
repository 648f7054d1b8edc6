"""Replace a file atomically: readers and crashes see the old or the new content, never a part.

It writes a temporary file in the same folder, syncs and renames it, and syncs the folder. A replaced
file keeps its mode; a new file gets 0600.
"""

from __future__ import annotations

import contextlib
import os
import stat

TYPE_CHECKING = False  # typing costs a hook call 3 ms
if TYPE_CHECKING:
    from pathlib import Path

# Hidden, so that scans ignore half-written files.
TEMPORARY_PREFIX = ".memcairn-"
LEFTOVER_AGE_S = 3600.0


def replace(
    path: str | Path, content: bytes, *, overwrite: bool = True, durable: bool = True
) -> None:
    """Replace the content of `path`.

    Args:
        path: the file; its folder must exist. A symlink at `path` is replaced, not followed.
        content: the new content.
        overwrite: if False, raise FileExistsError for an existing file, without a race.
        durable: wait until the disk has it. Without this, a power failure may lose the new content; a crash
            of the process does not.

    Raises:
        OSError: nothing was changed; the temporary file was removed.
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
            if durable:
                os.fsync(file.fileno())
        if mode != 0o600:
            os.chmod(temporary, mode)
        if overwrite:
            os.replace(temporary, path)
        else:
            # ctypes is slow to load, and hook calls do not create files this way.
            from memcairn.fs.rename import rename_noreplace  # noqa: PLC0415

            rename_noreplace(temporary, os.fspath(path))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if durable:
        sync_folder(folder or os.curdir)


def is_leftover(path: str) -> bool:
    """Whether a file is a temporary file that a killed process left: no write takes that long."""
    import time  # noqa: PLC0415 - hook calls do not need it

    name = os.path.basename(path)
    if not (name.startswith(TEMPORARY_PREFIX) and name.endswith(".tmp")):
        return False
    with contextlib.suppress(OSError):
        return os.lstat(path).st_mtime < time.time() - LEFTOVER_AGE_S
    return False


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
