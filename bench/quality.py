#!/usr/bin/env python3
"""Measure how well searches find the lines that answer questions about ordinary notes.

usage: quality.py [--systems grep,bm25,memcairn] [--half dev|test|all] [--corpora notes,en,zh,ja,ko]
                  [--pooled] [--unanswerable] [--cache FOLDER] [--json]
       quality.py --section gate [--cache FOLDER]

The measures are those of `memcairn eval`: memcairn.evaluate.measures says what they are. `ms` is the median
wall time of one search in a warm process.

Each corpus has a separate index; with --pooled all of them share one. --unanswerable adds how
well the score of the first passage tells answerable questions from others.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import gate
from memcairn.evaluate import measures
from memcairn.evaluate.measures import FileLines, Judgement, group_means, separation
from memcairn.evaluate.systems import SYSTEMS
from notes_corpus import (
    HAND_WRITTEN,
    Question,
    corpus_folder,
    default_cache,
    fetch,
    questions,
    resolve,
    unanswerable,
)


def labels(question: Question) -> Iterator[str]:
    """The groups that a question is reported in."""
    yield f"language {question.language}"
    yield f"kind {question.category}"
    yield f"corpus {question.corpus}"
    if question.paraphrase:
        yield "paraphrase"


def ask(system: str, asked: list[Question], cache: Path, *, pooled: bool) -> list[Judgement]:
    """Put each question to a fresh index of its corpus, or of all corpora."""
    lines_of = FileLines()
    corpora = list(dict.fromkeys(question.corpus for question in asked))
    rows = []
    for group in [corpora] if pooled else [[corpus] for corpus in corpora]:
        search = SYSTEMS[system]([corpus_folder(corpus, cache).resolve() for corpus in group])
        search("warm up", 1)
        for question in asked:
            if question.corpus not in group:
                continue
            evidence = {(resolve(path, cache).resolve(), line) for path, line in question.evidence}
            rows.append(
                measures.ask(search, question.question, evidence, lines_of, labels(question))
            )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--section", choices=("questions", "gate"), default="questions")
    parser.add_argument("--systems", default="grep,bm25,memcairn")
    parser.add_argument("--half", choices=("dev", "test", "all"), default="dev")
    parser.add_argument("--corpora", default=f"{HAND_WRITTEN},en,zh,ja,ko")
    parser.add_argument("--pooled", action="store_true")
    parser.add_argument("--unanswerable", action="store_true")
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.section == "gate":
        return gate.run(gate.LANGUAGES, args.cache, model="builtin", fitting=False)
    corpora = set(args.corpora.split(","))
    if corpora != {HAND_WRITTEN}:
        fetch(args.cache)

    def wanted(question: Question) -> bool:
        return question.corpus in corpora and args.half in ("all", question.half)

    asked = [question for question in questions() if wanted(question)]
    tables = {}
    for system in args.systems.split(","):
        rows = ask(system, asked, args.cache, pooled=args.pooled)
        tables[system] = group_means(rows)
        if args.unanswerable:
            others = [question for question in unanswerable() if wanted(question)]
            other_rows = ask(system, others, args.cache, pooled=args.pooled)
            tables[system]["all"]["score auc"] = separation(rows, other_rows)
    if args.json:
        print(json.dumps(tables, indent=1))
        return 0
    for group in next(iter(tables.values())):
        count = next(iter(tables.values()))[group]["questions"]
        print(f"\n{group} ({count:.0f} questions)")
        for system, table in tables.items():
            metrics = [name for name in table[group] if name not in ("ms", "questions")]
            cells = "  ".join(f"{name} {table[group][name]:.3f}" for name in metrics)
            print(f"  {system:9} {cells}  ms {table[group]['ms']:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
