import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from memory_md_samples import HOSTILE, Link, markdown_it_links, paths, pyromark_links, texts

from memcairn.memory_md import entry
from memcairn.memory_md.graphemes import count


def write(title, path, description="", *, up="", chars=150, size_bytes=1000):
    return entry.line(
        entry.shown_title(title, path),
        entry.destination(path, up=up),
        entry.clean(description),
        chars=chars,
        size_bytes=size_bytes,
    )


def one_item(text):
    """Whether markdown-it takes a text for one list with one item of one paragraph."""
    from markdown_it import MarkdownIt

    kinds = [token.type for token in MarkdownIt().parse(text) if token.nesting >= 0]
    return kinds == ["bullet_list_open", "list_item_open", "paragraph_open", "inline"]


@settings(max_examples=300)
@given(texts, paths, texts)
@example("fix](x) <!-- memcairn:end -->", "a.md", "](javascript:alert(1))")
@example("](javascript:alert(1))", "javascript:alert(1).md", "\u2028")
@example("a <", "](x).md", "`")
@example("snake_case_name", "snake_case_name.md", "_x_ a_b")
@example("C:\\", "\\.md", "\\")
def test_an_entry_reads_back_under_commonmark_as_what_it_says(title, path, description):
    line = write(title, path, description, chars=100_000, size_bytes=1_000_000)

    expected = [Link(entry.shown_title(title, path), path)]
    assert "\n" not in line
    assert markdown_it_links(line) == expected
    assert pyromark_links(line) == expected
    assert one_item(line)


@settings(max_examples=300)
@given(texts, paths, texts, st.sampled_from(["", "../"]))
def test_our_parser_reads_what_commonmark_reads(title, path, description, up):
    line = write(title, path, description, up=up, chars=100_000, size_bytes=1_000_000)

    assert entry.parse(line, up=up) == entry.IndexEntry(
        entry.shown_title(title, path), path, entry.clean(description)
    )


@settings(max_examples=300)
@given(texts, paths, texts, st.integers(80, 150), st.integers(120, 1000))
def test_a_long_entry_loses_description_and_title_and_never_the_link(
    title, path, description, chars, size_bytes
):
    line = write(title, path, description, chars=chars, size_bytes=size_bytes)

    found = entry.parse(line)
    assert found.path == path
    assert markdown_it_links(line) == pyromark_links(line) == [Link(found.title, path)]
    assert_is_start(found.title, entry.shown_title(title, path))
    assert_is_start(found.description, entry.clean(description))
    room = (
        chars - count(entry.destination(path)),
        size_bytes - len(entry.destination(path).encode()),
    )
    if min(room) > 10:
        assert count(line) <= chars
        assert len(line.encode()) <= size_bytes


def assert_is_start(shown, whole):
    assert shown == whole or whole.startswith(shown.removesuffix(entry.ELLIPSIS))


@settings(max_examples=300)
@given(texts)
def test_a_cleaned_text_is_one_line_without_controls_and_stays_as_it_is(text):
    cleaned = entry.clean(text)

    assert len(cleaned.splitlines()) <= 1
    assert cleaned == " ".join(cleaned.split(" ")).strip()
    assert not any(unicodedata.category(char) in {"Cc", "Zl", "Zp", "Cs"} for char in cleaned)
    assert not any(
        char in cleaned for char in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200b\ufeff"
    )
    assert entry.clean(cleaned) == cleaned


@settings(max_examples=300)
@given(texts, paths, texts)
def test_no_entry_holds_a_comment_or_a_marker(title, path, description):
    line = write(title, path, description)

    assert "<!--" not in line
    assert "-->" not in line
    assert not re.search(r"<[A-Za-z/!?]", re.sub(r"\]\(<[^<>]*>\)", "", line))


