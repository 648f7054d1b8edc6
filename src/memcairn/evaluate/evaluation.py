"""Ask systems the questions of a file about a folder of notes.

The file is a JSON array of objects:

    {"question": "Which port has Postgres?", "evidence": [["ops/db.md", 12]], "category": "lookup"}

`evidence` lists the lines that answer: [path, line] or [path, first line, last line], with the path relative
to the folder, and lines from 1. `category` is optional; each category is reported separately. In the category
"should not" the lines should not be found: low values are good. Other keys are ignored.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memcairn.errors import UsageError
from memcairn.evaluate.measures import UNWANTED, FileLines, ask, group_means
from memcairn.evaluate.systems import SYSTEMS
from memcairn.fs import atomic
from memcairn.paths import make_private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from memcairn.evaluate.measures import Line

FORM = (
    '[{"question": "...", "evidence": [["file.md", 12], ["other.md", 3, 5]], "category": "..."}]: '
    "path relative to the folder, line or first and last line"
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the lines that answer it, as real paths and line numbers."""

    text: str
    evidence: frozenset[Line]
    category: str | None


def read(file: Path, folder: Path) -> list[Question]:
    """The questions of a file.

    Args:
        file: a JSON file; the module's docstring describes its form.
        folder: the folder that its paths are relative to.

    Raises:
        UsageError: the file cannot be read, has another form, or names lines that do not exist.
    """
    try:
        rows = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", path=file) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"is not JSON: {error}", path=file, hint=f"the form is {FORM}") from error
    if not isinstance(rows, list) or not rows:
        raise UsageError("is not a list of questions", path=file, hint=f"the form is {FORM}")
    lines_of = FileLines()
    return [
        _question(row, f"{file}, question {n}", folder, lines_of) for n, row in enumerate(rows, 1)
    ]


def add(file: str, question: str, evidence: tuple[str, int, int], *, is_wanted: bool) -> int:
    """Add a question to a file, which is created if necessary, unless it is there already.

    Args:
        file: absolute; in the home.
        question: the text.
        evidence: path relative to the folder of notes, first and last line.
        is_wanted: whether these lines should be found.

    Returns:
        The number of the question, from 1.

    Raises:
        UsageError: the file exists and is not a list.
        OSError: it cannot be written.
    """
    rows: Any = []
    if os.path.exists(file):
        with open(file, encoding="utf-8") as stream:
            try:
                rows = json.load(stream)
            except (ValueError, RecursionError) as error:
                raise UsageError(f"is not JSON: {error}", path=file) from error
        if not isinstance(rows, list):
            raise UsageError("is not a list of questions", path=file, hint=f"the form is {FORM}")
    row: dict[str, Any] = {"question": question, "evidence": [list(evidence)]}
    row |= {} if is_wanted else {"category": UNWANTED}
    if row not in rows:
        rows.append(row)
        make_private_folder(os.path.dirname(file))
        atomic.replace(file, (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode())
    return int(rows.index(row)) + 1


def evaluate(
    questions: Sequence[Question],
    folder: Path,
    systems: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, dict[str, dict[str, float]]]:
    """The mean measures of each system, for all questions and for each category.

    Args:
        questions: at least one.
        folder: the folder of notes.
        systems: names of `SYSTEMS`.
        progress: called with (done, total).

    Raises:
        UsageError: a system does not exist.
    """
    for name in systems:
        if name not in SYSTEMS:
            raise UsageError(f"there is no system {name!r}", hint=f"one of {', '.join(SYSTEMS)}")
    tables = {}
    total = len(systems) * len(questions)
    for done, name in enumerate(systems):
        lines_of = FileLines()
        search = SYSTEMS[name]([folder])
        search("warm up", 1)
        rows = []
        for number, question in enumerate(questions, 1):
            labels = () if question.category is None else (question.category,)
            rows.append(ask(search, question.text, question.evidence, lines_of, labels))
            if progress is not None:
                progress(done * len(questions) + number, total)
        tables[name] = group_means(rows)
    return tables


def _question(row: Any, place: str, folder: Path, lines_of: FileLines) -> Question:
    text = row.get("question") if isinstance(row, dict) else None
    evidence = row.get("evidence") if isinstance(row, dict) else None
    if not isinstance(text, str) or not isinstance(evidence, list) or not evidence:
        raise UsageError("has no question or no evidence", path=place, hint=f"the form is {FORM}")
    found = {line for item in evidence for line in _answering(item, place, folder, lines_of)}
    category = row.get("category")
    return Question(text, frozenset(found), None if category is None else str(category))


def _answering(item: Any, place: str, folder: Path, lines_of: FileLines) -> Iterator[Line]:
    match item:
        case [str(name), int(first)]:
            last = first
        case [str(name), int(first), int(last)]:
            pass
        case _:
            raise UsageError(f"{item!r} is not evidence", path=place, hint=f"the form is {FORM}")
    path = (folder / name).resolve()
    count = len(lines_of(path))
    if not 1 <= first <= last <= count:
        what = f"has {count} lines" if count else "does not exist or is not text"
        raise UsageError(f"{name}, lines {first} to {last}: {name} {what}", path=place)
    for number in range(first, last + 1):
        yield path, number
