"""Swap what is in a root for links to the outside, again and again. A program of its own.

    python attacker.py ROOT OUTSIDE

`folder` is in turn a folder and a symlink to OUTSIDE; `file.md` is in turn a file, a symlink and a
hard link to OUTSIDE/note.md. It ends with its input, and prints how many swaps it has done.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
from pathlib import Path


def swap_folder(root: Path, outside: Path) -> int:
    folder, aside = root / "folder", root / "aside"
    folder.rename(aside)
    folder.symlink_to(outside)
    folder.unlink()
    aside.rename(folder)
    return 1


def swap_file(root: Path, outside: Path) -> int:
    file, new = root / "file.md", root / "new"
    new.symlink_to(outside / "note.md")
    new.replace(file)
    fresh_file(new)
    new.replace(file)
    new.hardlink_to(outside / "note.md")
    new.replace(file)
    fresh_file(new)
    new.replace(file)
    return 2


def fresh_file(path: Path) -> None:
    # Never through a link: the attacker itself must not touch the outside.
    path.unlink(missing_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write("inside\n")


def repair(root: Path) -> None:
    """The tools under attack move and remove things, too."""
    for name in ("folder", "new"):
        if (root / name).is_symlink() or (root / name).is_file():
            (root / name).unlink()
    shutil.rmtree(root / "aside", ignore_errors=True)
    (root / "folder").mkdir(exist_ok=True)
    fresh_file(root / "folder" / "note.md")


def main(root: Path, outside: Path) -> None:
    swaps = 0
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    print("ready", flush=True)  # noqa: T201
    while not over.is_set():
        for swap in (swap_folder, swap_file):
            try:
                swaps += swap(root, outside)
            except OSError:
                with contextlib.suppress(OSError):
                    repair(root)
    print(swaps)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
