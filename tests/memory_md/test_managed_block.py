import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.memory_md import block

LINES = ["- [A](a.md)", "- [B](b.md) — words", "## User"]


def ours(line):
    return line in LINES


def take(present):
    return block.read(present, ours)


def put(present, body=LINES[:2]):
    return block.write(take(present), 7, body, len(body))


BLOCK = block.write(block.Surroundings("", "", "\n"), 7, LINES[:2], 2)


def test_a_new_file_has_a_header_and_the_block():
    assert put(None) == put(b"") == b"# Memory index\n\n" + BLOCK + b"\n"


def test_the_markers_explain_the_block():
    assert BLOCK.decode().split("\n") == [
        (
            "<!-- memcairn:begin 7 notes, 2 listed here; generated, edit outside this block;"
            f" {block.digest(LINES[:2])} -->"
        ),
        *LINES[:2],
        "<!-- memcairn:end -->",
    ]


@pytest.mark.parametrize(
    ("present", "before", "after"),
    [
        (b"my words", b"my words\n\n", b"\n"),
        (b"my words\n", b"my words\n\n", b"\n"),
        (b"my words\n\n", b"my words\n\n", b"\n"),
        (b"my words\r\n", b"my words\r\n\r\n", b"\r\n"),
        (b"\xef\xbb\xbfmy words\n", b"\xef\xbb\xbfmy words\n\n", b"\n"),
        (b"\xef\xbb\xbf", b"\xef\xbb\xbf# Memory index\n\n", b"\n"),
        (b"  \n", b"  \n# Memory index\n\n", b"\n"),
        (b"caf\xe9 \x00 \xff\n", b"caf\xe9 \x00 \xff\n\n", b"\n"),
        (b"- [a](a.md)\n  more\n", b"- [a](a.md)\n  more\n\n", b"\n"),
        (b"old\rmac", b"old\rmac\n\n", b"\n"),
    ],
)
def test_a_file_without_a_block_gets_one_at_its_end(present, before, after):
    newline = b"\r\n" if b"\r\n" in before else b"\n"

    assert put(present) == before + BLOCK.replace(b"\n", newline) + after


def test_a_file_that_ends_in_open_code_gets_the_block_at_its_start():
    assert put(b"```\ncode\n") == BLOCK + b"\n```\ncode\n"


surroundings = st.lists(
    st.sampled_from(
        [
            "words",
            "- [x](x.md) — by hand",
            "",
            "# heading",
            "\ufeff",
            "caf\udce9",
            "```",
            "~~~ text",
            "a <!-- memcairn:end -->",
            " <!-- memcairn:end -->",
            "    <!-- memcairn:begin -->",
            "<!-- memcairn:beginning -->",
            "\x00",
            "a\rb",
        ]
    ),
    max_size=6,
)


@settings(max_examples=300)
@given(surroundings, surroundings, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_text_around_the_block_is_preserved_byte_for_byte(above, below, newline, ended):
    first = "".join(line + newline for line in above)
    last = newline + newline.join(below) + (newline if ended else "")
    present = (
        first.encode("utf-8", "surrogateescape") + BLOCK + last.encode("utf-8", "surrogateescape")
    )
    around = take(present)
    if (
        around.before.removeprefix("\ufeff") == first.removeprefix("\ufeff")
        and around.after == last
    ):
        written = put(present)
        assert written.startswith(first.encode("utf-8", "surrogateescape"))
        assert written.endswith(last.encode("utf-8", "surrogateescape"))
    else:
        # Between two fences the block is somebody's code.
        assert any(line[:3] in {"```", "~~~"} for line in above)
        assert any(line[:3] in {"```", "~~~"} for line in below)
    assert put(put(present)) == put(present)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [
                *LINES,
                *BLOCK.decode().split("\n"),
                "mine 1",
                "mine 2",
                "- [C](c.md)",
                "",
                "```",
                "<!-- memcairn:begin -->",
                "```text",
            ]
        ),
        max_size=14,
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_damaged_markers_lose_nothing_and_one_write_repairs_them(lines, newline):
    present = newline.join(lines).encode()

    written = put(present)

    kept = written.decode().splitlines()
    for line in lines:
        if line not in {*LINES, "", *BLOCK.decode().split("\n"), "<!-- memcairn:begin -->"}:
            assert kept.count(line) == lines.count(line)
    assert [line for line in kept if line.startswith(("mine", "- [C]"))] == [
        line for line in lines if line.startswith(("mine", "- [C]"))
    ]
    assert put(written) == written
    assert block.body_of(written) == LINES[:2]


