"""Take our part out of a root's MEMORY.md, and its index pages away: what is left is theirs."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from memcairn import atomic, lock
from memcairn.memory_md import block, page_text
from memcairn.memory_md.kept import loads
from memcairn.memory_md.refresh import read
from memcairn.paths import MEMORY_MD, PAGES_FOLDER


def withdraw(root: str, kept: str | None, backups: str) -> list[str]:
    """Leave a root as if its MEMORY.md had never been kept.

    A MEMORY.md that was there before comes back byte for byte, unless somebody changed what stands outside
    of the block since. One that held nothing but ours goes.

    Args:
        root: the root's folder.
        kept: what the last update stored: it tells which lines are ours.
        backups: the folder with copies of what was there before us.

    Returns:
        The files that changed.

    Raises:
        MemoryMdError: MEMORY.md is something that is not read: a symlink, a folder.
        OSError: a file cannot be written.
        TimeoutError: another program has been writing in the root for 30 seconds.
    """
    descriptor = None if os.name == "nt" else os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with lock.exclusive(root, descriptor):
            return [*_memory_md(root, kept, backups), *_pages(root)]
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _memory_md(root: str, kept: str | None, backups: str) -> list[str]:
    present = read(root)
    found = loads(kept) if kept is not None else None
    written = found.written if found is not None else frozenset[str]()
    if present is None or b"<!-- memcairn:begin " not in present:
        return []
    around = block.read(present, lambda line: block.line_digest(line) in written)
    left = _was(root, around, backups)
    if left is None:
        own_header = f"{block.HEADER}{around.newline * 2}"
        before = (
            around.before.removesuffix(own_header) if not around.after.strip() else around.before
        )
        text = before + around.after.removeprefix(around.newline)
        left = text.encode("utf-8", "surrogateescape") if text.strip("\ufeff \t\r\n") else None
    file = Path(root, MEMORY_MD)
    if left is None:
        file.unlink()
    else:
        atomic.replace(file, left)
    return [str(file)]


def _was(root: str, around: block.Surroundings, backups: str) -> bytes | None:
    """The copy of the MEMORY.md that was there before us, if only our block came in since."""
    for copy in sorted(Path(backups).glob(f"*-{MEMORY_MD}")):
        content = copy.read_bytes()
        digest = hashlib.blake2b(content + os.fsencode(root), digest_size=6).hexdigest()
        if copy.name.removesuffix(f"-{MEMORY_MD}").endswith(digest):
            then = block.read(content, lambda _: False)
            if (then.before, then.after) == (around.before, around.after):
                return content
    return None


def _pages(root: str) -> list[str]:
    folder = Path(root, PAGES_FOLDER)
    if folder.is_symlink() or not folder.is_dir():
        return []
    removed = []
    for file in sorted(folder.glob("*.md")):
        if not file.is_symlink() and file.is_file() and page_text.is_page(file.read_bytes()):
            file.unlink()
            removed.append(str(file))
    if removed:
        with contextlib.suppress(OSError):
            folder.rmdir()
    return removed
