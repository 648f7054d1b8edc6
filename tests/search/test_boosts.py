"""Boosts are bounded: none ranks an irrelevant note above a relevant one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from memcairn import Memory

if TYPE_CHECKING:
    from pathlib import Path

RELEVANT = "The database of the otter service is Postgres 16, decided after a week of measurements."
OTHER = (
    "Lunch is at noon in the small kitchen on the second floor, where the database poster hangs."
)
QUERY = "which database does the otter service use"


def write(folder: Path, name: str, head: str, text: str, age_days: float = 0) -> None:
    path = folder / name
    path.write_text(f"---\n{head}---\n\n{text}\n", "utf-8")
    moment = path.stat().st_mtime - 86_400 * age_days
    os.utime(path, (moment, moment))


@pytest.mark.parametrize(
    "head",
    ["pinned: true\n", "date: 2099-01-01\n", "type: user\n", "pinned: true\ndate: 2026-11-20\n"],
)
@pytest.mark.parametrize("age_days", [0, 4000])
def test_neither_age_nor_a_pin_boosts_an_irrelevant_note(
    notes: Path, head: str, age_days: float
) -> None:
    write(notes, "relevant.md", "date: 2001-01-01\n", RELEVANT, age_days=9000)
    write(notes, "other.md", head, OTHER, age_days=age_days)
    with Memory() as memory:
        memory.index(notes)
        found = memory.search(QUERY)

    assert found[0].path.endswith("relevant.md")


def test_uses_do_not_boost_an_irrelevant_note(notes: Path) -> None:
    write(notes, "relevant.md", "", RELEVANT)
    write(notes, "other.md", "", OTHER)
    with Memory() as memory:
        memory.index(notes)
        for _ in range(50):
            memory.search("lunch in the small kitchen")
        found = memory.search(QUERY)

    assert found[0].path.endswith("relevant.md")


def test_a_period_in_the_query_decides_between_equally_good_notes(notes: Path) -> None:
    for month in ("2025-02-10", "2025-03-10", "2025-04-10"):
        write(notes, f"{month}.md", f"date: {month}\n", RELEVANT)
    with Memory() as memory:
        memory.index(notes)
        found = memory.search("database of the otter service in March 2025")

    assert found[0].date == "2025-03-10"
    assert found[0].why.adjusted > 0
    assert len(found) == 3


def test_a_period_in_the_query_does_not_outrank_a_clearly_better_note(notes: Path) -> None:
    write(notes, "relevant.md", "date: 2024-01-01\n", RELEVANT)
    write(notes, "other.md", "date: 2025-03-10\n", OTHER)
    for number in range(20):  # among two notes no word is rare
        write(notes, f"{number}.md", "", f"Team {number} plays chess on Thursday {number}.")
    with Memory() as memory:
        memory.index(notes)
        found = memory.search(f"{QUERY} in March 2025")

    assert found[0].path.endswith("relevant.md")
