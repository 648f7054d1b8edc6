#!/usr/bin/env python3
"""Compare Markdown parsers on notes: time, agreement on blocks, and hostile text.

usage: parsers.py FOLDER [--limit N]

FOLDER holds Markdown files (make_notes.py makes some). Three questions: how long does it take to
learn where the blocks of a note are; do the parsers agree about them; what does text do that was
written to hurt. Needs pyromark and markdown-it-py; docs/decisions/markdown-parser.md has the
outcome.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyromark
from markdown_it import MarkdownIt

from memcairn.notes.blocks import markdown_blocks
from memcairn.notes.frontmatter import split
from memcairn.notes.note import parse

if TYPE_CHECKING:
    from collections.abc import Callable

OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_FOOTNOTES
PYROMARK = pyromark.Markdown(options=OPTIONS)
MARKDOWN_IT = MarkdownIt("commonmark").enable("table")
BLOCKS_ONLY = MarkdownIt("commonmark").enable("table").disable("inline")

AWKWARD = {
    "setext over several lines": "a\nb\n===\nc",
    "a list interrupts a paragraph": "a\n- b\n1. c\n2) d",
    "fourteen interrupts nothing": "a\n14. b",
    "lazy continuation": "> a\nb\n> - c\nd",
    "a fence in a list": "- a\n\n  ```\n  # b\n\n  c\n  ```\n- d",
    "a fence that is never closed": "a\n```\n# b\n\nc",
    "a tab indents": "a\n\n\tb\n\n- c\n\n\td",
    "HTML until a blank line": "<div>\n# a\n\n# b\n</div>",
    "a comment with blank lines": "<!-- a\n\n# b\n\n-->\nc",
    "link definitions": "[a]: /b\n[c]:\n/d\n'e'\n\nf\n[g]: /h",
    "a table ends at a blank line": "| a |\n|---|\n| b |\nc\n\nd",
    "no table without a header": "|---|\n| a |",
    "loose and tight items": "- a\n\n- b\n- c\n\n\n- d",
    "an empty item": "-\n\n  a\n- \n  b",
    "a rule or a heading": "a\n---\n\n---\n***\n_ _ _",
    "CRLF and a form feed": "a\r\n\r\n# b\r\n\x0cc\r\n",
}

HOSTILE: dict[str, Callable[[int], str]] = {
    "[[[[": lambda n: "[" * n,
    "![[](": lambda n: "![[](" * (n // 5),
    "*a *a": lambda n: "*a " * (n // 3),
    "> > >": lambda n: "> " * (n // 2) + "a",
    "1. 1.": lambda n: "1. " * (n // 3) + "a",
    "nested list": lambda n: "\n".join("  " * depth + "- a" for depth in range(int(n**0.5))),
    "<!-- <!--": lambda n: "<!-- " * (n // 5),
    "backticks": lambda n: "".join("`" * (i % 300) + "a" for i in range(n // 151)),
    "table": lambda n: "|a" * 300 + "|\n" + "|-" * 300 + "|\n" + "|\n" * n,
    "no spaces": lambda n: "x" * n,
}


def best_of(times: int, call: Callable[[], object]) -> float:
    """The shortest of several runs, in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)


def speed(texts: list[str]) -> None:
    ways: dict[str, Callable[[str], object]] = {
        "pyromark, events with ranges": lambda text: list(PYROMARK.events_with_range(text)),
        "markdown-it-py, blocks and inline": MARKDOWN_IT.parse,
        "markdown-it-py, blocks only": BLOCKS_ONLY.parse,
        "memcairn, frontmatter to chunks": lambda text: parse(text, stem="note"),
    }
    print(f"{len(texts)} notes of {sum(map(len, texts)) // len(texts)} characters")
    for name, way in ways.items():
        seconds = best_of(3, lambda way=way: [way(text) for text in texts])
        print(f"  {name:36} {seconds / len(texts) * 1e6:8.1f} µs a note")


def blocks_of_markdown_it(text: str) -> list[tuple[int, int]]:
    """First and last line of each outermost block and of each item of an outermost list."""
    lines = text.split("\n")
    found = []
    for token in BLOCKS_ONLY.parse(text):
        item = token.type == "list_item_open" and token.level == 1
        outermost = token.level == 0 and token.nesting >= 0 and "list" not in token.type
        if token.map is None or not (item or outermost) or token.type == "inline":
            continue
        first, last = token.map[0], token.map[1] - 1
        while last > first and not lines[last].strip():
            last -= 1
        found.append((first, last))
    return found


def blocks_of_memcairn(text: str) -> list[tuple[int, int]]:
    lines = text.split("\n")
    return [(block.first, block.last) for block in markdown_blocks(text, lines).blocks]


def agreement(texts: dict[str, str]) -> None:
    print("Where the blocks are, pyromark against markdown-it-py")
    different = 0
    for name, text in texts.items():
        ours, theirs = blocks_of_memcairn(text), blocks_of_markdown_it(text)
        # Link definitions are no tokens to markdown-it-py, and filled in for pyromark.
        if not set(theirs) <= set(ours):
            different += 1
            only = sorted(set(theirs) - set(ours))
            print(f"  {name}: {only[:4]} only in markdown-it-py")
    print(f"  {len(texts) - different} of {len(texts)} documents agree")


def hostile(length: int) -> None:
    print(f"{length:,} characters of hostile text, and four times as many; ms")
    for name, make in HOSTILE.items():
        row = []
        for way in (lambda text: list(PYROMARK.events_with_range(text)), MARKDOWN_IT.parse):
            for size in (length, 4 * length):
                text = make(size)
                try:
                    row.append(f"{best_of(1, lambda way=way, text=text: way(text)) * 1e3:9.0f}")
                except RecursionError:
                    row.append("  too deep")
        print(f"  {name:12} pyromark {row[0]} {row[1]}   markdown-it-py {row[2]} {row[3]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=1000)
    arguments = parser.parse_args()
    paths = sorted(arguments.folder.rglob("*.md"))[: arguments.limit]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    bodies = {}
    for path, text in zip(paths, texts, strict=True):
        normal = text.removeprefix("\ufeff").replace("\r\n", "\n")
        bodies[str(path)] = "\n".join(normal.split("\n")[split(normal)[1] - 1 :])
    awkward = {name: text.replace("\r\n", "\n") for name, text in AWKWARD.items()}
    speed(texts)
    agreement(bodies | awkward)
    hostile(20_000)


if __name__ == "__main__":
    main()
