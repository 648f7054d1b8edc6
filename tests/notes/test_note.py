"""The metadata of a note: from its frontmatter, else from its text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.notes.note import Note, Parsed, parse
from memcairn.notes.prose import MAX_DESCRIPTION


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
        about=("How we deploy.",),
        other=("Project", "kept in the file"),
        language="en",
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
    def test_is_else_the_first_heading_of_level_1_without_markup(self, line: str) -> None:
        body = "text\n\n## Part\n\n# A *b* `c` [d](e)\n\n# F"

        assert note(f"---\n{line}\n---\n{body}").title == "A b c d"

    @pytest.mark.parametrize(
        ("body", "title"),
        [
            ("## Getting started\n\nFirst words.", "Getting started"),
            ("***\n\n## Getting started\n\nFirst words.", "Getting started"),
            ("Snapshots stay.\n\n## Recover a snapshot\n\nOpen settings.", "File recovery"),
            ("- item\n\n### Usage\n\ntext", "File recovery"),
            ("```\n# no heading\n```\n\n## Usage", "File recovery"),
        ],
    )
    def test_is_a_heading_below_level_1_only_if_it_opens_the_body(
        self, body: str, title: str
    ) -> None:
        assert note(body, "File recovery").title == title

    @pytest.mark.parametrize(
        ("heading", "title"),
        [
            ("Vault {#vault}", "Vault"),
            ("Vault {/* the-vault */}", "Vault"),
            ("Vault {.class #id}", "Vault"),
            ("🚀 Vault 🔐", "Vault"),
            (":rocket: Vault", "Vault"),
            ("[Vault](https://v.example) ![ci](b.svg)", "Vault"),
            ("Vault <Badge text='beta' />", "Vault"),
            ("🚀", "🚀"),
            ("C++ {x}", "C++ {x}"),
            ("Ratio 1:2:3", "Ratio 1:2:3"),
        ],
    )
    def test_has_no_anchor_badge_or_link(self, heading: str, title: str) -> None:
        assert note(f"# {heading}\n\ntext").title == title

    @pytest.mark.parametrize("value", ["{{title}}", "<% tp.file.title %>", "'{{ title }}'"])
    def test_is_no_placeholder_of_a_template(self, value: str) -> None:
        assert note(f"---\ntitle: {value}\ntags: [a]\n---\ntext", "my-note").title == "my note"

    def test_of_frontmatter_may_be_a_link(self) -> None:
        assert note('---\ntitle: "[Vault](v.md)"\n---\n').title == "Vault"

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

    @pytest.mark.parametrize("line", ["# 1.10.0 (October 24, 2026)", "# v2.0 / 2024-08-31"])
    def test_is_not_a_version(self, line: str) -> None:
        assert note(f"{line}\n\nText.", "release-notes").title == "release notes"


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
            ("![ci](b.svg) ![npm](n.svg)\n\nKeeps secrets.", "Keeps secrets."),
            ("[![ci](b.svg)](c)\n[![npm](n.svg)](d)\n\nKeeps secrets.", "Keeps secrets."),
            ("[Home](a) | [Docs](b) · [API](c)\n\nKeeps secrets.", "Keeps secrets."),
            ("Date: 2026-01-04\n\nPages are slow.", "Pages are slow."),
            ("**Date:** 2026-01-04\n**Status:** Accepted\n\nPages are slow.", "Pages are slow."),
            ("_Last updated: March 3, 2026_\n\nPages are slow.", "Pages are slow."),
            ("Last updated on 3 March 2026.\n\nPages are slow.", "Pages are slow."),
            ("Monday, March 3rd, 2026\n\nPages are slow.", "Pages are slow."),
            ("2026-03-03\n\nPages are slow.", "Pages are slow."),
            ("{{< figure src='a.png' >}}\n\nKeeps secrets.", "Keeps secrets."),
            ("{% include nav.html %}\n\nKeeps secrets.", "Keeps secrets."),
            ("[[_TOC_]]\n\nKeeps secrets.", "Keeps secrets."),
            ("[toc]\n\nKeeps secrets.", "Keeps secrets."),
            (":::tip\n\nKeeps secrets.", "Keeps secrets."),
            ("import Tabs from '@theme/Tabs'\n\nKeeps secrets.", "Keeps secrets."),
            ("export const x = 1\n\nKeeps secrets.", "Keeps secrets."),
            ("<Tabs items={['a',\n 'b']}>\n\nKeeps secrets.", "Keeps secrets."),
            ("{/* a comment */}\n\nKeeps secrets.", "Keeps secrets."),
            ("| a | b |\n\nKeeps secrets.", "Keeps secrets."),
            ("https://example.com/a/b\n\nKeeps secrets.", "Keeps secrets."),
            ("<https://example.com>\n\nKeeps secrets.", "Keeps secrets."),
            ("#tag #other\n\nKeeps secrets.", "Keeps secrets."),
            ("- [Install](#i)\n- [Use](#u)\n", ""),
            ("- [Install](#i)\n- Keeps secrets. Well.\n", "Keeps secrets."),
            ("[Docs](b)\n", ""),
            ("The date is 2026-01-04 for all.", "The date is 2026-01-04 for all."),
            ("Important clause.", "Important clause."),
            ("Up next: the release.", "Up next: the release."),
            ("[![npm](n.svg)](c)\n[![ci](b.svg)](d)\nKeeps secrets.", "Keeps secrets."),
            ("![logo](l.png) Keeps secrets.", "Keeps secrets."),
            ("**Documentation**: <https://example.com>\n\nKeeps secrets.", "Keeps secrets."),
            ("Table of contents\n\nKeeps secrets.", "Keeps secrets."),
            ("[Back to top](#top)\n\nKeeps secrets.", "Keeps secrets."),
            ("v5.16.0 - March 29, 2019\n\nKeeps secrets.", "Keeps secrets."),
            ("Usage:\n\nKeeps secrets.", "Keeps secrets."),
            ("# Vault\n\nVault.\n\nKeeps secrets.", "Keeps secrets."),
            (
                "Hello! First of all, DON'T PANIC! It keeps all secrets in one file.",
                "It keeps all secrets in one file.",
            ),
            ("Welcome!\n\nKeeps secrets.", "Keeps secrets."),
        ],
    )
    def test_is_the_first_sentence_of_the_first_paragraph(
        self, body: str, description: str
    ) -> None:
        assert note(body).description == description
        assert note(f"---\ntitle: t\n---\n{body}").description == description

    def test_never_repeats_the_title(self) -> None:
        assert note("# Vault\n\nThe vault.\n").description == ""
        assert (
            note("---\ntitle: Vault\ndescription: vault\n---\nKeeps it.").description == "Keeps it."
        )

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
            ("tags:\n  - a\n  - [b, c]\n  - {d: e}", ("a", "b", "c", "d/e")),
            ("tags: {area: db, team: [ops, web]}", ("area/db", "team/ops", "team/web")),
            ("tags: {db: true, ops: }", ("db", "ops")),
            ("tags:\n  - name: db\n  - label: ops", ("db", "ops")),
            ("tag: db", ("db",)),
            ("Tags: [db]", ("db",)),
            ("TAGS: db\nTag: ops", ("db", "ops")),
            ("tags: 7", ("7",)),
            ("tags: []", ()),
            ("tags:", ()),
        ],
    )
    def test_are_read_from_a_list_or_a_line(self, line: str, tags: tuple[str, ...]) -> None:
        assert field(line).note.tags == tags


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

    @pytest.mark.parametrize(
        ("head", "date"),
        [
            ("metadata:\n  type: x\n  modified: 2026-01-05T18:58:28.638Z", "2026-01-05"),
            ("metadata:\n  created: 2026-01-04", "2026-01-04"),
            ("metadata:\n  created: '2026-01-04'\n  modified: 2026-01-05", "2026-01-05"),
            ("metadata:\n  modified: soon\ncreated: 2026-01-04", "2026-01-04"),
            ("Date: 2026-01-05", "2026-01-05"),
        ],
    )
    def test_are_also_read_from_metadata_and_from_keys_in_capitals(
        self, head: str, date: str
    ) -> None:
        parsed = field(head)

        assert (parsed.note.date or "")[:10] == date
        assert parsed.problems == ()

    @pytest.mark.parametrize(
        ("stem", "date"),
        [
            ("2026_01_05", "2026-01-05"),
            ("2026-01-05-standup", "2026-01-05"),
            ("2026.01.05 standup", "2026-01-05"),
            ("20260105", "2026-01-05"),
            ("202601051130 idea", "2026-01-05"),
            ("20261399", None),
            ("12345678", None),
            ("release-20260105999", None),
        ],
    )
    def test_are_else_read_from_the_name_of_the_file(self, stem: str, date: str | None) -> None:
        assert note("text", stem).date == date


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


def test_a_line_that_is_not_frontmatter_is_indexed_as_text() -> None:
    parsed = parse("---\ntitle: a: b\n\nkeywords [c\n---\n# H\n\ntext", stem="s")

    assert parsed.note.title == "a: b"
    assert [(chunk.text, chunk.start_line, chunk.end_line) for chunk in parsed.chunks] == [
        ("keywords [c", 4, 4),
        ("# H\n\ntext", 6, 8),
    ]
    assert [problem.line for problem in parsed.problems] == [2, 4]


def test_frontmatter_that_cannot_be_read_at_all_is_indexed_as_text() -> None:
    parsed = parse("---\nonly text\n---\nbody", stem="s")

    assert [(chunk.text, chunk.start_line) for chunk in parsed.chunks] == [
        ("only text", 2),
        ("body", 4),
    ]


class TestBroken:
    def test_a_colon_in_a_value_costs_nothing(self) -> None:
        parsed = parse(
            "---\nname: fb\ndescription: Tests must hit a real database: mocks hid a bug\n"
            "type: feedback\ntags: [db]\n---\nUse the compose file.",
            stem="stem",
        )

        assert parsed.note.title == "fb"
        assert parsed.note.description == "Tests must hit a real database: mocks hid a bug"
        assert (parsed.note.type, parsed.note.tags) == ("feedback", ("db",))
        assert [problem.line for problem in parsed.problems] == [3]

    @pytest.mark.parametrize(
        ("line", "line_number"),
        [
            ("run: `C:\\agent\\bin\\run.exe`", 3),
            ("\tbad: tab", 3),
            ("title2: {{title}}", 3),
            ("at: @someone", 3),
            ("quote: 'it", 3),
            ('quote: "C:\\path"', 3),
            ("list: [a, b", 3),
            ("a: 50% off: now\nb:\n  - x: y: z\n  - w", 3),
            ("metadata:\n  node_type: memory\n  why: a: b", 5),
        ],
    )
    def test_the_other_lines_are_kept(self, line: str, line_number: int) -> None:
        parsed = parse(f"---\ntitle: Runner\n{line}\ntype: reference\n---\nx", stem="stem")

        assert (parsed.note.title, parsed.note.type) == ("Runner", "reference")
        assert parsed.problems[0].line == line_number

    def test_lists_are_kept(self) -> None:
        parsed = parse(
            "---\nwhy: a: b\ntags:\n  - db\n  - c: d: e\naliases: [x, y: z: w\n---\n", stem="stem"
        )

        assert parsed.note.tags == ("db", "c: d: e")
        assert parsed.note.about[:2] == ("x", "y: z: w")


class TestSecondBlock:
    def test_of_frontmatter_adds_its_keys(self) -> None:
        parsed = parse(
            "---\npermalink: p/d\n---\n\n---\nname: real-name\ndescription: What it is\n---\n\n# Real",
            stem="stem",
        )

        assert (parsed.note.title, parsed.note.description) == ("real-name", "What it is")
        assert [chunk.start_line for chunk in parsed.chunks] == [10]

    def test_text_between_two_rules_is_body(self) -> None:
        parsed = parse("---\ntitle: t\n---\n---\nNote: this\n---\nmore", stem="stem")

        assert parsed.chunks[0].start_line < 7


@pytest.mark.parametrize(
    "before", ["\n", "\n\n", "<!-- license -->\n", "\ufeff\n", "<!-- a\nb -->\n\n"]
)
def test_blank_lines_and_comments_may_stand_before_frontmatter(before: str) -> None:
    parsed = parse(f"{before}---\ntitle: T\ndate: soon\n---\nbody", stem="stem")

    assert parsed.note.title == "T"
    assert parsed.problems[0].line == 3 + before.count("\n")


class TestOtherForms:
    def test_toml_is_read(self) -> None:
        parsed = parse(
            '+++\ntitle = "Quarterly crawl budget"\ndate = 2026-02-03\n[taxonomies]\ntags = ["seo"]\n'
            "+++\nBody.",
            stem="stem",
        )

        assert parsed.note.title == "Quarterly crawl budget"
        assert parsed.note.date == "2026-02-03"
        assert parsed.note.tags == ("seo",)
        assert parsed.note.description == "Body."

    def test_broken_toml_loses_one_line(self) -> None:
        parsed = parse('+++\ntitle = "T"\ndate = soon\ntags = ["a"]\n+++\nBody.', stem="stem")

        assert (parsed.note.title, parsed.note.tags) == ("T", ("a",))
        assert [problem.line for problem in parsed.problems] == [3]

    def test_json_is_read(self) -> None:
        parsed = parse('{\n  "title": "T",\n  "tags": ["a"]\n}\n\nBody.', stem="stem")

        assert (parsed.note.title, parsed.note.tags) == ("T", ("a",))
        assert [chunk.text for chunk in parsed.chunks] == ["Body."]

    @pytest.mark.parametrize("text", ["{{< x >}}\n", "{\n", "{}", '{"a": 1}\ntext', "[1]\n"])
    def test_other_braces_are_body(self, text: str) -> None:
        assert parse(text, stem="stem").note.title == "stem"

    def test_logseq_properties_are_read(self) -> None:
        parsed = parse(
            "type:: Feature\nplatforms:: all\nalias:: LaTeX, [[Maths]]\ntags:: [[a b]], #c\n"
            "description:: Draws formulas\n\n- Usage",
            stem="stem",
        )

        assert parsed.note.description == "Draws formulas"
        assert parsed.note.type == "feature"
        assert parsed.note.tags == ("a b", "c")
        assert parsed.note.about == ("Draws formulas", "LaTeX", "Maths")
        assert "all" in parsed.note.other
        assert [chunk.text for chunk in parsed.chunks] == ["- Usage"]

    @pytest.mark.parametrize("text", ["std::vector is a list.", "Question:: Answer\n\ntext"])
    def test_other_double_colons_are_body(self, text: str) -> None:
        assert parse(text, stem="stem").chunks[0].start_line == 1


class TestDecisions:
    @pytest.mark.parametrize(
        ("body", "successor"),
        [
            (
                "## Status\n\nSuperseded by [9](0009-no-cache.md)\n\n## Context\n",
                "0009-no-cache.md",
            ),
            ("## Status\n\nAccepted\n\nSuperceded by [9](9.md)\n\n## Context\n", "9.md"),
            ("Status: Superseded by [9](9.md)\n", "9.md"),
            ("* Status: superseded by [[no-cache]]\n", "[[no-cache]]"),
            ("- **Status**: Superseded by ADR-0009\n", "ADR-0009"),
            ("**Status:** Deprecated\n", "nothing: it is deprecated"),
            ("## Status\nDeprecated\n", "nothing: it is deprecated"),
            ("| Status | ~~Accepted~~ Replaced by [9](9.md) |\n", "9.md"),
            ("## Status\n\nAccepted\n\nSupersedes [3](3.md)\n", None),
            ("Status: Accepted\n", None),
            ("Status: proposed | accepted | deprecated | superseded by [9](9.md)\n", None),
            ("## Context\n\nSuperseded by events.\n", None),
        ],
    )
    def test_that_are_replaced_name_their_successor(self, body: str, successor: str | None) -> None:
        assert note(f"# 4. Cache pages\n\nDate: 2026-01-04\n\n{body}").superseded_by == successor

    @pytest.mark.parametrize(
        ("value", "successor"),
        [("superseded by ADR-0009", "ADR-0009"), ("deprecated", "nothing: it is deprecated")],
    )
    def test_may_say_so_in_frontmatter(self, value: str, successor: str) -> None:
        assert field(f"status: {value}").note.superseded_by == successor

    def test_are_described_by_their_context(self) -> None:
        text = (
            "# 4. Cache pages\n\nDate: 2026-01-04\n\n## Status\n\nSuperseded by [9](9.md)\n\n"
            "## Context\n\nPages are slow."
        )

        assert note(text).description == "Pages are slow."


class TestAbout:
    def test_has_all_names_of_a_note_and_other_has_all_other_values(self) -> None:
        text = """\
---
title: The title
name: the-name
description: The description.
hint: The hint.
summary: The summary.
Aliases: [SSO, single sign-on]
alias: one login
keywords: saml, oidc
author: Ada
project: {code: Zephyr}
related:
  - Kiwi
draft: true
metadata: {originSessionId: abc}
---
Body.
"""
        found = note(text, "one_account")

        assert found.about == (
            "The description.",
            "The hint.",
            "The summary.",
            "the-name",
            "SSO",
            "single sign-on",
            "one login",
            "saml, oidc",
        )
        assert found.other == ("Ada", "Zephyr", "Kiwi", "abc")


@given(st.text(alphabet=st.sampled_from("ab: -\n#[]'\"0129{}&*!|>"), max_size=60), st.text())
@settings(max_examples=200, deadline=None)
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
