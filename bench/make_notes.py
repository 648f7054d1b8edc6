#!/usr/bin/env python3
"""Make notes for the benchmarks: realistic, in any number, reproducible.

usage: make_notes.py FOLDER COUNT [--sections N] [--seed N]

A note has frontmatter, a title and sections with a heading, paragraphs and now and then a list, a
code block or a table, as notes on a software project have. Words are English words of Python's own
documentation, as frequent as they are there, so that common words stand in nearly every note
and most words in few (Zipf). Each note has its own topic: some words that it repeats. Names,
identifiers, versions and ticket numbers make the long tail.

The words depend on the version of Python; compare within one run only.
"""

from __future__ import annotations

import argparse
import ast
import collections
import functools
import itertools
import random
import re
import sysconfig
from dataclasses import dataclass
from pathlib import Path

# Enough of the standard library for the vocabulary; the first lines of its modules are prose.
SOURCES = ("*.py", "asyncio/*.py", "concurrent/futures/*.py", "email/*.py", "http/*.py")
SOURCES += ("importlib/*.py", "json/*.py", "logging/*.py", "multiprocessing/*.py", "unittest/*.py")
WORD = re.compile(r"(?<![\w.`'\"/-])[a-z]{2,14}(?![\w(`'\"=/-]|\.\w)")
TYPES = ("project", "reference", "feedback", "user")
TAGS = ("deploy", "database", "testing", "api", "security", "build", "cache", "design", "meeting")
QUESTIONS = (
    "how do we {0} the {1} when {2} is not there?",
    "what did we decide about {0} and {1}?",
    "where is the {0} of the {1} configured",
    "why does {0} return an error with {1}",
    "{0} {1}",
    "which {0} should be used for {1} in the {2} file",
    "when was the {0} changed",
    "{0} {1} {2} example",
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words, the most frequent first, and the running sums of how often each is used."""

    words: list[str]
    sums: list[float]

    def sample(self, rng: random.Random, count: int) -> list[str]:
        return rng.choices(self.words, cum_weights=self.sums, k=count)


@functools.cache
def vocabulary() -> Vocabulary:
    """The words of the docstrings of the standard library, with their frequencies."""
    library = Path(sysconfig.get_path("stdlib"))
    counts: collections.Counter[str] = collections.Counter()
    files: collections.Counter[str] = collections.Counter()
    for path in sorted(itertools.chain.from_iterable(library.glob(each) for each in SOURCES)):
        tree = ast.parse(path.read_bytes())
        described = (
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        )
        text = " ".join(ast.get_docstring(node, clean=False) or "" for node in described)
        found = WORD.findall(text)
        counts.update(found)
        files.update(set(found))
    # A word of one module only is more often an abbreviation than English.
    known = sorted((w for w in counts if files[w] > 1), key=lambda w: (-counts[w], w))
    return Vocabulary(known, list(itertools.accumulate(float(counts[w]) for w in known)))


class NoteMaker:
    """Makes notes from a seed."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self.words = vocabulary()
        # Words that can be what a note is about: neither "the" nor "return".
        self.topical = self.words.words[150:]

    def _rng(self, number: int, purpose: str) -> random.Random:
        return random.Random(f"{self.seed} {purpose} {number}")

    def topic(self, number: int) -> list[str]:
        """What a note is about: words that it uses again and again."""
        return self._rng(number, "topic").sample(self.topical, 12)

    def question(self, number: int, notes: int) -> str:
        """A question about one of the first `notes` notes, in a person's words."""
        rng = self._rng(number, "question")
        topic = self.topic(rng.randrange(notes))
        return rng.choice(QUESTIONS).format(*rng.sample(topic[:5], 3))

    def note(self, number: int, sections: int = 4) -> str:
        """A note, complete with its frontmatter."""
        rng = self._rng(number, "note")
        topic = self.topic(number)
        day = f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        title = f"{topic[0]} {topic[1]} {rng.choice(('notes', 'plan', 'review', 'guide'))}"
        head = (
            f"---\ntitle: {title.capitalize()}\n"
            f"description: {' '.join(self.words.sample(rng, 9)).capitalize()}\n"
            f"type: {rng.choice(TYPES)}\ntags: [{', '.join(rng.sample(TAGS, 2))}]\n"
            f"created: {day}\n---\n\n# {title.capitalize()}\n"
        )
        parts = [head]
        for _ in range(sections):
            heading = " ".join([rng.choice(topic), *self.words.sample(rng, rng.randint(1, 3))])
            parts.append(f"## {heading.capitalize()}\n")
            parts.append(self._paragraph(rng, topic))
            kind = rng.random()
            if kind < 0.30:
                parts.append(self._list(rng, topic))
            elif kind < 0.45:
                parts.append(self._code(rng, topic))
            elif kind < 0.52:
                parts.append(self._table(rng, topic))
            if rng.random() < 0.5:
                parts.append(self._paragraph(rng, topic))
        return "\n".join(parts)

    def _sentence(self, rng: random.Random, topic: list[str]) -> str:
        words = self.words.sample(rng, rng.randint(7, 18))
        for _ in range(max(1, len(words) // 5)):
            words[rng.randrange(len(words))] = rng.choice(topic)
        if rng.random() < 0.25:
            words[rng.randrange(len(words))] = self._name(rng, topic)
        return f"{' '.join(words).capitalize()}."

    def _name(self, rng: random.Random, topic: list[str]) -> str:
        one, two = rng.choice(topic), rng.choice(self.topical)
        return rng.choice(
            (
                f"`{one}_{two}`",
                f"{one}{two.capitalize()}",
                f"{one}-{two}",
                f"v{rng.randint(0, 9)}.{rng.randint(0, 40)}.{rng.randint(0, 9)}",
                f"{one.upper()[:4]}-{rng.randint(100, 9999)}",
                f"`src/{one}/{two}.py`",
                f"[{one}](https://docs.blue.net/{two})",
            )
        )

    def _paragraph(self, rng: random.Random, topic: list[str]) -> str:
        sentences = [self._sentence(rng, topic) for _ in range(rng.randint(2, 5))]
        return f"{' '.join(sentences)}\n"

    def _list(self, rng: random.Random, topic: list[str]) -> str:
        return "".join(f"- {self._sentence(rng, topic)}\n" for _ in range(rng.randint(3, 6)))

    def _code(self, rng: random.Random, topic: list[str]) -> str:
        lines = [
            f"{rng.choice(topic)}_{rng.choice(self.topical)} = {rng.choice(topic)}"
            f"({rng.choice(self.topical)}={rng.randint(0, 999)})"
            for _ in range(rng.randint(3, 8))
        ]
        return "\n".join(["```python", *lines, "```\n"])

    def _table(self, rng: random.Random, topic: list[str]) -> str:
        rows = [
            f"| {rng.choice(topic)} | {rng.choice(self.topical)} | {rng.randint(1, 9999)} |"
            for _ in range(rng.randint(3, 6))
        ]
        return "\n".join(["| name | what | count |", "| --- | --- | --- |", *rows, ""])


def make_notes(folder: Path, count: int, *, sections: int = 4, seed: int = 1) -> None:
    """Write `count` notes under `folder`, a hundred to a folder."""
    maker = NoteMaker(seed)
    for number in range(count):
        place = folder / f"{number // 100:03}"
        if number % 100 == 0:
            place.mkdir(parents=True, exist_ok=True)
        name = f"{number:05}-{maker.topic(number)[0]}.md"
        (place / name).write_text(maker.note(number, sections), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--sections", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    make_notes(args.folder, args.count, sections=args.sections, seed=args.seed)


if __name__ == "__main__":
    main()
