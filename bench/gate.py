#!/usr/bin/env python3
"""Measure what prompts bring in: of notes that concern them, and of folders that do not answer them.

usage: gate.py [--model builtin|none] [--languages en,de,zh,ja,ko,pt] [--cache FOLDER] [--fit]

`bench/gate/*.toml` has 120 notes in the form in which Claude Code writes them, prompts that one of these
notes concerns, and ordinary prompts, in six languages. Ordinary prompts are asked about the notes of their
language, and about documentation that does not answer them: FastAPI's in six languages, Hatch's and undici's.
The English ones are also asked about `bench/notes/notes`: 104 notes, some of which answer one.

`bench/gate/across.toml` has prompts in the five other languages about the English notes; ordinary prompts in
these languages are asked about them and about Hatch's documentation, too.

People also write plain notes: the same are written as a title and text without frontmatter ("plain"), and
five of them on a page ("pages").

    right    prompts whose note is shown, as a passage or a pointer; of plain notes, and pages, too
    passage  prompts whose note is shown as a passage
    wrong    prompts for which other notes are shown, and not theirs
    notes    ordinary prompts for which anything is shown, over the notes of their language, in each form
    docs     the same over documentation
    many     the same over bench/notes/notes
    across   prompts in another language whose English note is shown
    other    ordinary prompts in another language for which anything is shown, over these

One row for each language, then the curve: all languages at each threshold. --fit fits the weights of
memcairn.search.relevance, ten-fold by note and prompt, and shows the curve of the folds that were left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from memcairn import Memory
from memcairn.hosts.payload import from_fields
from memcairn.hosts.recall import MAX_PASSAGES
from memcairn.search import relevance
from memcairn.search.passages import Passage
from memcairn.search.query import Query
from memcairn.search.relevance import LIKELY, RELEVANT
from notes_corpus import corpus_folder, default_cache, fetch, questions, resolve, unanswerable

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATA = Path(__file__).parent / "gate"
LANGUAGES = ("en", "de", "zh", "ja", "ko", "pt")
FOLDS = 10
FORMS = ("notes", "plain", "pages")
NOTES_A_PAGE = 5
THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8)

IsRight = Callable[[Passage], bool]


class Asked(NamedTuple):
    """A prompt, and the passages that a search finds for it.

    Args:
        kind: prompt, ordinary, or of documentation: question, unanswerable.
        language: of the prompt.
        folder: "notes" as Claude Code writes them, "plain" or "pages" as people do, "docs", "many" for
            bench/notes, or "english" for English ones of which a prompt in another language is asked.
        key: decides its fold.
        scores: of the passages, in order.
        right: which of them are of the prompt's note, or have lines of the answer.
        features: of each passage, as `relevance.features` returns them.
    """

    kind: str
    language: str
    folder: str
    key: str
    scores: tuple[float, ...]
    right: tuple[bool, ...]
    features: tuple[tuple[float, ...], ...]


def note_text(note: dict[str, Any], number: int) -> str:
    """A note as Claude Code writes it."""
    digest = hashlib.sha256(note["name"].encode()).hexdigest()
    session = "-".join(digest[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
    lines = [
        "---",
        f"name: {note['name']}",
        f"description: {json.dumps(note['description'], ensure_ascii=False)}",
        "metadata: ",
        "  node_type: memory",
        f"  type: {note['type']}",
        f"  originSessionId: {session}",
        f"  modified: 2026-{1 + number % 11:02}-{1 + number % 28:02}T10:{number % 60:02}:11.218Z",
        "---",
        "",
        note["body"],
    ]
    lines += ["", f"**Why:** {note['why']}"] if note["why"] else []
    lines += ["", f"**How to apply:** {note['apply']}"] if note["apply"] else []
    return "\n".join(lines) + "\n"


def plain_text(note: dict[str, Any]) -> str:
    """The same as a person writes it: the description opens the text."""
    title = note["name"].replace("-", " ").capitalize()
    lines = [f"# {title}", "", f"{note['description'].rstrip('.')}. {note['body']}"]
    lines += ["", f"**Why:** {note['why']}"] if note["why"] else []
    lines += ["", f"**How to apply:** {note['apply']}"] if note["apply"] else []
    return "\n".join(lines) + "\n"


def files(notes: Sequence[dict[str, Any]], form: str) -> Iterator[tuple[str, str, list[str]]]:
    """The stem of each file, its text, and the names of its notes; forms are those of `Asked.folder`."""
    if form == "pages":
        for first in range(0, len(notes), NOTES_A_PAGE):
            some = notes[first : first + NOTES_A_PAGE]
            text = "\n".join(f"#{plain_text(note)}" for note in some)
            yield f"page-{first}", f"# Notes\n\n{text}", [note["name"] for note in some]
        return
    for number, note in enumerate(notes):
        text = note_text(note, number) if form == "notes" else plain_text(note)
        yield note["name"], text, [note["name"]]


def documentation(language: str, cache: Path) -> Iterator[Path]:
    """The folders, beside its notes, that ordinary prompts in a language are asked about."""
    if language == "en":
        yield from (cache / "docs/en" / name for name in ("fastapi", "hatch", "undici"))
        yield corpus_folder("notes", cache)
    else:
        yield cache / "docs" / language


@contextmanager
def notes_of(language: str, form: str = "notes") -> Iterator[tuple[Memory, dict[str, str]]]:
    """The notes of a language, indexed, and the stem of the file that has each."""
    notes = tomllib.loads((DATA / f"{language}.toml").read_text("utf-8"))["note"]
    stems: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="memcairn-gate-") as temporary:
        folder = Path(temporary, "notes")
        folder.mkdir()
        for stem, text, names in files(notes, form):
            (folder / f"{stem}.md").write_text(text, "utf-8")
            stems |= dict.fromkeys(names, stem)
        with indexed(Path(temporary, "home"), folder) as memory:
            yield memory, stems


@contextmanager
def indexed(home: Path, folder: Path) -> Iterator[Memory]:
    """A folder in an index of its own, with its embeddings."""
    with Memory(home) as memory:
        memory.index(folder, embed=False)
        if os.environ["MEMCAIRN_EMBEDDING_PROVIDER"] != "none":
            memory.embed()
        yield memory


def ask(memory: Memory, text: str, is_right: IsRight, asked: Asked) -> Asked:
    """The same with the passages that are found; none for a prompt that a machine wrote."""
    event = from_fields("user-prompt", "claude-code", {"prompt": text})
    found = memory.search(Query(event.prompt, MAX_PASSAGES)) if event.prompt else []
    return asked._replace(
        scores=tuple([passage.score for passage in found]),
        right=tuple([is_right(passage) for passage in found]),
        features=tuple([relevance.features(passage.why) for passage in found]),
    )


def measure(languages: Sequence[str], cache: Path, *, fitting: bool) -> Iterator[Asked]:
    """Ask every prompt; the indexes of documentation stay in the cache."""
    model = os.environ["MEMCAIRN_EMBEDDING_PROVIDER"]
    for language in languages:
        content = tomllib.loads((DATA / f"{language}.toml").read_text("utf-8"))
        ordinary = [text for texts in content["ordinary"].values() for text in texts]
        nothing = Asked("ordinary", language, "docs", "", (), (), ())
        for form in FORMS:
            with notes_of(language, form) as (memory, stems):
                for note in content["note"]:
                    about = nothing._replace(kind="prompt", folder=form, key=note["name"])
                    for text in note["prompts"]:
                        yield ask(memory, text, _of_note(stems[note["name"]]), about)
                for text in ordinary:
                    yield ask(memory, text, _never, nothing._replace(key=text, folder=form))
        if language != "en":
            yield from _about_english(language, cache, ordinary)
        for folder in documentation(language, cache):
            print(f"{folder.name} ({language})", file=sys.stderr)
            with indexed(cache / "gate" / f"{language}-{folder.name}-{model}", folder) as memory:
                kind = "many" if folder == corpus_folder("notes", cache) else "docs"
                for text in ordinary:
                    yield ask(memory, text, _never, nothing._replace(key=text, folder=kind))
                if fitting:
                    yield from _questions(memory, folder.resolve(), cache, nothing)


def _about_english(language: str, cache: Path, ordinary: Sequence[str]) -> Iterator[Asked]:
    """Ask prompts of another language about English notes and documentation."""
    nothing = Asked("ordinary", language, "english", "", (), (), ())
    across = tomllib.loads((DATA / "across.toml").read_text("utf-8"))[language]
    home = cache / "gate" / f"across-{os.environ['MEMCAIRN_EMBEDDING_PROVIDER']}"
    with notes_of("en") as (notes, _), indexed(home, cache / "docs/en/hatch") as documents:
        for memory in (notes, documents):
            memory.search(across[0][1])  # begins the use of the multilingual model
            memory.embed()
        for name, text in across:
            yield ask(notes, text, _of_note(name), nothing._replace(kind="prompt", key=name))
        for text in ordinary:
            yield ask(notes, text, _never, nothing._replace(key=text))
            yield ask(documents, text, _never, nothing._replace(key=text))


def _of_note(name: str) -> IsRight:
    return lambda passage: passage.path.endswith(f"/{name}.md")


def _never(_: Passage) -> bool:
    return False


def _questions(memory: Memory, folder: Path, cache: Path, nothing: Asked) -> Iterator[Asked]:
    """The questions of `bench/notes` about a folder, answered and unanswerable."""
    for question in (*questions(), *unanswerable()):
        lines = {(str(resolve(path, cache).resolve()), line) for path, line in question.evidence}
        inside = corpus_folder(question.corpus, cache).resolve()
        if lines:
            if not any(Path(path).is_relative_to(folder) for path, _ in lines):
                continue
        elif inside not in (folder, folder.parent):
            continue

        def is_right(passage: Passage, lines: set[tuple[str, int]] = lines) -> bool:
            shown = range(passage.start_line, passage.end_line + 1)
            return any(path == passage.path and line in shown for path, line in lines)

        kind = "question" if lines else "unanswerable"
        about = nothing._replace(kind=kind, key=question.question)
        yield ask(memory, question.question, is_right, about)


# ── the table and the curve ──────────────────────────────────────────────────────────────────────


def shares(rows: Sequence[Asked], passage: float, pointer: float) -> dict[str, float]:
    """The columns of the table for some rows, at the thresholds of passages and pointers."""

    def share(wanted: Sequence[Asked], holds: Callable[[Asked], bool]) -> float:
        return sum(map(holds, wanted)) / len(wanted) if wanted else float("nan")

    def is_right(row: Asked, threshold: float) -> bool:
        return any(right and s >= threshold for right, s in zip(row.right, row.scores, strict=True))

    def shows(row: Asked) -> bool:
        return any(score >= pointer for score in row.scores)

    def of(kind: str, folder: str) -> list[Asked]:
        return [row for row in rows if row.kind == kind and row.folder == folder]

    prompts, across = of("prompt", "notes"), of("prompt", "english")
    plain, pages = of("prompt", "plain"), of("prompt", "pages")
    return {
        "right": share(prompts, lambda row: is_right(row, pointer)),
        "passage": share(prompts, lambda row: is_right(row, passage)),
        "wrong": share(prompts, lambda row: shows(row) and not is_right(row, pointer)),
        "plain": share(plain, lambda row: is_right(row, pointer)),
        "pages": share(pages, lambda row: is_right(row, pointer)),
        "notes": share([row for form in FORMS for row in of("ordinary", form)], shows),
        "docs": share(of("ordinary", "docs"), shows),
        "many": share(of("ordinary", "many"), shows),
        "across": share(across, lambda row: is_right(row, pointer)),
        "other": share(of("ordinary", "english"), shows),
    }


def print_tables(rows: Sequence[Asked]) -> None:
    languages = list(dict.fromkeys(row.language for row in rows))
    names = list(shares(rows, RELEVANT, LIKELY))
    print(f"passages from {RELEVANT}, pointers from {LIKELY}\n")
    print("          " + "".join(f"{name:>9}" for name in names))
    for language in (*languages, "all"):
        some = [row for row in rows if language in (row.language, "all")]
        print(
            f"{language:10}" + "".join(f"{v:9.3f}" for v in shares(some, RELEVANT, LIKELY).values())
        )
    print("\nthe curve\n")
    for threshold in THRESHOLDS:
        print(
            f"{threshold:<10}"
            + "".join(f"{v:9.3f}" for v in shares(rows, threshold, threshold).values())
        )
    answered = [row for row in rows if row.kind == "question" and any(row.right)]
    unanswered = [row for row in rows if row.kind == "unanswerable"]
    for kind, some in (("answered", answered), ("unanswerable", unanswered)):
        if some:
            above = sum(any(s >= RELEVANT for s in row.scores[:3]) for row in some)
            print(f"{kind} questions: {above / len(some):.2f} of {len(some)} above {RELEVANT}")


# ── fitting ──────────────────────────────────────────────────────────────────────────────────────

# How much each group counts; within a group, right and wrong passages are counted apart.
_GROUP_WEIGHTS = {"prompt": 2.0, "ordinary": 4.0, "question": 0.6, "unanswerable": 0.5}
_RIDGE = 0.3


def examples(
    rows: Sequence[Asked],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Features with a constant, whether the passage is right, and weights, of the first passages."""
    found = []
    for row in rows:
        group = (row.kind, row.language, row.folder)
        pairs = list(zip(row.features, row.right, strict=True))
        if row.kind == "question":
            pairs = [pair for pair in pairs[:5] if pair[1]][:1]
        else:
            pairs = pairs[:3]
        found += [(values, right, group) for values, right in pairs]
    counts = Counter((group, right) for _, right, group in found)
    weights = np.array([_GROUP_WEIGHTS[g[0]] / counts[g, right] for _, right, g in found])
    values = np.array([(*values, 1.0) for values, _, _ in found])
    return values, np.array([float(r) for _, r, _ in found]), weights / weights.mean()


