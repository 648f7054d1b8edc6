"""How `memcairn search` prints passages: wrapped on a terminal, as they are in a pipe."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memcairn.cli import passages
from memcairn.cli.commands import run
from memcairn.search.passages import Passage
from memcairn.search.relevance import ScoreBreakdown
from support import at_a_terminal

if TYPE_CHECKING:
    from pathlib import Path

NOTE = """\
---
title: Runbook
date: 2026-04-20
---
# Rollout

Before the rollout, drain the old nodes and wait until the queue of the load balancer is empty.

- Watch https://ci.example.com/projects/infrastructure/pipelines/rollout while the rollouts run, then stop.
"""
STYLE = re.compile(r"\x1b\[[01]m")
WHY = ScoreBreakdown(1.0, None, None, 1.0, 0.5, 0.0, 1.5, 1.0)


def passage(text: str, *, path: str = "/notes/a.md", matched: tuple[str, ...] = ()) -> Passage:
    return Passage(path, 3, 3, text, "Title", ("Title",), None, 0.5, "notes", matched, WHY)


def width(text: str) -> int:
    return sum(
        0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1
        for character in text
    )


@pytest.fixture
def folder(notes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (notes / "runbook.md").write_text(NOTE, encoding="utf-8")
    monkeypatch.chdir(notes)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert run(["index", "-q", str(notes)]) == 0
    return notes


def test_a_pipe_gets_whole_lines_without_styles(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["search", "rollout"]) == 0

    title, place, *text = capsys.readouterr().out.splitlines()
    assert title == "Runbook › Rollout"
    assert place == "runbook.md:7  2026-04-20"
    assert text == [f"    {line}".rstrip() for line in NOTE.splitlines()[6:]]


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals of POSIX")
def test_a_terminal_gets_lines_of_its_width_and_matched_words_in_bold(folder: Path) -> None:
    code, output = at_a_terminal("search", "rollout", columns=40)

    assert code == 0
    lines = output.replace("\r", "").splitlines()
    assert lines[:4] == [
        "\x1b[1mRunbook › Rollout\x1b[0m",
        "runbook.md:7  2026-04-20",
        "    Before the \x1b[1mrollout\x1b[0m, drain the old",
        "    nodes and wait until the queue of",
    ]
    assert "the \x1b[1mrollouts\x1b[0m run" in output
    assert all(len(STYLE.sub("", line)) <= 40 or "https" in line for line in lines)


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals of POSIX")
def test_no_color_leaves_out_styles_and_keeps_the_width(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    _, output = at_a_terminal("search", "rollout", columns=40)

    assert "\x1b" not in output
    assert "    nodes and wait until the queue of\r\n" in output


def test_lines_of_a_list_item_are_indented_below_its_text() -> None:
    text = passages.as_text(
        [passage("- [ ] one two three four five six seven eight nine")], columns=40, bold=True
    )

    assert text.split("\n")[2:] == [
        "    - [ ] one two three four five six",
        "          seven eight nine",
    ]


def test_chinese_and_japanese_break_between_characters_but_not_before_a_full_stop() -> None:
    text = passages.as_text(
        [passage("一" * 18 + "。" + "「" + "二" * 18 + "」" + "三")], columns=40, bold=True
    )

    assert text.split("\n")[2:] == [f"    {'一' * 17}", f"    一。「{'二' * 15}", "    二二二」三"]


def test_korean_breaks_at_spaces_only() -> None:
    text = passages.as_text(
        [passage("데이터베이스를 먼저 백업하고 그다음 배포를 시작합니다")], columns=40, bold=True
    )

    assert text.split("\n")[2:] == [
        "    데이터베이스를 먼저 백업하고 그다음",
        "    배포를 시작합니다",
    ]


def test_matched_words_are_bold_where_they_are_part_of_chinese_text() -> None:
    text = passages.as_text([passage("先部署再通知", matched=("部署",))], columns=40, bold=True)

    assert text.split("\n")[2] == "    先\x1b[1m部署\x1b[0m再通知"


def test_a_path_that_is_too_long_stays_whole_and_the_date_follows_below() -> None:
    path = "/notes/" + "long folder name/" * 4 + "note.md"

    text = passages.as_text(
        [passage("text", path=path)._replace(date="2026-04-20")], columns=40, bold=True
    )

    assert text.split("\n")[1:3] == [f"{path}:3", "  2026-04-20"]


@pytest.mark.parametrize("columns", [None, 40])
def test_spaces_and_joiners_that_are_not_ascii_are_printed_as_they_are(columns: int | None) -> None:
    line = "10\u00a0km 5\u202fkg a\u3000b c\u2009d 👨\u200d👩\u200d👧"

    text = passages.as_text([passage(line, path="/notes/a\u00a0b.md")], columns=columns)

    assert text.split("\n")[1:] == ["/notes/a\u00a0b.md:3", f"    {line}"]


@pytest.mark.parametrize("sign", ["\x1b", "\x07", "\x9b", "\u202e", "\u2028", "\x0c"])
def test_control_characters_are_replaced(sign: str) -> None:
    assert sign not in passages.as_text([passage(f"a{sign}b", path=f"/notes/{sign}.md")])


@settings(max_examples=200)
@given(
    st.text(
        st.sampled_from("ab  -.,()*>1\t一二、。「」ー한국 \u00a0\u3000é\u0301👍"), max_size=120
    ),
    st.integers(1, 60),
)
@example("", 1)
def test_wrapping_keeps_every_character_and_splits_no_word(text: str, columns: int) -> None:
    title, place, *lines = passages.as_text([passage(text)], columns=columns).split("\n")

    assert (title, place) == ("Title", "/notes/a.md:3")
    assert "".join("".join(lines).split()) == "".join(text.split())
    words = set(re.findall(r"[ab한국]+", text))
    assert words <= set(re.findall(r"[ab한국]+", "\n".join(lines)))
    for line in lines:
        assert width(line) <= columns or " " not in line.lstrip()
