"""The measures of one search and their means.

A system returns ranked passages (file, first line, last line; 1-based, inclusive). They are read in order,
and every line costs its words when it is shown for the first time.

    recall@1k, recall@2k   share of the answering lines shown before 1,000 / 2,000 words are spent
    recall@5, recall@10    share of the answering lines shown by the first 5 / 10 passages
    mrr                    1 / rank of the first passage that shows an answering line

Words are separated by white space; in Chinese and Japanese, two characters count as a word. recall@5,
recall@10 and mrr are not comparable between systems whose passages differ in length; recall@1k compares the
answers in the same number of words.
"""

from __future__ import annotations

import re
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    Search = Callable[[str, int], list["SearchHit"]]
    Line = tuple[Path, int]

METRICS = ("recall@1k", "recall@2k", "recall@5", "recall@10", "mrr")
# The category of questions whose lines should not be found: low values are good, so "all" leaves them out.
UNWANTED = "should not"
LIMIT = 60
"""The number of passages requested from a system."""

_BUDGETS = {"recall@1k": 1000, "recall@2k": 2000}
_DEPTHS = {"recall@5": 5, "recall@10": 10}
_UNSPACED = re.compile(r"[㐀-鿿豈-﫿぀-ヿ]")


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A passage: lines `start` to `end` of `path`, 1-based, inclusive; higher `score` is better."""

    path: Path
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of one question to one system.

    Attributes:
        labels: the groups that the question belongs to, besides all questions.
        metrics: a value for each of `METRICS`; empty for a question without an answer.
        took_ms: wall time of the search.
        top_score: score of the first passage; 0 if there is none.
    """

    labels: tuple[str, ...]
    metrics: dict[str, float]
    took_ms: float
    top_score: float


class FileLines:
    """The lines of files, each read once."""

    def __init__(self) -> None:
        self._lines: dict[Path, list[str]] = {}

    def __call__(self, path: Path) -> list[str]:
        """The lines of a file; none if it cannot be read."""
        if path not in self._lines:
            try:
                self._lines[path] = path.read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError):
                self._lines[path] = []
        return self._lines[path]


def ask(
    search: Search,
    question: str,
    evidence: Iterable[Line],
    lines_of: FileLines,
    labels: Iterable[str] = (),
) -> Judgement:
    """Ask a system a question.

    Args:
        search: the system.
        question: the text of the question.
        evidence: the lines that answer it, with real paths; none for a question without an answer.
        lines_of: returns the lines of a file.
        labels: see `Judgement`.
    """
    started = time.perf_counter()
    passages = search(question, LIMIT)
    took_ms = 1000 * (time.perf_counter() - started)
    answering = set(evidence)
    metrics = measure(answering, passages, lines_of) if answering else {}
    return Judgement(tuple(labels), metrics, took_ms, passages[0].score if passages else 0.0)


def measure(
    evidence: set[Line], passages: Sequence[SearchHit], lines_of: Callable[[Path], list[str]]
) -> dict[str, float]:
    """The metrics of one question; `evidence` has real paths."""
    shown: set[Line] = set()
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
            for name, budget in _BUDGETS.items():
                if words > budget:
                    result.setdefault(name, found)
            if (path, number) in evidence:
                found += 1
                first_rank = first_rank or rank
        for name, depth in _DEPTHS.items():
            if rank == depth:
                result[name] = found
    shares = {name: result.get(name, found) / len(evidence) for name in (*_BUDGETS, *_DEPTHS)}
    return shares | {"mrr": 1 / first_rank if first_rank else 0.0}


def word_count(line: str) -> int:
    """The number of words in a line."""
    return sum(max(1, len(_UNSPACED.findall(token)) // 2) for token in line.split())


def group_means(rows: Sequence[Judgement]) -> dict[str, dict[str, float]]:
    """The means over all questions ("all") and for each label; `ms` is a median."""
    groups: dict[str, list[Judgement]] = {}
    for row in rows:
        for label in row.labels:
            groups.setdefault(label, []).append(row)
    wanted = [row for row in rows if UNWANTED not in row.labels]
    whole = {"all": _mean(wanted)} if wanted else {}
    return whole | {name: _mean(groups[name]) for name in sorted(groups)}


def _mean(rows: Sequence[Judgement]) -> dict[str, float]:
    means = {name: statistics.fmean(row.metrics[name] for row in rows) for name in METRICS}
    return means | {"ms": statistics.median(row.took_ms for row in rows), "questions": len(rows)}


def separation(answerable: Sequence[Judgement], others: Sequence[Judgement]) -> float:
    """The probability that the top score of an answerable question exceeds that of another question (AUC).

    Ties count half. 0.5 means that scores do not indicate relevance.
    """
    pairs = [(a.top_score, o.top_score) for a in answerable for o in others]
    return statistics.fmean((a > o) + (a == o) / 2 for a, o in pairs)
