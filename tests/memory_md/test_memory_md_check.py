import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_md_samples import DAY, TODAY, NoteList, everything, many, note

from memcairn.memory_md.check import as_loaded, check, explain
from memcairn.memory_md.limits import Limits


def findings(present, pages, notes, **more):
    found = check(present, pages, NoteList(notes), today=TODAY, **more)
    return [(f.kind, f.where) for f in found]


@pytest.mark.parametrize("size", [0, 5, 1_000])
def test_rendered_files_have_no_problems(size):
    rendered = everything(many(size))

    assert findings(rendered.memory_md, rendered.pages, many(size)) == []


def test_a_missing_file_a_stale_page_and_an_extra_page_are_reported():
    notes = many(1_000)
    rendered = everything(notes)
    first, second, *_ = sorted(rendered.pages)
    pages = {**rendered.pages, "index/old.md": b"", second: rendered.pages[second] + b"more\n"}
    del pages[first]

    assert findings(rendered.memory_md, pages, notes) == [
        ("missing", first),
        ("stale", second),
        ("left-over", "index/old.md"),
    ]
    assert findings(None, rendered.pages, notes) == [("missing", "MEMORY.md")]


def test_a_memory_md_that_is_behind_its_notes_is_stale():
    rendered = everything([note("a.md")])

    assert findings(rendered.memory_md, {}, [note("a.md"), note("b.md")]) == [
        ("stale", "MEMORY.md")
    ]


def test_a_link_to_no_note_is_reported():
    rendered = everything([note("a.md")], b"[gone](gone.md), [a](a.md), [web](https://x.example)\n")

    assert findings(rendered.memory_md, {}, [note("a.md")]) == [("orphan", "gone.md")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"x\n" * 300, "has 300 lines, but only 200 are loaded"),
        (b"x" * 25_001, "has 25001 characters (UTF-16 units), but only 25000 are loaded"),
        ("語".encode() * 8_534, "has 25602 bytes, but only 25600 are loaded"),
    ],
)
def test_a_file_over_a_limit_is_reported_with_its_size(text, message):
    found = [f for f in check(text, {}, NoteList([]), today=TODAY) if f.kind == "over-limit"]

    assert [(f.where, f.message) for f in found] == [("MEMORY.md", message)]


def test_two_hundred_lines_are_not_too_many():
    # Two markers come to them, and below the text a blank line; a block that moves above it needs none.
    *fits, over = (everything([], b"x\n" * lines).memory_md for lines in (197, 198, 199))

    for memory_md in fits:
        assert len(memory_md.splitlines()) == 200
        assert findings(memory_md, {}, []) == []
    assert findings(over, {}, []) == [("over-limit", "MEMORY.md")]


# ── as a host loads it ──


def test_a_host_loads_two_hundred_lines():
    loaded = as_loaded("".join(f"{n}\n" for n in range(300)).encode())

    assert loaded.text.splitlines() == [str(n) for n in range(200)]
    assert loaded.cut.splitlines() == [str(n) for n in range(200, 300)]


def test_a_host_cuts_at_the_last_line_end_within_the_units():
    loaded = as_loaded(b"".join(b"x" * 332 + b"\n" for _ in range(150)))

    assert loaded.text.count("\n") == 75


def test_line_ends_count_as_units():
    loaded = as_loaded(b"x" * 9 + b"\n" + (b"x" * 9 + b"\n") * 3_000, Limits(lines=5_000))

    assert loaded.text.count("\n") == 2_500


def test_a_host_counts_chinese_by_characters():
    data = ("語" * 120 + "\n").encode() * 60

    assert as_loaded(data).cut == ""


@given(st.text("ab語👩\n\r", max_size=300), st.integers(12, 20))
def test_the_loaded_and_the_cut_part_are_the_whole_file(text, lines):
    data = text.encode()
    limits = Limits(lines=lines, units=2_000, size_bytes=2_000)

    loaded = as_loaded(data, limits)

    assert loaded.text + loaded.cut == text
    assert loaded.text.count("\n") <= lines
    assert len(loaded.text.encode()) <= 2_000 + 1
    assert (loaded.cut == "") == (
        len(text.split("\n")) <= lines or (text.count("\n") == lines and text.endswith("\n"))
    )


def test_a_rendered_memory_md_is_loaded_whole():
    for size in (0, 199, 5_000):
        assert as_loaded(everything(many(size)).memory_md).cut == ""


# ── explanations ──


def why(notes, path, present=None):
    return explain(NoteList(notes), path, present, today=TODAY)


NOTES = [
    note("user/role.md", type="user", changed=DAY - 100),
    note("used.md", changed=DAY - 30, used_day=DAY, use_count=2),
    note("old.md", superseded=True),
    note("over.md", valid_until="2025-11-01"),
    note("l" * 160 + ".md"),
    note("hand.md"),
    *(note(f"project/{n:03}.md", type="project", changed=DAY - n) for n in range(400)),
]


def test_a_listed_note_is_explained_by_its_position_and_what_counts():
    found = why(NOTES, "user/role.md")

    assert (found.how, found.where, found.why, found.heading) == (
        "listed",
        "MEMORY.md",
        "",
        "## User",
    )
    assert (found.position, found.current) == (1, 404)
    assert (found.standing.changed, found.standing.type_days) == (DAY - 100, 180)
    assert why(NOTES, "used.md").position == 2
    assert why(NOTES, "project/000.md").position == 3
    assert why(NOTES, "used.md").standing.use_days == pytest.approx(69.66, abs=0.01)


@pytest.mark.parametrize(
    ("path", "reason", "position"),
    [
        ("old.md", "superseded", None),
        ("over.md", "expired", None),
        ("l" * 160 + ".md", "long path", 34),
        ("project/399.md", "rank", 404),
    ],
)
def test_a_folded_note_is_explained_by_its_page_and_the_reason(path, reason, position):
    found = why(NOTES, path)

    assert (found.how, found.why, found.heading) == ("folded", reason, "")
    assert path.encode() in everything(NOTES).pages[found.where]
    assert found.position == position


def test_a_note_linked_by_hand_is_explained_by_that():
    found = why(NOTES, "hand.md", b"my [note](hand.md)\n")

    assert (found.how, found.where) == ("by hand", "MEMORY.md")


def test_a_note_that_is_not_there_has_no_explanation():
    assert why(NOTES, "nothing.md") is None


def test_a_note_without_a_place_is_explained():
    assert why([note("\x01" * 9_000)], "\x01" * 9_000).how == "unlisted"
