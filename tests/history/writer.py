"""Write one note again and again, recorded. A program of its own.

    python -m history.writer ROOT HISTORY NAME

It prints each text before it writes it, and ends when it is killed.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from memcairn.history import Journal
from memcairn.vault import Vault


def main(root: Path, folder: Path, name: str) -> None:
    vault = Vault(root, trash=folder / "trash")
    history = Journal(folder / "history", root)
    for n in itertools.count():
        text = f"{name}-{n}"
        with history.recording("write", ["a.md"], session=name):
            vault.write("a.md", text, overwrite=True)
        print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
