import random
import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_md_samples import (
    DAY,
    TODAY,
    entry_lines,
    everything,
    hops,
    longest_entry,
    many,
    markdown_it_links,
    note,
    over_limit,
    pyromark_links,
    readable,
    roots,
)

from memcairn.memory_md import block
from memcairn.memory_md.check import as_loaded
from memcairn.memory_md.limits import Limits
from memcairn.memory_md.page_text import is_page

SMALL = Limits(lines=16, units=2_000, size_bytes=2_200, entry_chars=80)
SIZES = [0, 1, 12, 13, 199, 200, 201, 5_000, 40_000]


def body(rendered):
    return block.body_of(rendered.memory_md)


def files(rendered):
    return [rendered.memory_md, *rendered.pages.values()]


def links_in(rendered, read):
    found = list(read(readable(rendered.memory_md)))
    for data in rendered.pages.values():
        found += read(readable(data), "index/")
    return [link.path for link in found if link.path not in rendered.pages]


@pytest.mark.parametrize("size", SIZES)
def test_all_notes_are_there_once_and_within_the_limits(size):
    notes = many(size)

    rendered = everything(notes)

    assert sorted(links_in(rendered, pyromark_links)) == sorted(fact.path for fact in notes)
    assert set(hops(rendered)) == {fact.path for fact in notes}
    assert max(hops(rendered).values(), default=0) <= 2 + (size > 36_000)
    for data in files(rendered):
        assert over_limit(data, Limits()) == {}
        assert longest_entry(data) <= 150
    assert (rendered.notes, rendered.listed + rendered.folded) == (size, size)


def test_thirty_six_thousand_notes_are_two_hops_away_however_much_they_have_to_say():
    notes = [
        note(f"{n % 77:02}/notiz-{n:05}.md", "題名" * 40, "説明" * 80, changed=DAY - n % 999)
        for n in range(36_000)
    ]

    rendered = everything(notes)

    distance = hops(rendered)
    assert len(distance) == 36_000
    assert set(distance.values()) <= {1, 2}
    assert all(over_limit(data, Limits()) == {} for data in files(rendered))


@pytest.mark.parametrize("kind", ["long paths", "chinese", "emoji", "one type each", "all pinned"])
@pytest.mark.parametrize("size", [1, 60, 700])
def test_extreme_notes_keep_the_limits_and_stay_reachable(kind, size):
    def extreme(n):
        match kind:
            case "long paths":
                return note("/".join([f"{n:04}" + "p" * 240] * 16) + ".md", "T" * 10_000)
            case "chinese":
                return note(f"筆記/{n}.md", "標題" * 5_000, "說明" * 5_000)
            case "emoji":
                return note(f"{n}.md", "👩‍👩‍👧‍👦" * 300, "🇩🇪" * 300)
            case "one type each":
                return note(f"{n}.md", "x", "y", type=f"type {n}")
            case _:
                return note(f"{n}.md", "x" * 100, "y" * 100, pinned=True)

    rendered = everything([extreme(n) for n in range(size)])

    assert len(hops(rendered)) == size
    assert longest_entry(rendered.memory_md) <= 150
    for data in files(rendered):
        assert over_limit(data, Limits()) == {}


@settings(max_examples=120, deadline=None)
@given(roots, st.sampled_from([Limits(), SMALL]))
def test_any_notes_are_reachable_by_commonmark_links_within_the_limits(facts, limits):
    rendered = everything(facts, limits=limits)

    expected = sorted(fact.path for fact in facts)
    assert sorted(links_in(rendered, pyromark_links)) == expected
    assert sorted(links_in(rendered, markdown_it_links)) == expected
    assert sorted(hops(rendered)) == expected
    assert longest_entry(rendered.memory_md) <= limits.entry_chars
    for data in files(rendered):
        assert over_limit(data, limits) == {}


presents = st.one_of(
    st.none(),
    st.lists(
        st.sampled_from(
            [
                b"# Mine\n",
                b"words \xff\n",
                b"- [hand](a.md) \xe2\x80\x94 my words\r\n",
                b"\xef\xbb\xbf",
                b"```\n",
                b"x" * 900 + b"\n",
                b"\n" * 10,
                b"<!-- memcairn:begin -->\n",
                b"<!-- memcairn:end -->\n",
                b"no line end",
            ]
        ),
        max_size=8,
    ).map(b"".join),
)


