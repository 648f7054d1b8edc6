"""Neighboring chunks count for a chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn import Memory, Query
from memcairn.notes.words import words
from support import require_model

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FILLER = "The weather was fine and the team went for a walk along the river in the afternoon today."


def test_words_in_neighboring_paragraphs_count_for_each_other(notes: Path) -> None:
    far = f"{FILLER}\n\n" * 4
    (notes / "together.md").write_text(
        f"{FILLER}\n\nThe walrus sleeps on the ice all winter long, and nobody minds that it does so.\n\n"
        f"Its name is Bartholomew, which was chosen by the children of the village in spring.\n\n{FILLER}\n",
        "utf-8",
    )
    (notes / "apart.md").write_text(
        f"The walrus sleeps on the ice all winter long, and nobody minds that it does so.\n\n{far}"
        f"Its name is Bartholomew, which was chosen by the children of the village in spring.\n",
        "utf-8",
    )
    with Memory() as memory:
        memory.index(notes)
        best = memory.search(Query("walrus Bartholomew", limit=1))[0]

    assert best.path.endswith("together.md")


def test_a_word_counts_once_even_if_neighbors_repeat_it(notes: Path) -> None:
    again = (
        "Postgres came up in the meeting, and Postgres was what we talked about for an hour or so."
    )
    (notes / "repeats.md").write_text("\n\n".join([again] * 5), "utf-8")
    (notes / "answers.md").write_text(
        f"{FILLER}\n\nThe port of Postgres is 5433, since another one was there before it.\n\n{FILLER}\n",
        "utf-8",
    )
    with Memory() as memory:
        memory.index(notes)
        best = memory.search(Query("port of Postgres", limit=1))[0]

    assert best.path.endswith("answers.md")


def test_adjacent_chunks_with_similar_scores_form_a_passage(notes: Path) -> None:
    told = "The otter service restarts when its memory runs out, and the otter service logs that it did."
    (notes / "a.md").write_text(f"{told}\n\n{told}\n\n{FILLER}\n\n{FILLER}\n", "utf-8")
    with Memory() as memory:
        memory.index(notes)
        best = memory.search(Query("otter service memory", limit=1))[0]

    assert (best.start_line, best.end_line) == (1, 3)
    assert set(words("otter service memory")) <= set(best.matched)


TEA = "# Tea\n\n## Green\n\n### Sencha\n\nBrewed at seventy degrees.\n"


def test_headings_without_text_are_a_passage_only_if_they_match(
    notes: Path,
) -> None:
    (notes / "tea.md").write_text(TEA, "utf-8")
    (notes / "plan.md").write_text("# Coffee\n\n## Grinder\n", "utf-8")
    with Memory() as memory:
        memory.index(notes)
        brewed = memory.search("brewed at seventy degrees")
        grinder = memory.search("grinder")

    assert [passage.text for passage in brewed] == ["Brewed at seventy degrees."]
    assert [passage.text for passage in grinder] == ["## Grinder"]


def test_a_passage_has_the_headings_above_its_first_line(notes: Path) -> None:
    (notes / "tea.md").write_text(TEA, "utf-8")
    with Memory() as memory:
        memory.index(notes)
        (passage,) = memory.search("green")

    assert passage.text == "Brewed at seventy degrees."
    assert passage.heading_path == ("Tea", "Green", "Sencha")


def test_the_opening_of_a_note_counts_more_than_a_later_paragraph(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_model()
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "builtin")
    said = "How the otter service is restarted after it ran out of memory at night by whoever is there."
    (notes / "later.md").write_text(f"{FILLER}\n\n{said}\n\n{FILLER}\n", "utf-8")
    (notes / "opening.md").write_text(f"{said}\n\n{FILLER}\n\n{FILLER}\n", "utf-8")
    with Memory() as memory:
        memory.index(notes, embed=False)
        memory.embed()
        first, second = memory.search(Query("restart the otter service", limit=2))

    assert (first.path, second.path) == (str(notes / "opening.md"), str(notes / "later.md"))
    assert first.why.rank > second.why.rank + 0.1
