#!/usr/bin/env python3
"""How well searches find the lines that answer questions on ordinary notes.

usage: quality.py [--systems grep,bm25,memcairn] [--half dev|test|all] [--corpora notes,en,zh,ja,ko]
                  [--pooled] [--unanswerable] [--cache FOLDER] [--json]

A system returns ranked passages (file, first line, last line; 1-based, inclusive). They are read in
order; every line that is shown for the first time costs its words.

  recall@1k, recall@2k   share of the answering lines shown before 1,000 / 2,000 words are spent
  recall@5, recall@10    share of the answering lines shown by the first 5 / 10 passages
  mrr                    1 / rank of the first passage that shows an answering line
  ms                     median wall time of one search in a warm process

Words are what whitespace separates; in Chinese and Japanese, which do not separate them, two
characters count as one. Passages of different length make recall@5, recall@10 and mrr incomparable
between systems; recall@1k compares what a reader gets for the same words.

Each corpus is an index of its own, or with --pooled all of them are one. --unanswerable adds how
well the score of the first passage tells answerable questions from others.
"""

import argparse
import json
import re
import sqlite3
import statistics
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

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

METRICS = ("recall@1k", "recall@2k", "recall@5", "recall@10", "mrr")
BUDGETS = {"recall@1k": 1000, "recall@2k": 2000}
DEPTHS = {"recall@5": 5, "recall@10": 10}
UNSPACED = re.compile(r"[㐀-鿿豈-﫿぀-ヿ]")
CJK_RUN = re.compile(r"[㐀-鿿豈-﫿぀-ヿ가-힣]+")
STOP = frozenset(
    """
    a an and are as at be been but by can did do does for from had has have how i if in is it its
    me my of on or our she so that the their them they this to was we were what when where which
    who whom whose why will with would you your
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Found:
    """A passage: lines `start` to `end` of `path`, 1-based, inclusive; higher `score` is better."""

    path: Path
    start: int
    end: int
    score: float


Search = Callable[[str, int], list[Found]]


def paragraphs(folders: Iterable[Path]) -> Iterator[tuple[Path, int, int, str]]:
    """The blocks between blank lines of every Markdown file, with their lines."""
    for folder in folders:
        for path in sorted(folder.rglob("*.md")):
            block: list[str] = []
            for number, line in enumerate([*path.read_text("utf-8").splitlines(), ""], 1):
                if line.strip():
                    block.append(line)
                elif block:
                    yield path, number - len(block), number - 1, "\n".join(block)
                    block = []


def query_words(text: str) -> list[str]:
    words = re.findall(r"\w+", text.lower())
    return list(dict.fromkeys(w for w in words if w not in STOP)) or words


def grep(folders: list[Path]) -> Search:
    """What an agent with grep sees: paragraphs by how many of the query's words occur in them.

    In text without spaces an agent picks pieces of the query; here it gets every pair of
    neighbouring characters, which is generous.
    """
    blocks = [(path, start, end, text.lower()) for path, start, end, text in paragraphs(folders)]

    def search(query: str, limit: int) -> list[Found]:
        patterns = [word for word in query_words(query) if not CJK_RUN.search(word)]
        for run in CJK_RUN.findall(query):
            patterns += [run[i : i + 2] for i in range(max(1, len(run) - 1))]
        ranked = []
        for order, (path, start, end, text) in enumerate(blocks):
            counts = [text.count(pattern) for pattern in dict.fromkeys(patterns)]
            if any(counts):
                ranked.append((-sum(map(bool, counts)), -sum(counts), order, path, start, end))
        ranked.sort()
        return [Found(path, start, end, -n) for n, _, _, path, start, end in ranked[:limit]]

    return search


def bm25(folders: list[Path]) -> Search:
    """SQLite FTS5 as it comes (unicode61), a row a paragraph, OR of the query's words."""
    db = sqlite3.connect(":memory:")
    db.execute(
        "create virtual table block using fts5(text, path unindexed, s unindexed, e unindexed)"
    )
    rows = ((text, str(path), start, end) for path, start, end, text in paragraphs(folders))
    db.executemany("insert into block values (?, ?, ?, ?)", rows)

    def search(query: str, limit: int) -> list[Found]:
        match = " OR ".join(f'"{word}"' for word in query_words(query))
        sql = "select path, s, e, rank from block where block match ? order by rank limit ?"
        return [Found(Path(p), s, e, -rank) for p, s, e, rank in db.execute(sql, (match, limit))]

    weakref.finalize(search, db.close)
    return search


def memcairn(folders: list[Path]) -> Search:
    """The product through its public API, with whatever the environment configures."""
    from memcairn import Memory

    home = tempfile.TemporaryDirectory()
    memory = Memory(home=Path(home.name))
    for folder in folders:
        memory.index(folder)

    def search(query: str, limit: int) -> list[Found]:
        hits = memory.search(query, limit=limit)
        return [Found(Path(h.path), h.start_line, h.end_line, h.score) for h in hits]

    weakref.finalize(search, home.cleanup)
    return search


SYSTEMS: dict[str, Callable[[list[Path]], Search]] = {
    "grep": grep,
    "bm25": bm25,
    "memcairn": memcairn,
}


def word_count(line: str) -> int:
    return sum(max(1, len(UNSPACED.findall(token)) // 2) for token in line.split())


def measure(
    evidence: set[tuple[Path, int]], passages: list[Found], lines_of: Callable[[Path], list[str]]
) -> dict[str, float]:
    """The metrics of one question; `evidence` holds real paths."""
    shown: set[tuple[Path, int]] = set()
    found, words, first_rank = 0, 0, 0
    result: dict[str, float] = {}
    for rank, passage in enumerate(passages, 1):
        path = passage.path.resolve()
        lines = lines_of(path)
        for number in range(passage.start, min(passage.end, len(lines)) + 1):
            if (path, number) in shown:
                continue
            shown.add((path, number))
            words += word_count(lines[number - 1])
            for name, budget in BUDGETS.items():
                if words > budget:
                    result.setdefault(name, found)
            if (path, number) in evidence:
                found += 1
                first_rank = first_rank or rank
        for name, depth in DEPTHS.items():
            if rank == depth:
                result[name] = found
    shares = {name: result.get(name, found) / len(evidence) for name in (*BUDGETS, *DEPTHS)}
    return shares | {"mrr": 1 / first_rank if first_rank else 0.0}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question put to one system."""

    question: Question
    metrics: dict[str, float]
    took_ms: float
    top_score: float


def ask(
    system: str, asked: list[Question], cache: Path, *, pooled: bool, limit: int = 60
) -> list[Asked]:
    """Put each question to a fresh index of its corpus, or of all corpora."""
    lines: dict[Path, list[str]] = {}

    def lines_of(path: Path) -> list[str]:
        if path not in lines:
            lines[path] = path.read_text(encoding="utf-8").splitlines()
        return lines[path]

    corpora = list(dict.fromkeys(question.corpus for question in asked))
    rows = []
    for group in [corpora] if pooled else [[corpus] for corpus in corpora]:
        search = SYSTEMS[system]([corpus_folder(corpus, cache).resolve() for corpus in group])
        search("warm up", 1)
        for question in asked:
            if question.corpus not in group:
                continue
            started = time.perf_counter()
            passages = search(question.question, limit)
            took_ms = 1000 * (time.perf_counter() - started)
            evidence = {(resolve(path, cache).resolve(), line) for path, line in question.evidence}
            metrics = measure(evidence, passages, lines_of) if evidence else {}
            top = passages[0].score if passages else 0.0
            rows.append(Asked(question, metrics, took_ms, top))
    return rows


def mean(rows: list[Asked]) -> dict[str, float]:
    means = {name: statistics.fmean(row.metrics[name] for row in rows) for name in METRICS}
    return means | {"ms": statistics.median(row.took_ms for row in rows), "questions": len(rows)}


def grouped(rows: list[Asked]) -> dict[str, dict[str, float]]:
    """The means of all questions and of each language, kind, corpus and of the paraphrases."""
    groups: dict[str, list[Asked]] = {"all": rows}
    for row in rows:
        question = row.question
        labels = (f"language {question.language}", f"kind {question.category}")
        for label in (*labels, f"corpus {question.corpus}"):
            groups.setdefault(label, []).append(row)
        if question.paraphrase:
            groups.setdefault("paraphrase", []).append(row)
    return {name: mean(groups[name]) for name in ("all", *sorted(set(groups) - {"all"}))}


def separation(answerable: list[Asked], others: list[Asked]) -> float:
    """Chance that an answerable question's first passage scores above another's (AUC).

    Ties count half. 0.5 means that the score says nothing about relevance.
    """
    pairs = [(a.top_score, o.top_score) for a in answerable for o in others]
    return statistics.fmean((a > o) + (a == o) / 2 for a, o in pairs)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--systems", default="grep,bm25,memcairn")
    parser.add_argument("--half", choices=("dev", "test", "all"), default="dev")
    parser.add_argument("--corpora", default=f"{HAND_WRITTEN},en,zh,ja,ko")
    parser.add_argument("--pooled", action="store_true")
    parser.add_argument("--unanswerable", action="store_true")
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    corpora = set(args.corpora.split(","))
    if corpora != {HAND_WRITTEN}:
        fetch(args.cache)

    def wanted(question: Question) -> bool:
        return question.corpus in corpora and args.half in ("all", question.half)

    asked = [question for question in questions() if wanted(question)]
    tables = {}
    for system in args.systems.split(","):
        rows = ask(system, asked, args.cache, pooled=args.pooled)
        tables[system] = grouped(rows)
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