@pytest.mark.parametrize("text", HOSTILE)
def test_escaping_is_undone_by_unescaping(text):
    cleaned = entry.clean(text)

    assert entry.unescape(entry.escape(cleaned)) == cleaned


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("feedback/no-push-main.md", "feedback/no-push-main.md"),
        ("my notes/a b.md", "<my notes/a b.md>"),
        ("f(x).md", "<f(x).md>"),
        ("日本語/メモ.md", "日本語/メモ.md"),
        ("pages/[id].md", "pages/[id].md"),
        ("100%.md", "100%25.md"),
        ("a#b?.md", "a%23b%3F.md"),
        ("javascript:x.md", "javascript%3Ax.md"),
        ("2025-01-01T10:00.md", "2025-01-01T10:00.md"),
        ("R&D.md", "R&D.md"),
        ("&lt;.md", "%26lt;.md"),
        ("a\nb.md", "a%0Ab.md"),
        ("caf\udce9.md", "caf%E9.md"),
        (" a.md", "<%20a.md>"),
    ],
)
def test_a_path_stays_readable_where_it_can(path, written):
    assert entry.destination(path) == written
    assert entry.path_of(written) == path


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("snake_case in a_title", "snake_case in a_title"),
        ("a < b & c > d", "a < b & c > d"),
        ("<b> &lt;", r"&lt;b> \&lt;"),
        ("[x] *y* `z`", r"\[x\] \*y\* \`z\`"),
        ("ends --> here", "ends --&gt; here"),
        ("_private", r"\_private"),
        ("^1", r"\^1"),
    ],
)
def test_only_what_markdown_would_take_for_markup_is_escaped(title, written):
    assert write(title, "a.md") == f"- [{written}](a.md)"


@pytest.mark.parametrize("unit", ["x", "語", "👩‍👩‍👧‍👦", "[", "\\", "e\u0301\u0302", "क्ष"])
def test_a_title_of_ten_thousand_characters_is_cut(unit):
    line = write(unit * 10_000, "a.md", unit * 10_000, size_bytes=500)

    found = entry.parse(line)
    assert count(line) <= 150
    assert len(line.encode()) <= 500
    assert len(found.title) > 10
    assert markdown_it_links(line) == pyromark_links(line) == [Link(found.title, "a.md")]


def test_a_path_of_four_thousand_bytes_is_whole():
    path = "/".join(["d" * 249] * 16) + ".md"

    assert entry.parse(write("A title", path, "words")).path == path


def test_a_note_without_a_title_shows_its_file_name():
    assert write(" \u200b\n", "a/plan-b.md") == "- [plan-b](a/plan-b.md)"
    assert write("", "\u202e.md") == "- [note](%E2%80%AE.md)"


def test_chinese_gets_as_many_characters_as_english():
    line = write("部署" * 20, "a.md", "流程" * 100)

    assert count(line) == 150
    assert line.endswith(("流程…", "程流…"))


def test_an_emoji_family_is_one_character_and_is_not_torn_apart():
    family = "👩‍👩‍👧‍👦"
    line = write(family * 40, "a.md", size_bytes=5000, chars=30)

    assert line == "- [" + family * 19 + "…](a.md)"
    assert count(line) == 30


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# Memory index",
        "- plain text",
        "- [a](b.md) trailing",
        "- [a](b c.md)",
        "- [a[b](c.md)",
        "* [a](b.md)",
        "  - [a](b.md)",
        "- [a](../b.md) — up",
    ],
)
def test_other_lines_are_not_entries(line):
    assert entry.parse(line, up="x/") is None


def test_a_line_that_claude_code_wrote_is_read():
    assert entry.parse("- [Role](user_role.md) — staff engineer") == entry.IndexEntry(
        "Role", "user_role.md", "staff engineer"
    )


@pytest.mark.parametrize(
    ("description", "shown"),
    [
        (
            "Accounts are free and easy to create. Each gives access to all of the teams",
            "Accounts are free and easy to create.",
        ),
        (
            "Accounts are easy to create, and each gives access to all of the teams",
            "Accounts are easy to create, and each gives…",
        ),
    ],
)
def test_a_long_description_ends_after_a_sentence_or_a_word(description, shown):
    assert (
        entry.line("A", "a.md", description, chars=60, size_bytes=200) == f"- [A](a.md) — {shown}"
    )
