from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memcairn.errors import UsageError
from memcairn.vault import text

# Few characters, so that texts repeat themselves, and every kind of line end and BOM occurs.
texts = st.text(alphabet="ab\n\r é\ufeff\u2028\x0c", max_size=30)
files = st.lists(st.sampled_from(["a", "b", "é", " ", "\n", "\r\n"]), max_size=30).map("".join)


def model_lines(whole: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", whole)


@given(texts, st.integers(1, 12), st.none() | st.integers(1, 12), st.integers(4, 40))
def test_a_window_is_the_lines_that_were_asked_for(
    whole: str, start: int, end: int | None, room: int
) -> None:
    lines = model_lines(whole)
    if end is not None and end < start:
        with pytest.raises(UsageError):
            text.window(whole, start, end, room)
        return
    wanted = lines[start - 1 : end]

    window = text.window(whole, start, end, room)

    assert window.total == len(lines)
    assert window.first == start
    assert len(window.text.encode()) <= room
    assert "".join(wanted).startswith(window.text)
    assert window.truncated == (window.text != "".join(wanted))
    given_lines = model_lines(window.text)
    assert window.last == start + len(given_lines) - 1
    cut = window.truncated and len(given_lines) == 1
    assert cut or given_lines == wanted[: len(given_lines)]


@given(texts, st.integers(40, 200))
def test_windows_one_after_the_other_are_the_whole_text(whole: str, room: int) -> None:
    read, line = "", 1
    while line <= len(model_lines(whole)):
        window = text.window(whole, line, None, room)
        read += window.text
        line = window.last + 1

    assert read == whole


def test_a_line_that_is_too_long_is_cut_at_a_character() -> None:
    window = text.window("ééé\nb\n", 1, 2, 5)

    assert window == text.LineWindow("éé", 1, 1, 2, truncated=True)


@pytest.mark.parametrize(("start", "end"), [(0, None), (-1, 2), (3, 2), (None, 0)])
def test_lines_that_do_not_exist_in_any_text_are_refused(
    start: int | None, end: int | None
) -> None:
    with pytest.raises(UsageError):
        text.window("a\nb\n", start, end, 100)


def test_a_window_past_the_end_is_empty_and_says_how_long_the_text_is() -> None:
    assert text.window("a\nb\n", 7, None, 100) == text.LineWindow("", 7, 6, 2, truncated=False)


def overlapping(whole: str, part: str) -> int:
    return sum(whole.startswith(part, at) for at in range(len(whole)))


@given(files, files, files, st.booleans())
def test_an_edit_is_what_it_is_on_plain_line_ends(
    whole: str,
    old: str,
    new: str,
    take: bool,  # noqa: FBT001
) -> None:
    old = whole[len(whole) // 3 : len(whole) // 2] if take else old
    plain, plain_old, plain_new = (part.replace("\r\n", "\n") for part in (whole, old, new))
    count = overlapping(plain, plain_old) if plain_old else 0
    if count != 1 or plain_old == plain_new:
        with pytest.raises(UsageError):
            text.replace_once(whole, old, new)
        return

    after, line = text.replace_once(whole, old, new)

    assert after.replace("\r\n", "\n").count("\n") == plain.replace(plain_old, plain_new).count(
        "\n"
    )
    at = plain.index(plain_old)
    assert line == plain[:at].count("\n") + 1
    assert kept_around(whole, after, plain_old, plain_new)


def kept_around(whole: str, after: str, plain_old: str, plain_new: str) -> bool:
    """Whether everything before and after the one passage is byte for byte what it was."""
    for start in range(len(whole) + 1):
        for end in range(start, len(whole) + 1):
            if whole[start:end].replace("\r\n", "\n") != plain_old:
                continue
            middle = after[start : len(after) - (len(whole) - end)]
            if (
                after.startswith(whole[:start])
                and after.endswith(whole[end:])
                and middle.replace("\r\n", "\n") == plain_new
            ):
                return True
    return False


@given(st.lists(st.text("ab é", max_size=4), min_size=2, max_size=8), st.data())
def test_an_edit_in_a_crlf_file_works_with_plain_line_ends_and_keeps_them(
    lines: list[str], data: st.DataObject
) -> None:
    whole = "\ufeff" + "".join(f"{number}{line}\r\n" for number, line in enumerate(lines))
    first = data.draw(st.integers(0, len(lines) - 2))
    old = f"{first}{lines[first]}\n{first + 1}{lines[first + 1]}\n"

    after, line = text.replace_once(whole, old, "x\ny\nz\n")

    assert line == first + 1
    assert after == whole.replace(old.replace("\n", "\r\n"), "x\r\ny\r\nz\r\n")


def test_an_edit_counts_overlapping_places_and_names_their_lines() -> None:
    with pytest.raises(UsageError, match="2 times, on lines 1, 1"):
        text.replace_once("aaa", "aa", "b")
    with pytest.raises(UsageError, match=r"12 times, on lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …"):
        text.replace_once("x\n" * 12, "x", "y")
    with pytest.raises(UsageError, match="0 matches"):
        text.replace_once("abc", "d", "y")


def test_a_passage_that_is_everywhere_is_counted_in_bounded_time() -> None:
    with pytest.raises(UsageError, match="more than 1000 times"):
        text.replace_once("a" * 5_000_000, "aa", "b")


@given(files, files)
def test_an_addition_begins_on_a_new_line(whole: str, addition: str) -> None:
    after = text.append(whole, addition)

    assert after.startswith(whole)
    added = after[len(whole) :].replace("\r\n", "\n")
    expected = addition.replace("\r\n", "\n")
    separate = bool(whole) and not whole.endswith("\n")
    assert added == ("\n" + expected if separate else expected)


def test_an_addition_to_a_crlf_file_gets_its_line_ends() -> None:
    assert text.append("a\r\nb", "c\nd\n") == "a\r\nb\r\nc\r\nd\r\n"


def test_an_addition_to_a_file_of_a_bom_alone_follows_it() -> None:
    assert text.append("\ufeff", "a") == "\ufeffa"
