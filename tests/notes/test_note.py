"""The metadata of a note: from its frontmatter, else from its text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.notes.note import MAX_DESCRIPTION, Note, Parsed, Problem, parse


def note(text: str, stem: str = "stem") -> Note:
    return parse(text, stem=stem).note


def field(line: str) -> Parsed:
    return parse(f"---\ntitle: t\n{line}\n---\nbody", stem="stem")


def test_every_field_of_frontmatter_is_read() -> None:
    text = """\
---
name: Blue-green rollout
summary: How we deploy.
category: Project
tags: [deploy, "#ops", deploy]
namespace: app
pinned: yes
created: 2026-01-02
modified: 2026-03-01T10:00:00+02:00
valid_until: 2027-01-01
superseded_by: "[[new-rollout]]"
unknown: kept in the file
---
# Heading
"""

    assert parse(text, stem="x").note == Note(
        title="Blue-green rollout",
        description="How we deploy.",
        type="project",
        tags=("deploy", "ops"),
        namespace="app",
        pinned=True,
        date="2026-03-01T10:00:00+02:00",
        created="2026-01-02",
        modified="2026-03-01T10:00:00+02:00",
        valid_until="2027-01-01",
        superseded_by="[[new-rollout]]",
    )


class TestTitle:
    @pytest.mark.parametrize(
        ("line", "title"),
        [
            ("title: 1.10", "1.10"),
            ("title: 0123 # octal", "0123"),
            ("title: yes", "yes"),
            ("title: 2026-03-01", "2026-03-01"),
            ("title: 2026-02-30", "2026-02-30"),
            ("title: 12:30", "12:30"),
            ("title: '1.10'", "1.10"),
            ("title: [[Wiki link]]", "Wiki link"),
            ("title: |\n  two\n  lines", "two lines"),
            ("title: 数据库", "数据库"),
        ],
    )
    def test_is_as_it_is_written_whatever_type_it_has_for_yaml(self, line: str, title: str) -> None:
        assert note(f"---\n{line}\n---\n# Heading").title == title

    @pytest.mark.parametrize(
        "line", ["title:", "title: ''", "title: ~", "title: {a: b}", "other: x"]
    )
    def test_is_else_the_first_heading_without_markup(self, line: str) -> None:
        assert note(f"---\n{line}\n---\ntext\n\n## A *b* `c` [d](e)\n\n# F").title == "A b c d"

    @pytest.mark.parametrize(
        ("stem", "title"),
        [
            ("2026-03-01-blue-green_rollout", "2026-03-01 blue green rollout"),
            ("notes_2026_03_01", "notes 2026-03-01"),
            ("README", "README"),
            ("a--b", "a b"),
            ("---", "---"),
            ("数据库_设计", "数据库 设计"),
        ],
    )
    def test_is_else_the_stem_made_readable(self, stem: str, title: str) -> None:
        assert note("text", stem).title == title


class TestDescription:
    @pytest.mark.parametrize(
        ("body", "description"),
        [
            ("# H\n\nFirst *one*. Second.", "First one."),
            (
                "Line\nbreak, e.g. this, and v1.2.3 of Dr. Who! Next.",
                "Line break, e.g. this, and v1.2.3 of Dr. Who!",
            ),
            ("我们选择了蓝绿部署。然后回滚。", "我们选择了蓝绿部署。"),
            ("「猫が好き。」犬も。", "「猫が好き。」"),
            ("No end", "No end"),
            ("See [[Page|the page]] and ![alt](i.png). More.", "See the page and alt."),
            ("> quoted. More.\n\nParagraph. More.", "Paragraph."),
            ("- first item\n- second", "first item"),
            ("> only a quote", "only a quote"),
            ("<div>\nhtml\n</div>\n\n![](badge.svg)\n\nText.", "Text."),
            ("```\ncode\n```", ""),
            ("---\n\nText after a rule.", "Text after a rule."),
            ("", ""),
        ],
    )
    def test_is_the_first_sentence_of_the_first_paragraph(
        self, body: str, description: str
    ) -> None:
        assert note(body).description == description
        assert note(f"---\ntitle: t\n---\n{body}").description == description

    def test_of_frontmatter_comes_first_and_is_one_line(self) -> None:
        assert note("---\nhint: >\n  Two\n  lines. And more.\n---\nText.").description == (
            "Two lines. And more."
        )

    def test_that_is_too_long_is_cut_at_a_word(self) -> None:
        description = note("word " * 200).description

        assert len(description) <= MAX_DESCRIPTION
        assert description.endswith("word…")
        assert len(note("x" * 9999).description) <= MAX_DESCRIPTION


class TestTags:
    @pytest.mark.parametrize(
        ("line", "tags"),
        [
            ("tags: one, two words, '#three'", ("one", "two words", "'#three'")),
            ("tags: [1, true, 2026-03-01, null, 1.5]", ("1", "true", "2026-03-01", "1.5")),
            ("tags:\n  - a\n  - [b, c]\n  - {d: e}", ("a", "b", "c")),
            ("tags: 7", ("7",)),
            ("tags: []", ()),
            ("tags:", ()),
        ],
    )
    def test_are_read_from_a_list_or_a_line(self, line: str, tags: tuple[str, ...]) -> None:
        assert field(line).note.tags == tags

    def test_that_are_a_mapping_are_a_problem(self) -> None:
        assert field("tags: {a: b}").problems == (Problem(3, "tags is neither text nor a list"),)


class TestDates:
    @pytest.mark.parametrize(
        ("value", "date"),
        [
            ("2026-03-01", "2026-03-01"),
            ("'2026-03-01'", "2026-03-01"),
            ("2026/3/1", "2026-03-01"),
            ("2026.03.01", "2026-03-01"),
            ("20260301", "2026-03-01"),
            ("2026-03-01 10:00", "2026-03-01T10:00:00"),
            ("2023-05-08T13:56", "2023-05-08T13:56:00"),
            ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00+00:00"),
            ("2026-03-01 10:00:00 +02:00", "2026-03-01T10:00:00+02:00"),
            ("", None),
            ("''", None),
        ],
    )
    def test_become_iso_text(self, value: str, date: str | None) -> None:
        parsed = field(f"date: {value}")

        assert parsed.note.date == date
        assert parsed.problems == ()

    @pytest.mark.parametrize("value", ["soon", "2026-02-30", "[2026]", "yes", "12", "2026-03-01x"])
    def test_that_are_invalid_are_a_problem_with_their_line(self, value: str) -> None:
        parsed = field(f"date: {value}")

        assert parsed.note.date is None
        assert [problem.line for problem in parsed.problems] == [3]

    def test_the_notes_own_is_date_then_modified_then_created(self) -> None:
        lines = ["date: 2026-03-03", "modified: 2026-02-02", "created: 2026-01-01"]

        assert [field("\n".join(lines[n:])).note.date for n in range(3)] == [
            "2026-03-03",
            "2026-02-02",
            "2026-01-01",
        ]


class TestPinned:
    @pytest.mark.parametrize("value", ["true", "yes", "On", "1", '"true"'])
    def test_by_any_word_for_yes(self, value: str) -> None:
        assert field(f"pinned: {value}").note.pinned

    @pytest.mark.parametrize("value", ["false", "no", "0", "", "''"])
    def test_not_by_any_word_for_no(self, value: str) -> None:
        assert not field(f"pinned: {value}").note.pinned

    def test_anything_else_is_a_problem(self) -> None:
        parsed = field("pinned: maybe")

        assert (parsed.note.pinned, [problem.line for problem in parsed.problems]) == (False, [3])


class TestFrontmatterAlone:
    def test_is_found_by_its_description(self) -> None:
        (chunk,) = parse("---\ntitle: t\ndescription: d\ntags: [x]\n---\n\n", stem="s").chunks

        assert (chunk.text, chunk.start_line, chunk.end_line) == ("d", 1, 5)

    def test_is_found_by_its_title_where_it_has_no_description(self) -> None:
        parsed = parse("---\ntags: [x]\n---\n", stem="my-note")

        assert parsed.note.description == ""
        assert [chunk.text for chunk in parsed.chunks] == ["my note"]

    @pytest.mark.parametrize("text", ["", "\n\n", "---\n---\n", "\ufeff"])
    def test_nothing_at_all_has_no_chunk(self, text: str) -> None:
        assert parse(text, stem="s").chunks == ()


def test_a_note_with_broken_frontmatter_is_found_by_its_text() -> None:
    parsed = parse("---\ntitle: a: b\n\nkeywords [c\n---\n# H\n\ntext", stem="s")

    assert parsed.note.title == "H"
    assert [(chunk.text, chunk.start_line, chunk.end_line) for chunk in parsed.chunks] == [
        ("title: a: b\n\nkeywords [c", 2, 4),
        ("# H\n\ntext", 6, 8),
    ]
    assert [problem.line for problem in parsed.problems] == [2]


@given(st.text(alphabet=st.sampled_from("ab: -\n#[]'\"0129{}&*!|>"), max_size=60), st.text())
@settings(max_examples=200)
def test_any_frontmatter_gives_a_note(raw: str, body: str) -> None:
    keys = ("title", "tags", "date", "pinned", "type", "description", "superseded_by", "created")
    for text in (raw, *(f"{key}: {raw}" for key in keys)):
        parsed = parse(f"---\n{text}\n---\n{body}", stem="s")

        lines = 3 + text.count("\n") + body.count("\n") + 1
        assert parsed.note.title
        assert "\n" not in parsed.note.title + parsed.note.description
        assert all(1 <= problem.line <= lines for problem in parsed.problems)


def test_the_type_is_found_where_claude_code_writes_it() -> None:
    head = "name: zebra-protocol\nmetadata: \n  node_type: memory\n  type: project\n"

    assert note(f"---\n{head}---\n\nzebra\n").type == "project"


@pytest.mark.parametrize(
    "metadata", ["metadata:", "metadata: text", "metadata: [type]", "metadata:\n  type: [a]"]
)
def test_metadata_without_a_type_is_ignored(metadata: str) -> None:
    assert note(f"---\n{metadata}\n---\nzebra\n").type is None
