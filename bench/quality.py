#!/usr/bin/env python3
"""Measure how well searches find the lines that answer questions about ordinary notes.

usage: quality.py [--systems grep,bm25,memcairn] [--half dev|test|all] [--corpora notes,en,zh,ja,ko]
                  [--pooled] [--unanswerable] [--cache FOLDER] [--json]
       quality.py --section all|gate|languages|long|notes|conversations [--xquad FOLDER]
                  [--conversations FOLDER] [--cache FOLDER]

The measures are those of `memcairn eval`: memcairn.evaluate.measures says what they are. `ms` is the median
wall time of one search in a warm process.

Each corpus has a separate index; with --pooled all of them share one. --unanswerable adds how
well the score of the first passage tells answerable questions from others.

--section prints the measures of one set, or all of them:

    gate           gate.py: what hooks show, of notes as Claude Code writes them, and for ordinary prompts
    languages      languages.py: questions in one language about notes in another
    long           long Markdown: documentation, against one row for each paragraph in SQLite's FTS5
    notes          the hand-written notes
    conversations  a folder like LoCoMo's with questions.json; left out without --conversations
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import gate
import languages
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

SECTIONS = ("gate", "languages", "long", "notes", "conversations")


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


def ask_conversations(folder: Path) -> list[Judgement]:
    """Put the questions of questions.json to an index for each conversation."""
    lines_of = FileLines()
    asked = json.loads((folder / "questions.json").read_text("utf-8"))
    rows = []
    for name in sorted({question["conversation"] for question in asked}):
        search = SYSTEMS["memcairn"]([(folder / name).resolve()])
        for question in asked:
            if question["conversation"] == name:
                evidence = {((folder / path).resolve(), n) for path, n in question["evidence"]}
                rows.append(measures.ask(search, question["question"], evidence, lines_of))
    return rows


def print_tables(tables: dict[str, dict[str, dict[str, float]]], groups: Iterable[str]) -> None:
    for group in groups:
        count = next(iter(tables.values()))[group]["questions"]
        print(f"\n{group} ({count:.0f} questions)")
        for system, table in tables.items():
            metrics = [name for name in table[group] if name not in ("ms", "questions")]
            cells = "  ".join(f"{name} {table[group][name]:.3f}" for name in metrics)
            print(f"  {system:9} {cells}  ms {table[group]['ms']:.1f}")


def section(name: str, cache: Path, xquad: Path | None, conversations: Path | None) -> None:
    """Print the measures of one set."""
    print(f"\n── {name} ──")
    if name == "gate":
        gate.run(gate.LANGUAGES, cache, model="builtin", fitting=False)
    elif name == "languages":
        languages.run(xquad)
    elif name == "conversations":
        if conversations is not None:
            print_tables({"memcairn": group_means(ask_conversations(conversations))}, ["all"])
    else:
        fetch(cache)
        corpus = "en" if name == "long" else HAND_WRITTEN
        asked = [question for question in questions() if question.corpus == corpus]
        tables = {
            system: group_means(ask(system, asked, cache, pooled=False))
            for system in ("bm25", "memcairn")
        }
        print_tables(tables, ["all", "paraphrase"])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--section", choices=("questions", "all", *SECTIONS), default="questions")
    parser.add_argument("--xquad", type=Path)
    parser.add_argument("--conversations", type=Path)
    parser.add_argument("--systems", default="grep,bm25,memcairn")
    parser.add_argument("--half", choices=("dev", "test", "all"), default="dev")
    parser.add_argument("--corpora", default=f"{HAND_WRITTEN},en,zh,ja,ko")
    parser.add_argument("--pooled", action="store_true")
    parser.add_argument("--unanswerable", action="store_true")
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.section != "questions":
        for name in SECTIONS if args.section == "all" else [args.section]:
            section(name, args.cache, args.xquad, args.conversations)
        return 0
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
    print_tables(tables, next(iter(tables.values())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
