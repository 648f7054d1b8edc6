"""`memcairn search` with filters: type, dates, what was valid when."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from memcairn import Memory, Query
from memcairn.cli.commands import run

if TYPE_CHECKING:
    from pathlib import Path

MARCH_2026 = 1_772_841_600  # 2026-03-07T00:00:00Z


def write(
    path: Path, text: str = "We use Postgres.", *, mtime_s: float | None = None, **head: str
) -> Path:
    lines = ["---", *(f"{key}: {value}" for key, value in head.items()), "---", text, ""]
    path.write_text("\n".join(lines) if head else f"{text}\n", encoding="utf-8")
    if mtime_s is not None:
        os.utime(path, (mtime_s, mtime_s))
    return path


@pytest.fixture
def search(notes: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Index the notes, search, and give the names that are found, best first."""

    def search(*arguments: str, query: str = "postgres") -> list[str]:
        assert run(["index", "-q", str(notes)]) == 0
        assert run(["search", "--json", query, *arguments]) == 0
        found = json.loads(capsys.readouterr().out)
        return [passage["path"].rpartition("/")[2] for passage in found["passages"]]

    return search


@pytest.fixture
def dated(notes: Path) -> Path:
    write(notes / "may.md", date="2026-05-20")
    write(notes / "june.md", date="2026-06-03")
    write(notes / "moment.md", date="2026-06-03T18:30:00")
    write(notes / "2026-07-01-page.md")
    write(notes / "old-file.md", mtime_s=MARCH_2026)
    return notes


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--since", "2026-06"], {"june.md", "moment.md", "2026-07-01-page.md"}),
        (["--since", "2026-06-03"], {"june.md", "moment.md", "2026-07-01-page.md"}),
        (["--since", "2026-06-04"], {"2026-07-01-page.md"}),
        (["--since", "2026-06-03T12:00"], {"june.md", "moment.md", "2026-07-01-page.md"}),
        (["--since", "2026-06-03T19:00"], {"june.md", "2026-07-01-page.md"}),
        (["--until", "2026-05"], {"may.md", "old-file.md"}),
        (["--until", "2026-06-03"], {"may.md", "june.md", "moment.md", "old-file.md"}),
        (["--until", "2026-06-03T12:00"], {"may.md", "june.md", "old-file.md"}),
        (["--since", "2026-06", "--until", "2026-06"], {"june.md", "moment.md"}),
        (["--since", "2026-03", "--until", "2026-03"], {"old-file.md"}),
        (["--until", "2025"], set()),
        (["--as-of", "2026-06-02"], {"may.md", "old-file.md"}),
    ],
)
def test_dates_leave_out_the_notes_of_other_times(
    dated: Path, search: Any, arguments: list[str], names: set[str]
) -> None:
    assert set(search(*arguments)) == names


def test_a_file_that_was_changed_just_now_is_of_today(notes: Path, search: Any) -> None:
    write(notes / "now.md")

    assert search("--since", "today") == ["now.md"]
    assert search("--until", "yesterday") == []


@pytest.mark.parametrize(
    ("option", "year", "names"),
    [("--until", "3000", ["a.md"]), ("--since", "3000", []), ("--as-of", "1500", [])],
)
def test_a_year_that_no_file_can_be_of_is_a_date_like_any_other(
    notes: Path, search: Any, option: str, year: str, names: list[str]
) -> None:
    write(notes / "a.md")

    assert search(option, year) == names


def test_a_filter_counts_before_the_limit(notes: Path, search: Any) -> None:
    for number in range(30):
        write(notes / f"loud{number}.md", "Postgres, postgres, postgres!", date="2026-06-03")
    write(
        notes / "quiet.md",
        "Somebody once said a word about Postgres here.",
        date="2025-01-01",
        type="user",
    )

    assert search("--until", "2025", "--limit", "1") == ["quiet.md"]
    assert search("--type", "USER", "--limit", "1") == ["quiet.md"]


def test_a_search_for_a_type_that_no_note_has_finds_nothing_and_fails(
    notes: Path, search: Any
) -> None:
    write(notes / "a.md", type="project")

    assert search("--type", "project") == ["a.md"]
    assert run(["search", "--type", "feedback", "postgres"]) == 2
    with Memory() as memory:
        assert memory.search(Query("postgres", type="feedback")) == []


def test_filters_add_up(notes: Path, search: Any) -> None:
    write(notes / "both.md", type="feedback", date="2026-06-03", namespace="app")
    write(notes / "type.md", type="feedback", date="2026-01-03", namespace="app")
    write(notes / "date.md", type="project", date="2026-06-03", namespace="app")
    write(notes / "label.md", type="feedback", date="2026-06-03", namespace="web")

    assert search("--type", "feedback", "--since", "2026-06", "--namespace", "app") == ["both.md"]


