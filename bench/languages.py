#!/usr/bin/env python3
"""Questions in one language about notes in another.

usage: languages.py [--xquad FOLDER] [--words] [--misses]

The 60 questions of bench/notes/languages.json, in six languages, are asked of the notes in bench/notes/notes,
which are in English, Chinese, Japanese and Korean. `hit@5`: the note is among the first five passages.

--xquad: a folder with notes made of XQuAD (google-deepmind/xquad, CC BY-SA 4.0, not in this repository): one
file for each article and language, one paragraph a line, and questions.json with question, language, notes
(the folder that it is asked of) and evidence (path and line). `hit@5`: the line is in the first five
passages.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from memcairn import Memory, Query

NOTES = Path(__file__).parent / "notes"


def own(memory: Memory, *, misses: bool) -> dict[str, list[bool]]:
    folder = NOTES / "notes"
    memory.index(folder)
    found = defaultdict(list)
    for language, question, note in json.loads((NOTES / "languages.json").read_text("utf-8")):
        passages = memory.search(Query(question, limit=5, root=folder))
        paths = [os.path.relpath(passage.path, folder) for passage in passages]
        found[f"{language} own"].append(note in paths)
        if misses and note not in paths:
            print(f"missed: {question} ({note}): {', '.join(paths)}")
    return found


def xquad(memory: Memory, folder: Path) -> dict[str, list[bool]]:
    found = defaultdict(list)
    rows = json.loads((folder / "questions.json").read_text("utf-8"))
    for notes in sorted({row["notes"] for row in rows}):
        memory.index(folder / notes)
    for row in rows:
        passages = memory.search(Query(row["question"], limit=5, root=folder / row["notes"]))
        hit = any(
            passage.path == str(folder / path) and passage.start_line <= line <= passage.end_line
            for passage in passages
            for path, line in row["evidence"]
        )
        kind = "same" if row["language"] == row["notes"] else "cross"
        found[f"{row['language']} of {row['notes']}"].append(hit)
        found[f"{kind} language"].append(hit)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--xquad", type=Path)
    parser.add_argument("--words", action="store_true", help="keyword search only")
    parser.add_argument("--misses", action="store_true")
    args = parser.parse_args()
    run(args.xquad, words=args.words, misses=args.misses)


def run(xquad_folder: Path | None, *, words: bool = False, misses: bool = False) -> None:
    """Print hit@5 of both sets, or of the own one."""
    os.environ["MEMCAIRN_EMBEDDING_PROVIDER"] = "none" if words else "builtin"
    with tempfile.TemporaryDirectory() as home, Memory(home) as memory:
        started = time.perf_counter()
        found = own(memory, misses=misses)
        found["all own"] = [hit for hits in found.values() for hit in hits]
        if xquad_folder is not None:
            found |= xquad(memory, xquad_folder.resolve())
        for name, hits in found.items():
            print(f"{name:15} {len(hits):5} questions  hit@5 {statistics.mean(hits):.3f}")
        print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