def fit(
    values: NDArray[np.float64],
    right: NDArray[np.float64],
    weights: NDArray[np.float64],
    used: Sequence[bool],
) -> NDArray[np.float64]:
    """The weights of a logistic regression with a ridge; none is below 0, except the constant."""
    free = np.array([*used, True])
    while True:
        ridge = np.diag([*[_RIDGE] * (free.sum() - 1), 1e-6])
        some, solution = values[:, free], np.zeros(free.sum())
        for _ in range(50):
            guess = 1 / (1 + np.exp(-some @ solution))
            gradient = some.T @ (weights * (guess - right)) + ridge @ solution
            hessian = (some * (weights * guess * (1 - guess))[:, None]).T @ some + ridge
            solution -= np.linalg.solve(hessian, gradient)
        found = np.zeros(values.shape[1])
        found[free] = solution
        if (found[:-1] >= 0).all():
            return found
        free[:-1] &= found[:-1] > 0


def refitted(rows: Sequence[Asked]) -> list[Asked]:
    """The rows with the scores of weights that were fitted to the other folds."""
    probabilities: dict[tuple[int, str], list[float]] = {}
    for name, (some, used) in groups(rows).items():
        for fold in range(FOLDS):
            weights = fit(*examples([rows[at] for at in some if _fold(rows[at]) != fold]), used)
            for at in some:
                if _fold(rows[at]) == fold:
                    logits = [np.dot((*values, 1.0), weights) for values in rows[at].features]
                    probabilities[at, name] = [1 / (1 + np.exp(-x)) for x in logits]
    scored = []
    for at, row in enumerate(rows):
        ways = [found for (of, _), found in probabilities.items() if of == at]
        scored.append(row._replace(scores=tuple(map(max, zip(*ways, strict=True)))))
    return scored


