"""Take our part out of a root's MEMORY.md, and its index pages away: what is left is theirs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memcairn.memory_md import block
from memcairn.memory_md.backups import backups_of
from memcairn.memory_md.render import page_path
from memcairn.memory_md.render_cache import loads
from memcairn.memory_md.root_files import opened
from memcairn.paths import MEMORY_MD

if TYPE_CHECKING:
    from memcairn.memory_md.root_files import RootFiles


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
        MemoryMdError: MEMORY.md is something that is not read (a symlink, a folder), a file cannot be
            written, or another program has been writing in the root for 30 seconds.
    """
    with opened(root) as files:
        changed = [MEMORY_MD] if _take_out(files, root, kept, backups) else []
        changed += map(page_path, files.remove_pages(sorted(files.page_names())))
    return [os.path.join(root, path) for path in changed]


def _take_out(files: RootFiles, root: str, kept: str | None, backups: str) -> bool:
    present = files.memory_md()
    found = loads(kept) if kept is not None else None
    written = found.written if found is not None else frozenset[str]()
    if present is None or b"<!-- memcairn:begin " not in present.data:
        return False
    around = block.read(present.data, lambda line: block.line_digest(line) in written)
    left = _was(root, around, backups)
    if left is None:
        own_header = f"{block.HEADER}{around.newline * 2}"
        before = (
            around.before.removesuffix(own_header) if not around.after.strip() else around.before
        )
        text = before + around.after.removeprefix(around.newline)
        left = text.encode("utf-8", "surrogateescape") if text.strip("\ufeff \t\r\n") else None
    if left is None:
        files.remove_memory_md()
        return True
    return files.write_memory_md(left, present)


def _was(root: str, around: block.Surroundings, backups: str) -> bytes | None:
    """The copy of the MEMORY.md that was there before us, if only our block came in since."""
    for content in backups_of(backups, root):
        then = block.read(content, lambda _: False)
        if (then.before, then.after) == (around.before, around.after):
            return content
    return None