@settings(max_examples=120, deadline=None)
@given(roots, presents, st.sampled_from([Limits(), SMALL]))
def test_rendering_again_changes_nothing(facts, present, limits):
    first = everything(facts, present, limits=limits)

    again = everything(facts, first.memory_md, limits=limits)

    assert again.memory_md == first.memory_md
    assert again.pages == first.pages


@settings(max_examples=60, deadline=None)
@given(roots, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(facts, chance):
    shuffled = list(facts)
    chance.shuffle(shuffled)

    assert everything(shuffled) == everything(facts)


def test_a_new_file_looks_like_this():
    notes = [
        note(
            "feedback/no-push-main.md",
            "Never push to main",
            "ask for a branch first",
            type="feedback",
            pinned=True,
        ),
        note("user/role.md", "Role", "staff engineer, prefers terse answers", type="user"),
        *(note(f"observed/{n:02}.md", f"Seen {n}", type="observed") for n in range(12)),
        note("loose.md", "Loose"),
        note("old.md", "Old", superseded=True, changed=DAY - 40),
    ]

    rendered = everything(notes)

    assert re.sub("; [0-9a-f]{12} ", "; 0 ", rendered.memory_md.decode()).split("\n") == [
        "# Memory index",
        "",
        "<!-- memcairn:begin 16 notes, 15 listed here; generated, edit outside this block; 0 -->",
        "## Pinned",
        "- [Never push to main](feedback/no-push-main.md) — ask for a branch first",
        "## User",
        "- [Role](user/role.md) — staff engineer, prefers terse answers",
        "## Observed",
        *(f"- [Seen {n}](observed/{n:02}.md)" for n in range(12)),
        "## Other",
        "- [Loose](loose.md)",
        "## More",
        "- [1 more](index/more.md) — Old, 2025-10",
        "<!-- memcairn:end -->",
        "",
    ]
    assert rendered.pages == {
        "index/more.md": b"<!-- memcairn:page 1 note; generated, edits are lost -->\n"
        b"# 1 note\n- [Old](../old.md)\n"
    }


def test_after_eight_categories_the_rest_stand_together():
    notes = [note(f"{n:02}.md", type=f"type {n:02}", changed=DAY - n) for n in range(20)]

    headings = [line for line in body(everything(notes)) if line.startswith("#")]

    assert headings == [*(f"## Type {n:02}" for n in range(8)), "## Other"]


def test_notes_without_a_type_are_grouped_by_folder():
    notes = [note(f"{'ab'[n % 2]}/x/{n:02}.md", changed=DAY - n) for n in range(14)]

    assert [line for line in body(everything(notes)) if line[0] == "#"] == ["## a/", "## b/"]
    more = [*notes, note("c.md"), note("c/d.md", type="user")]
    headings = ["## User", "## a/", "## b/", "## Other"]
    assert [line for line in body(everything(more)) if line[0] == "#"] == headings


def test_notes_of_one_folder_without_types_have_no_heading():
    notes = [note(f"{n:02}.md", changed=DAY - n) for n in range(14)]

    assert not [line for line in body(everything(notes)) if line[0] == "#"]


@pytest.mark.parametrize("top", [b"", b"\xef\xbb\xbf", b"---\r\ntitle: Mine\r\n---\r\n"])
def test_a_block_below_too_much_text_moves_up_and_the_text_stays(top):
    newline = b"\r\n" if b"\r" in top else b"\n"
    first = everything(many(30), top + b"mine" + newline).memory_md
    text = newline.join(b"line %d" % n for n in range(361)) + newline
    head, block_and_tail = first.split(b"<!-- memcairn:begin")

    after = everything(many(30), head + text + b"<!-- memcairn:begin" + block_and_tail).memory_md

    assert text in after
    assert after.startswith(top)
    assert after.index(b"memcairn:end") < after.index(text)
    assert everything(many(30), after).memory_md == after


def test_few_notes_stand_in_one_list():
    notes = [note(f"{n}.md", type="user", changed=DAY - n, pinned=n == 11) for n in range(12)]

    assert body(everything(notes)) == [f"- [{n}]({n}.md)" for n in [11, *range(11)]]


def test_a_page_entry_says_how_many_notes_and_what_about():
    notes = [note(f"observed/{n:03}.md", f"Build failure {n}", changed=DAY - n) for n in range(300)]

    rendered = everything(notes)

    more = body(rendered)[body(rendered).index("## More") + 1 :]
    about = "build, failure, 2025-01 to 2025-05"
    assert more == [f"- [observed/191 – 299, 109 more](index/observed-110.md) — {about}"]


def test_pages_of_whole_folders_are_named_by_them():
    notes = [
        note(f"{folder}/{n:03}.md", f"Note {n}", changed=DAY - 400 * (folder == "old"))
        for folder in ("new", "old")
        for n in range(150)
    ]

    rendered = everything(notes)

    assert any(line.startswith("- [old/, ") for line in body(rendered))
    assert "index/old.md" in rendered.pages


def test_superseded_and_expired_notes_are_never_on_the_first_page():
    notes = [
        note("a.md"),
        note("b.md", superseded=True, pinned=True),
        note("c.md", valid_until="2025-11-19", pinned=True),
        note("d.md", valid_until="2025-11-20"),
    ]

    rendered = everything(notes)

    assert rendered.cache.listed == {"a.md", "d.md"}
    assert hops(rendered)["b.md"] == hops(rendered)["c.md"] == 2


def test_the_day_matters_for_expiry_only():
    notes = many(800)
    dated = [*notes, note("dated.md", valid_until="2025-11-25", pinned=True)]

    def on(facts, days):
        return everything(facts, today=TODAY + timedelta(days=days))

    assert on(notes, 0) == on(notes, 4000)
    assert on(dated, 0) == on(dated, 5)
    assert "dated.md" in on(dated, 5).cache.listed
    assert "dated.md" not in on(dated, 6).cache.listed


def test_the_first_page_has_the_notes_that_rank_highest():
    notes = [note(f"{n:04}.md", changed=DAY - n) for n in range(2_000)]
    random.Random(4).shuffle(notes)

    rendered = everything(notes)

    assert rendered.listed > 150
    assert rendered.cache.listed == {f"{n:04}.md" for n in range(rendered.listed)}


def test_a_link_too_long_for_an_entry_is_on_a_page_only():
    long = note("d" * 150 + ".md", "Title", pinned=True)

    rendered = everything([long, note("a.md")])

    assert rendered.cache.listed == {"a.md"}
    assert hops(rendered) == {"a.md": 1, long.path: 2}
    assert entry_lines(next(iter(rendered.pages.values()))) == [f"- […](../{long.path})"]


def test_a_path_longer_than_a_page_is_reported_and_breaks_no_limit():
    rendered = everything([note("\x01" * 9_000 + ".md"), note("a.md")])

    assert [(f.kind, f.message) for f in rendered.findings] == [
        ("unlisted", "1 note has a path longer than an index page may be")
    ]
    assert (rendered.listed, rendered.folded) == (1, 0)
    assert all(over_limit(data, Limits()) == {} for data in files(rendered))


# ── what somebody wrote ──


@pytest.mark.parametrize(
    "line",
    [
        b"- [My own words](project/a%20b.md) and more",
        b"- [My own words](<project/a b.md>) \xe2\x80\x94 mine",
        b"See [[project/a b]] first.",
        b"See [this][1].\n\n[1]: <project/a b.md>",
    ],
)
def test_a_note_linked_by_hand_is_not_repeated(line):
    present = b"# Mine\n" + line + b"\n"
    notes = [note("project/a b.md"), note("c.md")]

    rendered = everything(notes, present)

    assert rendered.memory_md.startswith(present)
    assert body(rendered) == ["- [c](c.md)"]
    assert rendered.hand_linked == 1
    assert rendered.findings == ()


def test_notes_linked_by_hand_are_not_on_pages_either():
    notes = many(1_000)
    listed = everything(notes).cache.listed
    folded = [fact.path for fact in notes if fact.path not in listed]
    present = f"- [Mine]({folded[3]})\n".encode()

    rendered = everything(notes, present)

    assert links_in(rendered, pyromark_links).count(folded[3]) == 1
    assert hops(rendered)[folded[3]] == 1


def test_a_hand_written_entry_of_a_removed_note_is_reported_and_kept():
    present = b"- [Gone](gone.md) \xe2\x80\x94 it was here\n"

    rendered = everything([note("a.md")], present)

    assert rendered.memory_md.startswith(present)
    assert [(f.kind, f.where) for f in rendered.findings] == [("orphan", "gone.md")]


def test_an_entry_edited_inside_the_block_is_preserved_and_not_repeated():
    notes = [note("a.md", "A", "words"), note("b.md", "B")]
    first = everything(notes)
    edited = first.memory_md.replace("- [A](a.md) — words".encode(), b"- [My A](a.md): see there")

    rendered = everything(notes, edited)

    assert rendered.memory_md.startswith(b"# Memory index\n\n- [My A](a.md): see there\n<!-- ")
    assert body(rendered) == ["- [B](b.md)"]
    assert [f.kind for f in rendered.findings] == ["moved"]


def test_a_line_removed_inside_the_block_comes_back():
    notes = [note("a.md"), note("b.md")]
    first = everything(notes)

    rendered = everything(notes, first.memory_md.replace(b"- [a](a.md)\n", b""))

    assert rendered.memory_md == first.memory_md
    assert rendered.findings == ()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("lines", [0, 20, 100, 150, 190])
@pytest.mark.parametrize("size", [1, 300, 3_000])
def test_the_block_leaves_room_for_the_other_text(newline, lines, size):
    present = ("".join(f"their line {n}{newline}" for n in range(lines)) or newline).encode()
    notes = many(size)

    rendered = everything(notes, present)

    assert rendered.memory_md.startswith(present)
    assert over_limit(rendered.memory_md, Limits()) == {}
    assert len(hops(rendered)) == size
    assert b"\n" not in rendered.memory_md.replace(b"\r\n", b"") or newline == "\n"


@pytest.mark.parametrize(
    "present", [b"their line\n" * 250, b"x" * 30_000 + b"\n", b"their line\n" * 198]
)
@pytest.mark.parametrize("size", [2, 300, 3_000, 40_000])
def test_beside_too_much_other_text_the_block_is_one_entry_that_leads_to_all(present, size):
    notes = many(size)

    rendered = everything(notes, present)

    assert present in rendered.memory_md
    assert len(body(rendered)) == 1
    assert b"memcairn:end" in as_loaded(rendered.memory_md).text.encode()
    assert everything(notes, rendered.memory_md).memory_md == rendered.memory_md
    assert len(hops(rendered)) == size
    assert max(hops(rendered).values()) <= 4
    kinds = {finding.kind for finding in rendered.findings}
    assert kinds == ({"over-limit"} if over_limit(rendered.memory_md, Limits()) else set())


# ── pages ──


@pytest.mark.parametrize("size", [1_000, 40_000])
def test_page_names_are_plain_and_differ_in_any_case(size):
    names = list(everything(many(size)).pages)

    assert all(re.fullmatch("index/[a-z0-9]+(?:-[a-z0-9]+)*\\.md", name) for name in names)
    assert all(len(name) <= 60 for name in names)


def test_page_names_leave_alone_the_notes_in_their_folder():
    notes = [*many(900), note("index/more.md"), note("Index/MORE.md"), note("index/other.txt")]

    rendered = everything(notes)

    assert not {"index/more.md", "index/MORE.md"} & set(rendered.pages)
    assert len(hops(rendered)) == 903


def test_paths_that_differ_in_signs_only_have_pages_of_different_names():
    notes = [note(f"x/{'é' * 30}{'-+'[n % 2]}{n:05}.md") for n in range(12_000)]

    rendered = everything(notes)

    assert len(hops(rendered)) == 12_000
    assert len(rendered.pages) > 50


def test_one_changed_title_changes_one_page_at_most():
    notes = many(3_000)
    before = everything(notes)
    changed_pages = []
    for place in range(0, 3_000, 301):
        other = [*notes[:place], notes[place]._replace(title="Changed"), *notes[place + 1 :]]
        after = everything(other)
        changed_pages.append(
            sum(before.pages.get(path) != data for path, data in after.pages.items())
        )

    assert max(changed_pages) <= 2


def test_a_page_is_known_by_its_first_bytes():
    rendered = everything(many(1_000))

    assert all(is_page(data) for data in rendered.pages.values())
    assert not is_page(rendered.memory_md)


def test_a_link_by_hand_to_a_page_is_not_an_orphan():
    rendered = everything(many(1_000), b"[the rest](index/more.md)\n")

    assert "index/more.md" in rendered.pages
    assert rendered.findings == ()
