"""What is searched beside the text of notes, and what an answer shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from memcairn import Memory
from memcairn.notes.sizes import size
from memcairn.search.passages import MAX_WORDS, Passage
from memcairn.search.query import Query

if TYPE_CHECKING:
    from pathlib import Path

HALL = "A printer stands in the hall.\n"


def search(folder: Path, query: str, files: dict[str, str], limit: int = 10) -> list[Passage]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    with Memory() as memory:
        memory.index(folder)
        return memory.search(Query(query, limit))


def names(found: list[Passage]) -> list[str]:
    return [passage.path.rpartition("/")[2] for passage in found]


@pytest.mark.parametrize(
    "line",
    [
        "description: Zephyr",
        "hint: Zephyr",
        "summary: Zephyr",
        "aliases: [a, Zephyr]",
        "alias: Zephyr",
        "keywords: a, zephyr",
        "title: t\nname: zephyr",
        "author: Zephyr",
        "project: {code: Zephyr}",
        "related:\n  - Zephyr",
        "metadata:\n  owner: Zephyr",
        "My-Key: zephyr",
        "Title: Zephyr",
        "Tags: [zephyr]",
        "tag: zephyr",
        "tags: {area: zephyr}",
        "description: a: zephyr: b",
    ],
)
def test_every_value_of_frontmatter_is_found(notes: Path, line: str) -> None:
    files = {"a.md": f"---\n{line}\n---\n# Head\n\nBody.\n", "b.md": HALL}

    assert names(search(notes, "zephyr", files)) == ["a.md"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("yard.md", "yard"),
        ("billing/invoices/feedback_stripe_webhook.md", "stripe webhook"),
        ("billing/old_invoices/x.md", "old invoices"),
    ],
)
def test_a_note_is_found_by_its_file_and_folder(notes: Path, path: str, query: str) -> None:
    files = {path: "---\nname: Retry policy\n---\n# Care\n\nMow every second week.\n", "b.md": HALL}

    assert names(search(notes, query, files)) == [path.rpartition("/")[2]]


def test_a_note_found_by_its_description_shows_it_and_the_first_lines(notes: Path) -> None:
    head = "---\ndescription: How to empty the printer queue without losing jobs\n---\n"
    files = {"a.md": f"{head}Stop the daemon first.\n", "b.md": HALL}

    first = search(notes, "empty the printer queue", files)[0]

    assert first.text == (
        "How to empty the printer queue without losing jobs\n\nStop the daemon first."
    )
    assert (first.start_line, first.matched) == (4, ("empti", "printer", "queue"))


def test_a_superseded_decision_is_marked_and_below_its_successor(notes: Path) -> None:
    body = "## Context\n\nPages are slow, so we cache pages.\n"
    files = {
        "0004-cache.md": f"# 4. Cache pages\n\n## Status\n\nSuperseded by [9](0009-no.md)\n\n{body}",
        "0009-no.md": f"# 9. No cache of pages\n\n## Status\n\nAccepted\n\n{body}",
    }

    found = search(notes, "cache pages", files)

    assert names(found)[0] == "0009-no.md"
    assert {p.superseded_by for p in found if p.path.endswith("0004-cache.md")} == {
        str(notes / "0009-no.md")
    }


@pytest.mark.parametrize(
    "noise",
    [
        "![s](data:image/png;base64," + "iVBORw0KGgo1" * 7000 + ")",
        "https://example.com/?" + "&".join(f"key{n}=value{n}" for n in range(1500)),
        "4d5a9000ff03" * 8000,
        "4d 5a 90 00 ff " * 8000,
        '<svg viewBox="0 0 9 9">\n<path d="' + "M10 20 L30 40 " * 3000 + '"/>\n</svg>',
        "<p>" + "aGVsbG8gd29ybGQ+" * 3000 + "</p>",
    ],
)
def test_data_is_neither_indexed_nor_shown(notes: Path, noise: str) -> None:
    files = {"a.md": f"# Otter\n\nThe otter diagram is here: {noise}\n\nThe otter ends.\n"}

    found = search(notes, "otter diagram", files)

    assert any("diagram is here" in passage.text for passage in found)
    assert sum(len(passage.text) for passage in found) < 1000
    with Memory() as memory:
        last = memory.search("ends")[0]
    assert last.end_line == files["a.md"].count("\n")


def test_an_answer_without_a_budget_has_a_bound(notes: Path) -> None:
    files = {f"{n}.md": "otter " + f"word{n} " * 170 for n in range(60)}

    found = search(notes, "otter", files, limit=60)

    assert sum(size(passage.text) for passage in found) <= MAX_WORDS


def test_byte_equal_copies_are_one_place(notes: Path) -> None:
    text = "# Deploy\n\nThe otter service is deployed on Monday.\n"
    copies = ["deploy.md", "deploy 2.md", "deploy (Ada's conflicted copy 2026-03-02).md"]

    found = search(notes, "otter service", {**dict.fromkeys(copies, text), "b.md": HALL})

    assert names(found) == ["deploy.md"]


@pytest.mark.parametrize("limit", [1, 3, 5, 10, 20, 25, 60])
def test_the_first_passages_are_the_same_whatever_the_limit(notes: Path, limit: int) -> None:
    files = {
        f"{n}.md": "\n\n".join(
            f"Part {m} of otter {n}. "
            + "otter river " * ((n * m) % 5)
            + "stone " * (m % 3)
            + "x " * 20
            for m in range(12)
        )
        for n in range(30)
    }
    for name, text in files.items():
        (notes / name).write_text(text, "utf-8")
    with Memory() as memory:
        memory.index(notes)
        whole = memory.search(Query("otter river stone part", 60))
        found = memory.search(Query("otter river stone part", limit))

    places = [(passage.path, passage.start_line, passage.end_line) for passage in found]
    first = [(p.path, p.start_line, p.end_line) for p in whole][:20]
    assert places[:20] == first[: len(places)]
    assert len(places) == min(limit, len(whole))
