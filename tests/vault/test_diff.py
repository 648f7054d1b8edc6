"""The difference of two files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memcairn.vault.diff import unified

if TYPE_CHECKING:
    from memcairn.vault import Vault


def patched(before: str, diff: str) -> str:
    """Apply a unified diff, strictly: every line of it has to be where it says."""
    old = re.findall(r"[^\n]*\n|[^\n]+", before)
    result: list[str] = []
    at = 0
    lines = re.findall(r"[^\n]*\n|[^\n]+", diff)[2:]
    for index, line in enumerate(lines):
        if line.startswith("@@"):
            numbers = re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line)
            assert numbers
            start = int(numbers[1]) - (numbers[2] != "0")
            result += old[at:start]
            at = start
            assert len(result) == int(numbers[3]) - (numbers[4] != "0")
            continue
        if line.startswith("\\"):
            continue
        content = line[1:]
        if index + 1 < len(lines) and lines[index + 1].startswith("\\"):
            content = content.removesuffix("\n")
        if line[0] in " -":
            assert old[at] == content
            at += 1
        if line[0] in " +":
            result.append(content)
    return "".join(result + old[at:])


diff_texts = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n", "@@\n", "\\\n"]), max_size=40)


@given(diff_texts, diff_texts, st.sampled_from(["", "end"]), st.sampled_from(["", "end"]))
def test_a_diff_leads_from_one_text_to_the_other(
    old: list[str], new: list[str], old_end: str, new_end: str
) -> None:
    before, after = "".join(old) + old_end, "".join(new) + new_end

    diff = unified(before, after, names=("a", "b"), max_bytes=10**6)

    assert not diff.truncated
    assert bool(diff.text) == (before != after)
    if before != after:
        assert patched(before, diff.text) == after


@pytest.mark.timeout(20)
@pytest.mark.parametrize("period", [1, 110])
def test_a_text_that_was_rewritten_between_common_lines_is_compared_in_bounded_time(
    period: int,
) -> None:
    def written(by: str) -> str:
        return "".join(f"{by} {n}\n" + "-" * (n % period) + "\n" for n in range(1000))

    diff = unified(written("one"), written("two"), names=("a", "b"), max_bytes=10**6)

    assert patched(written("one"), diff.text) == written("two")


def test_a_diff_names_the_files_and_counts(vault: Vault) -> None:
    vault.write("a.md", "one\ntwo\n")
    vault.write("b.md", "one\n2\nthree\n")

    diff = vault.diff("a.md", "b.md")

    assert diff.text == "--- a.md\n+++ b.md\n@@ -1,2 +1,3 @@\n one\n-two\n+2\n+three\n"
    assert (diff.added, diff.removed, diff.truncated) == (2, 1, False)
    assert vault.diff_text("one\n", "a.md", name="yesterday").text.startswith("--- yesterday\n")
    assert vault.diff("a.md", "a.md").text == ""


def test_the_diff_of_texts_with_nothing_in_common_is_bounded() -> None:
    before = "".join(f"a{n % 90}\n" for n in range(200_000))
    after = "".join(f"a{n % 70}\n" for n in range(200_000))

    diff = unified(before, after, names=("a", "b"), max_bytes=10_000)

    assert diff.truncated
    assert len(diff.text.encode()) <= 10_000
    assert diff.removed - diff.added == 0