@pytest.mark.parametrize("option", ["--since", "--until", "--as-of"])
def test_an_invalid_date_is_a_usage_error_that_lists_the_accepted_forms(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["search", "x", option, "2026-13"]) == 2
    message = capsys.readouterr().err
    assert "2026-13" in message
    assert "last week" in message


# ── what no longer holds ─────────────────────────────────────────────────────────────────────────


def test_an_expired_note_stands_below_a_valid_one_and_says_so(
    notes: Path, search: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        notes / "expired.md",
        "Postgres, postgres: the database.",
        date="2026-01-01",
        valid_until="2026-03-01",
    )
    write(notes / "valid.md", "The database, said somebody, is Postgres now.", date="2026-01-01")

    assert search(query="postgres database") == ["valid.md", "expired.md"]
    assert run(["search", "postgres", "database"]) == 0
    head = next(line for line in capsys.readouterr().out.splitlines() if "expired.md" in line)
    assert head.endswith("(expired 2026-03-01)")


def test_an_expired_note_ranks_above_a_hardly_relevant_one(notes: Path, search: Any) -> None:
    write(
        notes / "expired.md",
        "The Postgres port is 5433.",
        date="2026-01-01",
        valid_until="2026-03-01",
    )
    for number in range(5):
        write(notes / f"far{number}.md", f"The harbour was a quiet port in year {number}.")

    assert search(query="postgres port")[0] == "expired.md"


def test_a_note_is_valid_until_the_end_of_the_day(notes: Path) -> None:
    write(notes / "a.md", date="2026-01-01", valid_until="2026-03-01")

    with Memory() as memory:
        memory.index(notes)
        expired = {
            day: memory.search(Query("postgres", as_of=day))[0].expired
            for day in ("2026-02-28", "2026-03-01", "2026-03-02")
        }

    assert expired == {"2026-02-28": None, "2026-03-01": None, "2026-03-02": "2026-03-01"}


@pytest.mark.parametrize(
    "name", ["new.md", "new", "'[[new]]'", "../notes/new.md", "'[[new#Why|the new one]]'"]
)
def test_a_superseded_note_stands_lower_and_names_what_took_its_place(
    notes: Path, name: str
) -> None:
    write(notes / "old.md", "Postgres, postgres: the database.", superseded_by=name)
    new = write(notes / "new.md", "The database, said somebody, is not Postgres.")

    with Memory() as memory:
        memory.index(notes)
        passages = memory.search("postgres database")

    assert [os.path.basename(p.path) for p in passages] == ["new.md", "old.md"]
    assert passages[1].superseded_by == str(new.resolve())


def test_a_note_that_is_superseded_by_a_missing_note_is_superseded(notes: Path) -> None:
    write(notes / "old.md", superseded_by="the talk of May")

    with Memory() as memory:
        memory.index(notes)
        (passage,) = memory.search("postgres")

    assert passage.superseded_by == "the talk of May"


def test_a_note_that_supersedes_itself_still_holds(notes: Path) -> None:
    write(notes / "a.md", superseded_by="a.md")

    with Memory() as memory:
        memory.index(notes)
        (passage,) = memory.search("postgres")

    assert passage.superseded_by is None


def test_as_of_a_day_before_its_successor_a_note_still_held(notes: Path) -> None:
    write(notes / "old.md", date="2026-01-01", superseded_by="new.md")
    write(notes / "new.md", "We use SQLite, not Postgres.", date="2026-05-01")

    with Memory() as memory:
        memory.index(notes)
        before = memory.search(Query("postgres", as_of="2026-04"))
        after = memory.search(Query("postgres", as_of="2026-05"))

    assert [(os.path.basename(p.path), p.superseded_by) for p in before] == [("old.md", None)]
    assert [os.path.basename(p.path) for p in after] == ["new.md", "old.md"]
    assert after[1].superseded_by is not None


def test_as_of_a_day_a_note_that_was_created_before_is_known_though_it_was_modified_later(
    notes: Path, search: Any
) -> None:
    write(notes / "a.md", created="2026-01-01", modified="2026-09-01")

    assert search("--as-of", "2026-02") == ["a.md"]
    assert search("--as-of", "2025") == []


def test_a_filter_counts_before_the_limit_where_all_words_are_common(
    notes: Path, search: Any
) -> None:
    write(notes / "a.md", type="user")
    long = "We use Postgres in this place, and nobody knows why that came about. " * 8
    for number in range(4):
        write(notes / f"loud{number}.md", f"{long}\n\n" * 2_000)

    assert search("--type", "user") == ["a.md"]
