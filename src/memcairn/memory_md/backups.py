"""Copies of each MEMORY.md that was there before us, in the home; named after the root and the content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.fs import atomic
from memcairn.paths import MEMORY_MD

if TYPE_CHECKING:
    from collections.abc import Iterator


def back_up(folder: str, root: str, present: bytes) -> str:
    """Copy a MEMORY.md, once for each content; returns where the copy is."""
    paths.make_private_folder(folder)
    name = os.fsencode(os.path.basename(root)).decode("utf-8", "replace")[:40]
    backup = os.path.join(folder, f"{name}-{_digest(present, root)}-{MEMORY_MD}")
    if not os.path.exists(backup):
        atomic.replace(backup, present)
    return backup


def backups_of(folder: str, root: str) -> Iterator[bytes]:
    """The copies of a root's MEMORY.md."""
    for copy in sorted(Path(folder).glob(f"*-{MEMORY_MD}")):
        content = copy.read_bytes()
        if copy.name.endswith(f"{_digest(content, root)}-{MEMORY_MD}"):
            yield content


def _digest(content: bytes, root: str) -> str:
    return hashlib.blake2b(content + os.fsencode(root), digest_size=6).hexdigest()