def groups(rows: Sequence[Asked]) -> dict[str, tuple[list[int], list[bool]]]:
    """The rows, by number, that each of the weights are fitted to, and which features they use."""
    folders = {
        "DESCRIBED": ("notes", "docs", "many"),
        "PLAIN": ("plain", "pages", "docs"),
        "ACROSS": ("english",),
    }
    unused = {"DESCRIBED": (6,), "PLAIN": (2, 4), "ACROSS": (6,)}
    found = {}
    for name, of in folders.items():
        some = [at for at, row in enumerate(rows) if row.folder in of]
        if some and len(rows[some[0]].features[0]) > 6:
            found[name] = (some, [at not in unused[name] for at in range(7)])
    return found or {"KEYWORD": (list(range(len(rows))), [True] * 6)}


def _fold(row: Asked) -> int:
    return hashlib.sha256(row.key.encode()).digest()[0] % FOLDS


def run(languages: Sequence[str], cache: Path, *, model: str, fitting: bool) -> int:
    """Print the tables; with fitted weights first, for a change of memcairn.search.relevance."""
    os.environ["MEMCAIRN_EMBEDDING_PROVIDER"] = model
    fetch(cache)
    rows = list(measure(languages, cache, fitting=fitting))
    if fitting:
        for name, (some, used) in groups(rows).items():
            fitted = fit(*examples([rows[at] for at in some]), used)
            print(f"{name}: {', '.join(f'{weight:.2f}' for weight in fitted)}")
        rows = refitted(rows)
    print_tables(rows)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", choices=("builtin", "none"), default="builtin")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--fit", action="store_true")
    args = parser.parse_args()
    return run(args.languages.split(","), args.cache, model=args.model, fitting=args.fit)


if __name__ == "__main__":
    sys.exit(main())
