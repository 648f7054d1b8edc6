"""Notes that changed on two machines are merged by their parts, and never with conflict markers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.sync.merge import CONFLICT, conflict_note, conflict_path, merge

HEAD = "---\ntitle: T\ntags: [{tags}]\nmodified: {modified}\n---\n"


def note(body: str, tags: str = "a, b", modified: str = "2026-01-01", head: str = HEAD) -> bytes:
    return (head.format(tags=tags, modified=modified) + body).encode()


def test_lists_merge_as_sets_and_of_dates_the_later_one_counts() -> None:
    base = note("one\n\ntwo\n")
    ours = note("one, ours\n\ntwo\n", "a, b, c", "2026-03-01")
    theirs = note("one\n\ntwo, theirs\n", "b, d", "2026-02-01")

    merged = merge(base, ours, theirs)

    assert merged.ours is None
    assert b"modified: 2026-03-01" in merged.content
    assert b"tags: [b, d, c]" in merged.content
    assert merged.content.endswith(b"one, ours\n\ntwo, theirs\n")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (note("ours\n"), note("theirs\n")),
        (note("x\n", head="---\ntitle: O\n---\n"), note("x\n", head="---\ntitle: H\n---\n")),
        (b"\xff\x00ours", b"\xff\x00theirs"),
        (b"---\ntitle: [broken\n---\nours\n", b"---\ntitle: [broken\n---\ntheirs\n"),
    ],
)
def test_of_changes_in_the_same_place_theirs_stays_and_ours_is_kept(
    ours: bytes, theirs: bytes
) -> None:
    assert merge(note("x\n"), ours, theirs) == (theirs, ours)


def test_what_one_side_changed_is_taken_byte_for_byte() -> None:
    base, ours = b"a\r\nb\r\n", b"a\r\nB\r\n"
    assert merge(base, ours, base) == (ours, None)
    assert merge(base, base, ours) == (ours, None)
    assert merge(b"", ours, ours) == (ours, None)


def test_the_text_beside_a_note_names_it_and_keeps_its_suffix() -> None:
    path = conflict_path("a/deploy.md", "laptop", b"ours")
    assert CONFLICT.sub("", path) == "a/deploy.md"
    assert conflict_path(path, "laptop", b"ours") == path
    assert b"conflict_of: deploy.md" in conflict_note("a/deploy.md", b"# Ours\n")
    assert conflict_note("a/deploy.png", b"\xff") == b"\xff"
    assert conflict_path("a.png", "laptop", b"").endswith(".png")


lines = st.lists(st.sampled_from(["one", "two", "three", "<<<<<<< x", "", "é\r"]), max_size=6)


@settings(max_examples=25, deadline=None)
@given(lines, lines, lines)
def test_no_line_is_lost_that_a_side_added(
    one: list[str], two: list[str], three: list[str]
) -> None:
    base, ours, theirs = ("\n".join(part).encode() for part in (one, two, three))
    merged = merge(base, ours, theirs)
    kept = (merged.content + b"\n" + (merged.ours or b"")).split(b"\n")
    for added in {*ours.split(b"\n"), *theirs.split(b"\n")} - set(base.split(b"\n")):
        assert added in kept
