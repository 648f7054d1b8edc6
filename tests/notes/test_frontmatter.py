"""Frontmatter: find, read and change it without touching anything else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.errors import NoteError
from memcairn.notes import frontmatter
from memcairn.notes.problem import Problem


class TestSplit:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("---\na: b\n---\nbody", ("a: b\n", 4)),
            ("---\na: b\n...\nbody", ("a: b\n", 4)),
            ("---\n---\n", ("", 3)),
            ("---\na: b\n---", ("a: b\n", 4)),
            ("\ufeff---\na: b\n---\n", ("a: b\n", 4)),
            ("---\r\na: b\r\n---\r\nbody", ("a: b\r\n", 4)),
            ("--- \t\na: b\n---  \nbody", ("a: b\n", 4)),
            ("---\na: |\n  ---\n---\nbody", ("a: |\n  ---\n", 5)),
        ],
    )
    def test_frontmatter_is_between_the_first_line_and_the_next_fence(
        self, text: str, expected: tuple[str, int]
    ) -> None:
        assert frontmatter.split(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "---",
            "---\n",
            "---\na: b\n",
            "----\na: b\n---\n",
            " ---\na: b\n---\n",
            "\n---\n---\n",
            "body\n---\na: b\n---\n",
            "--- a: b\n---\n",
            "***\n---\n",
        ],
    )
    def test_anything_else_is_body_from_the_first_line_on(self, text: str) -> None:
        assert frontmatter.split(text) == (None, 1)


class TestParse:
    def test_values_are_those_of_yaml(self) -> None:
        text = "---\ntitle: A\npinned: true\ndate: 2026-03-01\nextra: {a: [1, 2.5]}\n---\nbody"

        assert frontmatter.parse(text) == (
            {"title": "A", "pinned": True, "date": date(2026, 3, 1), "extra": {"a": [1, 2.5]}},
            7,
            [],
        )

    @pytest.mark.parametrize(
        ("raw", "line"),
        [
            ("title: a: b\n", 2),
            ("title: a\ntags: [b\n", 3),
            ("title: a\n\tb: c\n", 3),
            ("title: 'a\n", 2),
            ("title: a\nx: \x00\n", 3),
            ("title: a\nx: \x07\n", 3),
            ("title: a\nx: *nowhere\n", 3),
            ("title: !!python/object:os.system a\n", 2),
            ("- a\n- b\n", 2),
            ("only text\n", 2),
            ("[a]: b\n", 2),
            ("title: \ud800\n", 2),
            ("a: &a [*a]\n", 2),
            ("? [a, b]\n: c\n", 2),
        ],
    )
    def test_broken_yaml_is_a_problem_with_its_line(self, raw: str, line: int) -> None:
        _, _, problems = frontmatter.parse(f"---\n{raw}---\nbody")

        assert [problem.line for problem in problems] == [line]

    def test_a_key_given_twice_counts_last_and_is_a_problem(self) -> None:
        values, _, problems = frontmatter.parse("---\ntitle: a\nb: c\ntitle: d\n---\n")

        assert values == {"title": "d", "b": "c"}
        assert [problem.line for problem in problems] == [4]

    def test_frontmatter_that_is_never_closed_is_a_problem_and_body(self) -> None:
        assert frontmatter.parse("---\ntitle: a\n\nbody\n") == (
            {},
            1,
            [Problem(1, "frontmatter is opened by --- and never closed")],
        )

    @pytest.mark.parametrize(
        "text", ["---\n\ntext after a rule\n", "---\n---\n", "---\n# a\n---\n"]
    )
    def test_a_rule_or_empty_frontmatter_is_not_a_problem(self, text: str) -> None:
        values, _, problems = frontmatter.parse(text)

        assert (values, problems) == ({}, [])

    def test_a_heading_between_two_rules_is_body(self) -> None:
        assert frontmatter.parse("---\n# A slide\n---\ntext") == ({}, 1, [])

    @pytest.mark.parametrize(
        "raw",
        [
            "a: " + "[" * 50_000,
            "a: " + "[" * 300 + "]" * 300,
            "- " * 30_000,
            "? " * 30_000,
            "\n".join(" " * depth + "a:" for depth in range(340)),
            "a: &a [x, x]\n"
            + "".join(
                f"k{n}: &k{n} [*{p}, *{p}, *{p}]\n"
                for n, p in [(0, "a"), *((n, f"k{n - 1}") for n in range(1, 40))]
            ),
            "a: &a {b: *a}",
            "x: " + "9" * 60_000,
            "x: y\n" * 20_000,
        ],
        ids=[
            "flow",
            "closed flow",
            "dashes",
            "questions",
            "indents",
            "bomb",
            "cycle",
            "int",
            "long",
        ],
    )
    def test_hostile_yaml_is_read_quickly_and_stays_small(self, raw: str) -> None:
        values, _, problems = frontmatter.parse(f"---\n{raw}\n---\nbody")

        assert problems or len(repr(values)) < 100_000

    def test_a_date_that_does_not_exist_does_not_affect_other_keys(self) -> None:
        values, _, problems = frontmatter.parse("---\ntitle: a # b\ndate: 2026-02-30\n---\n")

        assert values == {"title": "a", "date": "2026-02-30"}
        assert problems == []

    @given(st.text(alphabet=st.sampled_from("-:[]{}#&*!|>'\"%@`,?~ab1\n\r\t \ufeff\x00\ud800é🙂")))
    @settings(max_examples=200, deadline=None)
    def test_it_never_raises(self, raw: str) -> None:
        frontmatter.parse(f"---\n{raw}\n---\nbody")
        frontmatter.parse(raw)


NOTE = """\
---
# about this note
title: Old   # the title
tags: [a, b]   # two
aliases:
  - x
  # between
  - y

