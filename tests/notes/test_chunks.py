"""Chunks follow headings, keep blocks whole while they are short enough, and lose no line."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memcairn.notes.chunks import MAX_WORDS, PARAGRAPH_WORDS, TARGET_WORDS, Chunk
from memcairn.notes.note import parse
from memcairn.notes.sizes import size

LONG = "This paragraph has more than the twelve words that it takes to stand alone here."


def chunks(text: str, *, markdown: bool = True) -> list[Chunk]:
    return list(parse(text, stem="note", markdown=markdown).chunks)


def texts(text: str) -> list[str]:
    return [chunk.text for chunk in chunks(text)]


def numbered(count: int, words: int, line: str = "{n} ") -> str:
    return "\n".join((line.format(n=n) + f"word{n} " * words).rstrip() for n in range(count))


class TestSections:
    def test_each_chunk_knows_its_lines_its_headings_and_its_section(self) -> None:
        text = "---\ntitle: t\n---\nintro\n\n# A\n\none\n\n### B\ntwo\n\n## C\nthree\n# A\nfour\n"

        assert chunks(text) == [
            Chunk("intro", 4, 4, (), 0),
            Chunk("# A\n\none", 6, 8, ("A",), 1),
            Chunk("### B\ntwo", 10, 11, ("A", "B"), 2),
            Chunk("## C\nthree", 13, 14, ("A", "C"), 3),
            Chunk("# A\nfour", 15, 16, ("A",), 4),
        ]

    def test_setext_headings_and_markup_in_headings_are_understood(self) -> None:
        text = "A *b* `c`\nd [e](f)\n===\ntext\n\n## [[Page|label]] <b>g</b> ~~h~~ &amp; \\# ##\n"

        assert [chunk.heading_path for chunk in chunks(text)] == [
            ("A b c d e",),
            ("A b c d e", "label g h & #"),
        ]

    def test_a_heading_without_text_below_is_a_chunk(self) -> None:
        assert texts("# A\n\n## B\n# C") == ["# A", "## B", "# C"]

    @pytest.mark.parametrize(
        "text",
        ["```\n# no\n```", "    # no", "> # no", "- # no", "#no", "\\# no", "<div>\n# no\n</div>"],
    )
    def test_text_that_only_looks_like_a_heading_begins_no_section(self, text: str) -> None:
        assert [chunk.section for chunk in chunks(text)] == [0]

    def test_equal_sections_give_equal_texts(self) -> None:
        first, second = chunks("## A\nsame\n\n## A\nsame\n")

        assert (first.text, first.heading_path) == (second.text, second.heading_path)
        assert (first.section, second.section) == (1, 2)


class TestPacking:
    def test_a_paragraph_that_is_long_enough_is_its_own_chunk(self) -> None:
        assert size(LONG) >= PARAGRAPH_WORDS
        assert texts(f"{LONG}\n\n{LONG}\n\nshort\n") == [LONG, LONG, "short"]

    def test_short_blocks_are_packed_with_the_next_block(self) -> None:
        assert texts(f"one\n\ntwo\n\n{LONG}\n\nthree") == [f"one\n\ntwo\n\n{LONG}", "three"]

    def test_items_are_packed_up_to_the_target(self) -> None:
        items = numbered(24, 7, "- ").split("\n")

        sizes = [size(text) for text in texts("\n".join(items))]

        assert all(TARGET_WORDS <= words < TARGET_WORDS + 8 for words in sizes[:-1])
        assert len(sizes) == 5

    def test_a_paragraph_that_ends_with_a_colon_stays_with_what_it_introduces(self) -> None:
        intro = LONG[:-1] + ":"

        assert texts(f"{intro}\n\n```\ncode\n```\n\n{LONG}") == [f"{intro}\n\n```\ncode\n```", LONG]

    def test_nothing_is_packed_across_a_heading_or_a_break(self) -> None:
        assert texts("one\n# A\ntwo\n\n---\n\nthree\n\n***\n") == ["one", "# A\ntwo", "three"]

    def test_packing_stops_at_the_maximum_size(self) -> None:
        big = numbered(1, MAX_WORDS - 5)

        assert texts(f"one two three four five six\n\n{big}") == [
            "one two three four five six",
            big,
        ]


class TestBlocks:
    @pytest.mark.parametrize(
        "block",
        [
            numbered(12, 8, "| {n} | ").replace("\n", "|\n", 1),
            "| a | b |\n|---|---|\n" + "| one two three | four five six |\n" * 15,
            "```python\n" + "x = 1  # one two\n\n" * 20 + "```",
            "- item one two\n  goes on\n\n  - nested one two\n    more\n\n  last of the item",
            "> quoted one\n> two\n>\n> three",
            "1. one\n\n   ```\n   code\n   ```",
            "    indented code\n\n    more of it",
            "<div>\none two\n</div>",
            "[^1]: footnote one\n    two three",
            "<!-- a comment\n\nwith a blank line -->",
            "lazy paragraph\n  goes on\nand on",
        ],
    )
    def test_a_block_within_the_limit_is_never_cut(self, block: str) -> None:
        assert size(block) <= MAX_WORDS
        before = numbered(3, PARAGRAPH_WORDS).replace("\n", "\n\n")

        found = texts(f"{before}\n\n{block}\n\n{LONG}\n")

        assert sum(block.rstrip() in text for text in found) == 1

    def test_link_definitions_are_found_with_the_text_around(self) -> None:
        assert texts("text\n\n[ref]: https://example.org 'title'\n") == [
            "text\n\n[ref]: https://example.org 'title'"
        ]

    def test_markers_of_memcairn_are_not_indexed_and_other_comments_are(self) -> None:
        text = f"{LONG}\n\n<!-- memcairn:a\nb -->\n\n<!-- remember this -->\n\n<!--memcairn:c-->"

        assert texts(text) == [LONG, "<!-- remember this -->"]

    def test_a_marker_followed_by_text_on_its_line_is_text(self) -> None:
        assert texts("<!-- memcairn:a --> text <!-- b -->") == [
            "<!-- memcairn:a --> text <!-- b -->"
        ]

    def test_lines_are_those_between_line_feeds_only(self) -> None:
        text = "a\u2028b\x0bc\x0cd\x85e\n\nf\rg\n\n# h\n"

        assert chunks(text) == [
            Chunk("a\u2028b\x0bc\x0cd\x85e\n\nf\rg", 1, 3, (), 0),
            Chunk("# h", 5, 5, ("h",), 1),
        ]

    def test_crlf_counts_as_one_line_end_and_a_bom_as_nothing(self) -> None:
        unix = "---\ntitle: a\n---\n# A\n\ntext\n- b\n"

        assert chunks("\ufeff" + unix.replace("\n", "\r\n")) == chunks(unix)


class TestOverlongBlocks:
    @pytest.mark.parametrize(
        "block",
        [
            numbered(60, 9),
            "- item\n" + numbered(60, 9, "  - {n} "),
            "```\n" + numbered(80, 9) + "\n```",
            "| a |\n|---|\n" + numbered(80, 9, "| {n} |"),
            "word. " * 1000,
            "word " * 1000,
            "x" * 20_000,
            "数据库索引的设计。" * 200,
            "数" * 2_000,
            "ส" * 5_000,
            "word\n" * 1000,
        ],
        ids=[
            "lines",
            "nested",
            "code",
            "table",
            "sentences",
            "words",
            "letters",
            "chinese",
            "unspaced",
            "thai",
            "short lines",
        ],
    )
    def test_a_block_beyond_the_limit_is_cut_into_parts_within_it(self, block: str) -> None:
        found = chunks(f"# H\n\n{block}\n\nend")

        # The heading comes on top.
        assert all(size(chunk.text) <= MAX_WORDS + PARAGRAPH_WORDS for chunk in found)
        assert all(size(chunk.text) >= MAX_WORDS // 4 for chunk in found[1:-2])
        assert found[0].start_line == 1
        squeezed = re.sub(r"\s", "", "".join(chunk.text for chunk in found))
        assert squeezed == re.sub(r"\s", "", f"# H{block}end")

    def test_a_heading_beyond_the_limit_is_cut_too(self) -> None:
        found = chunks("word\n" * 1000 + "===\ntext")

        assert all(size(chunk.text) <= MAX_WORDS for chunk in found)
        assert {chunk.section for chunk in found} == {1}
        assert len(found[0].heading_path[0]) == 200

    def test_the_pieces_of_one_line_share_its_number(self) -> None:
        found = chunks("word. " * 500)

        assert len(found) > 2
        assert {(chunk.start_line, chunk.end_line) for chunk in found} == {(1, 1)}
        assert all(chunk.text.endswith("word.") for chunk in found)

    def test_lines_are_cut_where_a_sentence_ends(self) -> None:
        lines = [f"line {n} goes on without an end" for n in range(60)]
        lines[19] += "."
        lines[38] += "."

        assert [chunk.end_line for chunk in chunks("\n".join(lines))] == [20, 39, 60]

    def test_a_list_item_is_cut_where_an_item_within_it_begins(self) -> None:
        lines = ["- outer"]
        for n in range(12):
            lines += [f"  - inner {n} one two three", *["    four five six seven eight."] * 4]

        starts = [chunk.text.split("\n")[0] for chunk in chunks("\n".join(lines))]

        assert len(starts) > 1
        assert all(start.lstrip().startswith("- ") for start in starts)


class TestPlainText:
    def test_blank_lines_separate_paragraphs(self) -> None:
        found = chunks(f"# {LONG}\n{LONG}\n \n\n- {LONG}\n\nshort", markdown=False)

        assert [(chunk.start_line, chunk.end_line) for chunk in found] == [(1, 2), (5, 5), (7, 7)]
        assert {(chunk.section, chunk.heading_path) for chunk in found} == {(0, ())}

    def test_frontmatter_is_text_like_any_other(self) -> None:
        (chunk,) = chunks("---\ntitle: a\n---\n", markdown=False)

        assert chunk.text == "---\ntitle: a\n---"


PIECES = [
    *("# H", "## H [x]", "Set\n===", "---", "***", "* * *", "```", "~~~ py", "    code", "\tcode"),
    *("- a", "  - b", "1. c", "- [ ] t", "-", "1.", "- - a", "> q", ">", "> - # h", "text", "\\"),
    *(
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "| a |",
        "[^1]: note",
        "[^1]:[^2]:",
        "[^1]:# x",
        "[ref]: /url",
        "[ref]:",
        "[[W|w]]",
    ),
    *("<!-- c -->", "<!--", "-->", "<!-- memcairn:x -->", "<div>", "</div>", "<b>", "<?x", "<!X"),
    *("<![CDATA[", "![i](u)", "&nbsp;", "`", "*", "$x$", "🙂", "数据。库", "\x00", "\ud800"),
    *("", "", "", " ", "\u00a0", "\u2028", "\x0c", "\r", "a\rb"),
    "word " * 200,
]
DOCUMENTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=20), max_size=20).map("\n".join)
# Thematic breaks, memcairn's markers, and the fences of frontmatter.
NOT_INDEXED = re.compile(r"\s*(?:[-*_=]\s*){3,}|\s*<!--\s*memcairn:.*-->\s*|(?:---|\.\.\.)\s*")


class TestAnyText:
    @given(DOCUMENTS | st.text(max_size=200))
    @example("-\n\n  foo\n\n\n\n[a]: b")
    @example("a\n\n---\n---\n<!-- memcairn:x -->")
    @settings(max_examples=300)
    def test_chunks_have_the_text_of_their_lines_and_cover_every_line(self, text: str) -> None:
        lines = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")

        for markdown in (True, False):
            found = chunks(text, markdown=markdown)

            for before, after in pairwise([Chunk("", 0, 0, (), 0), *found]):
                stretch = (after.start_line, after.end_line)
                source = "\n".join(lines[after.start_line - 1 : after.end_line])
                assert after.text.strip()
                if after.start_line == after.end_line:
                    assert after.text in source
                elif before.end_line or after.start_line > 1 or not source.startswith("---"):
                    assert after.text == source
                assert after.start_line > before.end_line or (
                    stretch == (before.start_line, before.end_line) and after.text != source
                )
                assert after.section >= before.section
            covered = {n for chunk in found for n in range(chunk.start_line, chunk.end_line + 1)}
            missing = [line for n, line in enumerate(lines, 1) if n not in covered and line.strip()]
            assert [
                line for line in missing if not markdown or not NOT_INDEXED.fullmatch(line)
            ] == []
            assert chunks(text, markdown=markdown) == found
