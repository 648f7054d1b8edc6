"""No passage is shown to a session twice."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from memcairn.sessions.shown_passages import Place, Shown

if TYPE_CHECKING:
    from pathlib import Path

PLACE = Place("/notes/deploy.md", 3, 5)
TEXT = "We deploy on Mondays.\n\nThe switch is done by the load balancer.\n"


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(str(tmp_path / "shown"))


def test_a_passage_is_shown_once(shown: Shown) -> None:
    assert shown.take(PLACE, TEXT)
    assert not shown.take(PLACE, TEXT)


def test_a_passage_is_known_again_elsewhere_in_its_note(shown: Shown) -> None:
    shown.take(PLACE, TEXT)

    assert not shown.take(Place(PLACE.path, 40, 42), TEXT)


def test_a_passage_is_known_again_as_a_part_of_a_longer_one(shown: Shown) -> None:
    shown.take(PLACE, TEXT)

    assert not shown.take(PLACE, TEXT + "And so on.")


def test_a_passage_that_is_new_for_the_most_part_is_shown(shown: Shown) -> None:
    shown.take(PLACE, TEXT)

    assert shown.take(
        PLACE, TEXT + "Since March it is done on Tuesdays, and by two people at least. " * 2
    )


def test_the_same_text_in_another_note_is_another_passage(shown: Shown) -> None:
    shown.take(PLACE, TEXT)

    assert shown.take(Place("/notes/other.md", 3, 5), TEXT)


def test_a_passage_without_text_is_not_shown(shown: Shown) -> None:
    assert not shown.take(PLACE, " \n\n")


def test_of_several_processes_one_shows_a_passage(tmp_path: Path, shown: Shown) -> None:
    code = (
        "import sys; from memcairn.sessions.shown_passages import *;"
        "print(sum(Shown(sys.argv[1]).take(Place('a.md', n, n), f'line {n}') for n in range(200)))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, tmp_path / "shown"], stdout=subprocess.PIPE)
        for _ in range(4)
    ]

    taken = [int(process.communicate()[0]) for process in started]

    assert sum(taken) == 200
    assert sorted(place.first for place in shown.places()) == list(range(200))


def test_what_was_shown_can_be_asked_for_and_forgotten(shown: Shown) -> None:
    assert shown.places() == []
    shown.take(PLACE, TEXT)
    assert shown.places() == [PLACE]

    shown.forget()

    assert shown.places() == []
    assert shown.take(PLACE, TEXT)


def test_a_damaged_file_costs_only_the_lines_that_are_damaged(tmp_path: Path, shown: Shown) -> None:
    shown.take(PLACE, TEXT)
    with (tmp_path / "shown").open("ab") as file:
        file.write(b'["/notes/x.md", 1, \xff\n[1]\n{}\n["a", 1, 2')

    assert shown.take(Place("b.md", 1, 1), "something else")

    assert shown.places() == [PLACE, Place("b.md", 1, 1)]
    assert not shown.take(PLACE, TEXT)


def test_paths_that_are_not_unicode_are_recorded(shown: Shown) -> None:
    place = Place("/notes/\udcff.md", 1, 1)

    assert shown.take(place, "lone \ud800 surrogate")
    assert not shown.take(place, "lone \ud800 surrogate")
    assert shown.places() == [place]


def test_what_another_process_showed_or_forgot_is_noticed(tmp_path: Path, shown: Shown) -> None:
    other = Shown(str(tmp_path / "shown"))
    assert shown.take(PLACE, TEXT)
    assert not other.take(PLACE, TEXT)

    other.forget()

    assert shown.take(PLACE, TEXT)
    assert not other.take(PLACE, TEXT)