# dates
date: 2026-03-01
summary: |
  One.
  # no comment

  Two.
empty:
quoted: 'it''s'
last: 1
---
# Body

title: not this one
"""


class TestUpdate:
    @pytest.mark.parametrize(
        ("key", "value", "before", "after"),
        [
            ("title", "New", "title: Old   # the title", "title: New   # the title"),
            ("tags", ["c"], "[a, b]   # two", "[c]   # two"),
            ("aliases", ["z"], "aliases:\n  - x\n  # between\n  - y\n", "aliases: [z]\n"),
            ("date", date(2026, 4, 1), "2026-03-01", "2026-04-01"),
            ("summary", "short", " |\n  One.\n  # no comment\n\n  Two.\n", " short\n"),
            ("empty", "full", "empty:", "empty: full"),
            ("quoted", "a: b", "'it''s'", '"a: b"'),
            ("last", True, "last: 1", "last: true"),
            ("new", "x", "last: 1\n", "last: 1\nnew: x\n"),
            ("title", None, "title: Old   # the title\n", ""),
            ("aliases", None, "aliases:\n  - x\n  # between\n  - y\n", ""),
            ("summary", None, "summary: |\n  One.\n  # no comment\n\n  Two.\n", ""),
            ("absent", None, "", ""),
        ],
    )
    def test_only_the_key_that_changes_changes(
        self, key: str, value: object, before: str, after: str
    ) -> None:
        for newline, bom in (("\n", ""), ("\r\n", "\ufeff")):
            text = bom + NOTE.replace("\n", newline)
            expected = bom + NOTE.replace(before, after, 1).replace("\n", newline)

            assert frontmatter.update(text, {key: value}) == expected

    def test_several_changes_are_made_at_once(self) -> None:
        text = "---\na: 1\nb: 2\nc: 3\n---\nbody"

        changed = frontmatter.update(text, {"c": 30, "a": None, "d": "x", "e": ["y"]})

        assert changed == "---\nb: 2\nc: 30\nd: x\ne: [y]\n---\nbody"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("body", "---\na: 1\n---\nbody"),
            ("", "---\na: 1\n---\n"),
            ("\ufeffbody\r\n", "\ufeff---\r\na: 1\r\n---\r\nbody\r\n"),
            ("---\n---\nbody", "---\na: 1\n---\nbody"),
            ("---\n# only a comment\n---\n", "---\n# only a comment\na: 1\n---\n"),
        ],
    )
    def test_a_note_without_frontmatter_gets_one(self, text: str, expected: str) -> None:
        assert frontmatter.update(text, {"a": 1}) == expected

    @pytest.mark.parametrize("text", ["body", "", "\ufeffbody\r\n", "\n\n# Title\n"])
    def test_added_frontmatter_is_removed_with_its_last_key(self, text: str) -> None:
        assert frontmatter.update(frontmatter.update(text, {"a": 1}), {"a": None}) == text

    def test_empty_frontmatter_stays_if_the_body_looks_like_frontmatter(self) -> None:
        changed = frontmatter.update("---\na: 1\n---\n---\nb: 2\n---\n", {"a": None})

        assert frontmatter.parse(changed)[0] == {}

    def test_removing_from_a_note_without_frontmatter_changes_nothing(self) -> None:
        assert frontmatter.update("body", {"a": None}) == "body"

    @pytest.mark.parametrize(
        "text",
        [
            "---\na: [b\n---\n",
            "---\n- a\n---\n",
            "---\na: 1\na: 2\n---\n",
            "---\n{a: 1}\n---\n",
            "---\na: &x 1\nb: *x\n---\n",
            "---\n? a\n: 1\n---\n",
            "---\ntext\n---\n",
        ],
    )
    def test_frontmatter_that_cannot_be_edited_safely_is_refused(self, text: str) -> None:
        with pytest.raises(NoteError):
            frontmatter.update(text, {"a": "new"})

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (
                "---\nname: fb\ndescription: a: b\n---\nx",
                "---\nname: fb\ndescription: a: b\npinned: true\n---\nx",
            ),
            (
                "---\r\nrun: `x`\r\npinned: false\r\nb: 1\r\n---\r\n",
                "---\r\nrun: `x`\r\npinned: true\r\nb: 1\r\n---\r\n",
            ),
            ("---\nPinned: no\n---\n", "---\nPinned: true\n---\n"),
            ("\n---\ntitle: a\n---\n", "\n---\ntitle: a\npinned: true\n---\n"),
            (
                "---\npermalink: a\n---\n---\nname: b\n---\n",
                "---\npermalink: a\npinned: true\n---\n---\nname: b\n---\n",
            ),
            (
                '+++\ntitle = "a"\n# c\n[extra]\nx = 1\n+++\nbody',
                '+++\ntitle = "a"\n# c\npinned = true\n[extra]\nx = 1\n+++\nbody',
            ),
            ("+++\npinned = false\n+++\n", "+++\npinned = true\n+++\n"),
            ("title:: a\ntags:: b\n\n- c", "title:: a\ntags:: b\npinned:: true\n\n- c"),
            ("title:: a", "title:: a\npinned:: true\n"),
        ],
    )
    def test_a_pin_is_written_in_the_form_that_is_there(self, text: str, expected: str) -> None:
        changed = frontmatter.update(text, {"pinned": True})

        assert changed == expected
        unpinned = frontmatter.update(changed, {"pinned": None})
        assert all(line in text for line in unpinned.splitlines())
        assert "true" not in unpinned

    @pytest.mark.parametrize(
        "text",
        [
            '{\n  "title": "a"\n}\nbody',
            '{\n  "title": "a",\n}\nbody',
            "+++\ntitle = a\n+++\nbody",
            "---\ntitle: a\n---\n---\nname: b\npinned: false\n---\n",
        ],
    )
    def test_a_pin_is_refused_where_it_cannot_be_written(self, text: str) -> None:
        with pytest.raises(NoteError):
            frontmatter.update(text, {"pinned": None if "pinned" in text else True})

    LINE = st.sampled_from(
        [
            "title: a: b",
            "name: x",
            "tags: [a, b",
            "run: `x`",
            "\ttab: y",
            "list:",
            "  - item",
            "# comment",
            "",
            "no key",
            "pinned: false",
            "it: 'open",
        ]
    )

    @given(st.lists(LINE, max_size=6), st.sampled_from(["\n", "\r\n"]), st.text(max_size=20))
    @settings(max_examples=150, deadline=None)
    def test_a_pin_changes_one_line_of_any_frontmatter(
        self, lines: list[str], newline: str, body: str
    ) -> None:
        text = newline.join(["---", *lines, "---", body])
        before = frontmatter.parse(text).values
        try:
            changed = frontmatter.update(text, {"pinned": True})
        except NoteError:
            return

        after = frontmatter.parse(changed).values
        assert after.pop("pinned") is True
        before.pop("pinned", None)
        assert after == before
        kept = [line for line in changed.split(newline) if "pinned" not in line]
        if text.startswith(changed[:6]) and "title: a: b" in lines:
            assert kept == [line for line in text.split(newline) if "pinned" not in line]

    @given(st.text(alphabet=st.sampled_from('+{}"=:[]ab1 \n\r\t-.#\ufeff\x00\ud800é')))
    @settings(max_examples=200, deadline=None)
    def test_no_text_in_another_form_raises(self, raw: str) -> None:
        for text in (f"+++\n{raw}\n+++\nb", f'{{"title": {raw}}}\nb', f"title:: {raw}\nb", raw):
            frontmatter.parse(text)
            try:
                changed = frontmatter.update(text, {"pinned": True})
            except NoteError:
                continue
            assert frontmatter.parse(changed).values["pinned"] in (True, "true")

    VALUES = (
        st.text(max_size=20)
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.dates()
        | st.datetimes(timezones=st.none() | st.just(UTC))
        | st.lists(st.text(max_size=8) | st.booleans() | st.dates() | st.integers(), max_size=4)
        | st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)
    )
    KEYS = st.sampled_from(["title", "tags", "aliases", "summary", "empty", "last", "new", "x y"])

    @given(st.dictionaries(KEYS, st.none() | VALUES, max_size=4), st.sampled_from(["\n", "\r\n"]))
    @settings(max_examples=150, deadline=None)
    def test_a_value_that_was_set_is_read_back_and_the_rest_is_unchanged(
        self, changes: dict[str, Any], newline: str
    ) -> None:
        text = NOTE.replace("\n", newline)

        changed = frontmatter.update(text, changes)

        values, _, problems = frontmatter.parse(changed)
        expected = frontmatter.parse(text)[0] | changes
        assert problems == []
        for key in [key for key in changes if changes[key] is None]:
            expected.pop(key, None)
        assert values == expected
        kept = [line for line in text.split("\n") if line.startswith("#") or "not this" in line]
        assert [line for line in changed.split("\n") if line in kept] == kept
        assert changed.count(newline) == changed.count("\n")
        assert ("\r" in changed) == ("\r" in newline)


def test_moments_keep_their_zone() -> None:
    text = "---\ndate: 2026-03-01T10:00:00+02:00\n---\n"

    value = frontmatter.parse(text)[0]["date"]

    assert value == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert value.isoformat() == "2026-03-01T10:00:00+02:00"
