"""Show what memcairn does, with some pages of its documentation and a folder of example notes.

Everything happens in a temporary folder, which is removed afterwards.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PAGES = ("guide", "how-it-works", "privacy", "trust")


def run(*arguments: str) -> None:
    """Print a command and run it."""
    print(f"\n$ memcairn {shlex.join(arguments)}", flush=True)
    program = [sys.executable, "-c", "from memcairn.cli import main; main()"]
    subprocess.run([*program, *arguments], check=True)


def main() -> None:
    """Index, search, queue a write, flush, search again."""
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["MEMCAIRN_HOME"] = str(Path(temporary, "home"))
        # The demo calls `reembed` itself: no process may write to the folder while it is removed.
        os.environ["MEMCAIRN_EMBEDDING_BACKGROUND"] = "false"
        shutil.copytree(PROJECT / "examples" / "notes", Path(temporary, "notes"))
        Path(temporary, "docs").mkdir()
        for page in PAGES:
            shutil.copy(PROJECT / "docs" / f"{page}.md", Path(temporary, "docs"))
        os.chdir(temporary)
        run("index", "docs", "notes")
        run("reembed")
        run("search", "blue-green rollout", "--limit", "2")
        run("search", "why did we pick Postgres", "--limit", "1")
        run("search", "may I commit straight to the release branch", "--limit", "1")
        note = Path("notes", "howto", "rotate-keys.md")
        note.write_text("# Rotate the signing keys\n\nRun `make keys` on the first of the month.\n")
        print(f"\n(an agent writes {note})", flush=True)
        run("index", "--debounce-window", "5", str(note))
        run("index", "--status")
        run("index", "--flush")
        run("reembed")
        run("search", "signing keys", "--limit", "1")


if __name__ == "__main__":
    main()
