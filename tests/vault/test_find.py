"""List and grep: pages, globs, expressions."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import pytest

from memcairn.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from memcairn.vault import Vault


def paths(vault: Vault, *args: object, **keywords: object) -> list[str]:
    return [entry.path for entry in vault.list(*args, **keywords).entries]  # type: ignore[arg-type]


def test_a_listing_is_one_folder_or_everything_below_it(tree: Vault) -> None:
    assert paths(tree) == ["a.md", "b", "b.md", "z"]
    assert paths(tree, "b") == ["b/c.md", "b/d"]
    assert paths(tree, "b/", recursive=True) == ["b/c.md", "b/d", "b/d/e.md", "b/d/f.txt"]


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("*.md", ["a.md", "b/c.md", "b/d/e.md", "b.md", "z/g.md"]),
        ("**/*.md", ["a.md", "b/c.md", "b/d/e.md", "b.md", "z/g.md"]),
        ("b/*.md", ["b/c.md"]),
        ("b/**", ["b", "b/c.md", "b/d", "b/d/e.md", "b/d/f.txt"]),
        ("b/**/e.md", ["b/d/e.md"]),
        ("**/d/**/*.txt", ["b/d/f.txt"]),
        ("[az].md", ["a.md"]),
        ("?.md", ["a.md", "b/c.md", "b/d/e.md", "b.md", "z/g.md"]),
        ("nothing", []),
    ],
)
def test_a_glob_filters_by_name_or_by_path(glob: str, expected: list[str], tree: Vault) -> None:
    assert paths(tree, recursive=True, glob=glob) == expected


def test_a_glob_with_a_slash_looks_below_and_one_without_does_not(tree: Vault) -> None:
    assert paths(tree, glob="*.md") == ["a.md", "b.md"]
    assert paths(tree, glob="b/d/*") == ["b/d/e.md", "b/d/f.txt"]


def test_a_glob_with_many_stars_is_matched_in_bounded_time(vault: Vault) -> None:
    vault.write("a" * 250, "x")
    vault.write("/".join("a" * 31), "x")

    assert paths(vault, recursive=True, glob="*a" * 40 + "b") == []
    assert paths(vault, recursive=True, glob="**/a/" * 40 + "b") == []


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_one_after_the_other_are_the_whole_listing(limit: int, tree: Vault) -> None:
    whole = paths(tree, recursive=True)
    found, after = [], None
    for _ in whole:
        page = tree.list(recursive=True, limit=limit, after=after)
        assert len(page.entries) <= limit
        found += [entry.path for entry in page.entries]
        if (after := page.next_after) is None:
            break

    assert found == whole


def test_a_page_after_something_that_is_gone_goes_on_from_there(tree: Vault) -> None:
    tree.remove("b/d", recursive=True)

    assert paths(tree, recursive=True, after="b/d/e.md") == ["b.md", "z", "z/g.md"]


def test_an_entry_has_kind_size_and_time(vault: Vault, root: Path) -> None:
    vault.write("note.md", "four")
    os.utime(root / "note.md", ns=(5, 7))
    (root / "folder").mkdir()
    (root / "link").symlink_to("note.md")

    listed = {entry.path: entry for entry in vault.list().entries}

    assert (listed["note.md"].kind, listed["note.md"].size_bytes) == ("file", 4)
    assert listed["note.md"].mtime_ns == 7
    assert listed["folder"].kind == "folder"
    assert (listed["link"].kind, listed["link"].size_bytes) == ("symlink", 0)


def test_a_search_gives_lines_with_their_surroundings(vault: Vault) -> None:
    vault.write("a.md", "one\r\ntwo\r\nthree\r\nfour\r\n")
    vault.write("b/c.md", "\ufefftwo\n")

    found = vault.grep("^t.o$", context=1)

    assert [(match.path, match.line, match.text) for match in found.matches] == [
        ("a.md", 2, "two"),
        ("b/c.md", 1, "two"),
    ]
    assert (found.matches[0].before, found.matches[0].after) == (("one",), ("three",))
    assert (found.matches[1].before, found.matches[1].after) == ((), ())
    assert (found.truncated, found.timed_out, found.searched) == (False, False, 2)


@pytest.mark.parametrize("pattern", ["TWO", "T.O"])
def test_plain_text_and_expressions_are_searched_alike(pattern: str, vault: Vault) -> None:
    vault.write("a.md", "one\ntwo\n")
    vault.write("b.txt", "two\n")

    assert not vault.grep(pattern).matches
    assert [m.path for m in vault.grep(pattern, ignore_case=True).matches] == ["a.md", "b.txt"]
    assert [m.path for m in vault.grep(pattern, glob="*.txt", ignore_case=True).matches] == [
        "b.txt"
    ]


@pytest.mark.parametrize("pattern", ["line", "lin."])
def test_no_more_matches_are_given_than_were_asked_for(pattern: str, vault: Vault) -> None:
    vault.write("a.md", "line\n" * 3)
    vault.write("b.md", "line\n" * 3)

    assert [(m.path, m.line) for m in vault.grep(pattern, limit=4).matches] == [
        *(("a.md", 1), ("a.md", 2), ("a.md", 3), ("b.md", 1))
    ]
    assert vault.grep(pattern, limit=4).truncated
    assert vault.grep(pattern, limit=3).truncated
    assert not vault.grep(pattern, limit=6).truncated


def test_many_files_are_searched_in_more_than_one_batch(vault: Vault, root: Path) -> None:
    for number in range(5):
        (root / f"{number}.md").write_text("x" * 700_000 + f"\nword{number}\n", encoding="utf-8")

    found = vault.grep(r"word\d")

    assert [match.text for match in found.matches] == [f"word{n}" for n in range(5)]
    assert found.searched == 5


def test_a_long_line_is_cut_around_the_match(vault: Vault) -> None:
    vault.write("a.md", "x" * 5000 + "needle" + "y" * 5000)

    (match,) = vault.grep("need.e").matches

    assert "needle" in match.text
    assert len(match.text) < 600


def test_an_expression_that_backtracks_endlessly_is_stopped(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memcairn.vault.find._TIME_LIMIT_S", 1)
    vault.write("a.md", "a" * 40 + "!")

    found = vault.grep("(a+)+$")

    assert found.timed_out
    assert not found.matches


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "*", "[z-a]", "(?<=a*)b", "x" * 1001, ""])
def test_an_invalid_expression_is_an_error(pattern: str, vault: Vault) -> None:
    with pytest.raises(UsageError, match="pattern"):
        vault.grep(pattern)


def test_an_expression_has_all_that_python_has(vault: Vault) -> None:
    vault.write("a.md", "日本 naïve naïve\n")

    assert vault.grep(r"\b(\w+ve) \1\b(?!x)").matches


def test_binary_files_are_skipped(vault: Vault, root: Path) -> None:
    (root / "a.bin").write_bytes(b"needle\0")

    found = vault.grep("needle")

    assert (found.matches, found.searched, found.skipped) == ((), 0, ())


def test_an_unreadable_file_does_not_stop_the_search(
    tree: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def open_(path: str, *arguments: object, **more: object) -> int:
        if os.path.basename(path) == "a.md":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", open_)
    found = tree.grep("md", glob="?.md")

    assert [match.path for match in found.matches] == ["b/c.md", "b/d/e.md", "b.md", "z/g.md"]
    assert found.skipped == (("a.md", "failed: Permission denied"),)


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_a_name_that_is_not_utf8_is_listed_so_that_it_can_be_sent(vault: Vault, root: Path) -> None:
    (root / os.fsdecode(b"bad\xe9.md")).write_text("needle", encoding="utf-8")

    (entry,) = vault.list().entries
    (match,) = vault.grep("needle").matches

    assert entry.path == match.path == "bad\ufffd.md"
