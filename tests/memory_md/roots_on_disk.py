"""Roots on disk for the tests of MEMORY.md: create, read and rebuild them."""

import shutil
from pathlib import Path

from memcairn import Memory
from memcairn.memory_md import block

SMALL = {
    "MEMCAIRN_MEMORY_MD_MAX_LINES": "14",
    "MEMCAIRN_MEMORY_MD_MAX_UNITS": "2200",
    "MEMCAIRN_MEMORY_MD_MAX_BYTES": "2200",
}


def make_root(folder: Path, notes: int) -> Path:
    """A root with this number of notes and a managed MEMORY.md; with SMALL limits also index pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(notes):
        write(
            folder, f"{'abc'[number % 3]}/note-{number}.md", f"Title {number}", f"About {number}."
        )
    with Memory() as memory:
        memory.refresh_memory_md(folder)
    return folder


def write(root: Path, path: str, title: str, text: str, **front: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    head = "".join(f"{key}: {value}\n" for key, value in front.items())
    head = f"---\n{head}---\n" if head else ""
    file.write_text(f"{head}# {title}\n\n{text}\n", encoding="utf-8")
    return file


def index_files(root: Path) -> dict[str, bytes]:
    """MEMORY.md and the pages, by their paths."""
    found = [root / "MEMORY.md", *sorted((root / "index").glob("*.md"))]
    return {str(file.relative_to(root)): file.read_bytes() for file in found if file.exists()}


def rebuilt(root: Path, scratch: Path) -> dict[str, bytes]:
    """The index files that a new home renders for a copy of a root without pages."""
    copy = scratch / "copy"
    shutil.copytree(root, copy)
    for file in (copy / "index").glob("*.md"):
        if b"memcairn:page" in file.read_bytes():
            file.unlink()
    with Memory(scratch / "home") as memory:
        memory.refresh_memory_md(copy)
    files = index_files(copy)
    shutil.rmtree(scratch)
    return files


def is_whole(data: bytes, lines: int = 200, size: int = 25_600) -> bool:
    """Whether a MEMORY.md has a block that matches its digest, and is within the limits."""
    text = data.decode("utf-8")
    checksum = block.digest(block.body_of(data))
    within = len(text.splitlines()) <= lines and len(data) <= size
    return within and f"; {checksum} -->" in text and block.END in text


def links(files: dict[str, bytes]) -> str:
    return b"".join(files.values()).decode("utf-8")