def test_an_untouched_block_is_replaced_freely():
    around = take(BLOCK.replace(b"[A]", b"[A]"))

    assert (around.before, around.after, around.moved) == ("", "", ())


def test_lines_of_an_old_rendering_are_known_by_the_digest():
    old = block.write(block.Surroundings("x\n", "\n", "\n"), 3, ["- [Old](old.md)"], 1)

    assert take(old) == block.Surroundings("x\n", "\n", "\n")


def test_line_ends_that_git_changed_do_not_count_as_an_edit():
    old = block.write(block.Surroundings("x\n", "\n", "\n"), 3, ["- [Old](old.md)"], 1)

    assert take(old.replace(b"\n", b"\r\n")) == block.Surroundings("x\r\n", "\r\n", "\r\n")


def test_a_line_written_inside_the_block_moves_above_it():
    edited = BLOCK.replace(b"- [B](b.md)", b"mine\n- [My B](b.md)")

    around = take(b"top\n" + edited + b"\nbottom")

    assert around.before == "top\nmine\n- [My B](b.md) — words\n"
    assert around.after == "\nbottom"
    assert around.moved == ("mine", "- [My B](b.md) — words")


def test_without_its_end_the_lines_of_a_block_are_known_by_the_digest():
    old = block.write(block.Surroundings("", "", "\n"), 3, ["## Gone", "- [Old](old.md)"], 1)
    cut = old.removesuffix(b"<!-- memcairn:end -->") + b"## Mine\nwords\n"

    assert take(cut) == block.Surroundings("", "\n## Mine\nwords\n", "\n")


def test_without_its_end_an_edited_block_loses_only_generated_lines():
    cut = BLOCK.removesuffix(b"<!-- memcairn:end -->").replace(b"- [B]", b"mine\n- [B]")

    assert take(cut).outside_text == "\n\n\nmine\n- [B](b.md) — words\n"


def test_without_its_end_a_heading_above_other_text_stays():
    cut = BLOCK.split(b"- [B]")[0] + b"## User\nmine\n"

    assert take(cut).outside_text == "\n\n\n## User\nmine\n"


def test_without_its_begin_a_block_loses_only_generated_lines():
    cut = b"mine\n" + BLOCK.split(b"\n", 1)[1] + b"\nmore\n"

    assert take(cut) == block.Surroundings("mine\n", "\nmore\n", "\n")


def test_of_two_blocks_the_first_stays_and_other_lines_of_the_second():
    second = BLOCK.replace(b"- [B]", b"mine\n- [B]")

    around = take(BLOCK + b"\nbetween\n" + second + b"\nend\n")

    assert around == block.Surroundings("", "\nbetween\nmine\nend\n", "\n", ("mine",))


def test_markers_in_a_code_block_are_text():
    present = b"```\n" + BLOCK + b"\n```\n"

    assert take(present).before == present.decode() + "\n"


def test_an_open_fence_above_the_block_does_not_hide_it():
    present = b"```\n" + BLOCK + b"\n"

    assert take(present) == block.Surroundings("```\n", "\n", "\n")


def test_the_line_ends_of_the_text_outside_the_block_decide():
    present = b"<!-- memcairn:begin -->\nmine\r\n<!-- memcairn:end -->\n"

    assert take(present) == block.Surroundings("mine\r\n", "\n", "\r\n", ("mine",))
    assert put(put(present)) == put(present)


def test_a_byte_order_mark_does_not_hide_a_marker():
    present = b"\xef\xbb\xbf" + BLOCK + b"\n\xef\xbb\xbf" + BLOCK + b"\n"

    assert take(present) == block.Surroundings("\ufeff", "\n", "\n")


def test_markers_in_the_middle_of_a_line_are_text():
    present = b"see <!-- memcairn:begin --> and\n<!-- memcairn:end --> there\n"

    assert take(present).before == present.decode() + "\n"
