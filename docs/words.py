"""Refuse words and names that the project no longer uses.

python docs/words.py            checks the pages that are written by hand, and the packages that are clean
python docs/words.py src docs   checks everything in these files or folders
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[1]

# What not to write, and what to write instead.
PHRASES: dict[str, str] = {
    r"(is|are) no (note|folder|file|root|regular file)s?\b": "not a note, not a folder",
    r"\b(of|among|by) (ours|theirs)\b": "memcairn's, the host's own",
    r"\bof (our|their|its) own\b": "own, or nothing",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\b(is|are|was|were|be) told\b|\btold (of|that|about|apart)\b": "reported, shown",
    r"\bby meaning\b": "semantic search",
    r"\bmade anew\b": "rebuilt",
    r"\ball the while\b|\bso many\b|\bno more than that\b": "say it plainly",
    r"\bthose who hope\b": "",
    r"\bfor somebody who did not ask\b": "stay silent",
    r"\bhave embedded what waits\b": "start the background embedder",
    r"\bis an index of notes, and no note\b": "is a generated index, not a note",
    r"\bneeds a package more\b": "is not installed",
    r"\blooks at so many\b": "checks this many",
    r"\b(MOST|LEAST)_[A-Z]": "MAX_, MIN_",
    r"\b(PATIENCE_S|LATER_S|TRIES|FEW|SHARE)\b": "TIMEOUT_S, RETRY_DELAY_S, MAX_ATTEMPTS, BATCH_SIZE",
    r"\b(asked_as|look_again|take_apart|rename_new|work_out|is_kept)\b|\bas unembedded\b": "a noun or a verb",
    r"\bclass (Kept|Why|Known|Found|Asked|Saved|Written)\b": "a noun",
    r"\b(signature\.holds|json_text\.(read|write)|wal\.use|opening\.opened)\b": "a verb",
    r"\bdef (lifted|lowered|suspicious|inside)\b": "boost_period, injection_warnings ...",
}

# Pages made from docstrings and help texts, and the parts of the package that are still to be reworded.
NOT_YET = {"architecture.md", "python-api.md", "reference.md"}
NOT_YET |= {"archive", "cli", "embedding", "fs", "history", "indexing", "mcp", "root", "safety"}
NOT_YET |= {"settings", "store", "vault", "doctor.py", "errors.py", "memory.py", "queue.py"}
GENERATED_PART = re.compile(r"<!-- (?:tools|made by ).*?<!-- (?:/tools|end) -->", re.DOTALL)
DEFAULT = [
    *("README.md", "CONTRIBUTING.md", "AGENTS.md", "CHANGELOG.md", "bench/README.md"),
    *("models/README.md", "docs/decisions"),
    *(f"docs/{page.name}" for page in (PROJECT / "docs").glob("*.md") if page.name not in NOT_YET),
    *(
        f"src/memcairn/{part.name}"
        for part in (PROJECT / "src" / "memcairn").iterdir()
        if part.name not in NOT_YET
    ),
]


def hits(file: Path) -> Iterator[str]:
    """Each place where a file uses one of the phrases, with what to write instead."""
    text = file.read_text(encoding="utf-8")
    text = GENERATED_PART.sub(lambda part: "\n" * part[0].count("\n"), text)
    for number, line in enumerate(text.splitlines(), 1):
        for phrase, instead in PHRASES.items():
            match = re.search(phrase, line)
            if match:
                where = f"{os.path.relpath(file, PROJECT)}:{number}"
                yield f"{where}: {match[0]!r}: {instead or 'say it plainly'}"


def files(names: list[str]) -> list[Path]:
    """The text files that are named, or are in a folder that is named."""
    found = [PROJECT / name for name in names]
    found += [file for folder in found if folder.is_dir() for file in sorted(folder.rglob("*"))]
    itself = Path(__file__).resolve()
    return [
        file for file in found if file.suffix in (".py", ".md", ".sql", ".js") and file != itself
    ]


if __name__ == "__main__":
    checked = files(sys.argv[1:] or DEFAULT)
    sys.exit("\n".join(hit for file in checked for hit in hits(file)) or 0)
