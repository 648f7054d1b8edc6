"""The reader of plain frontmatter returns the result of the YAML parser, or None."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.notes import plain_yaml, yaml_mapping

PLAIN = """\
title: Blue-green rollout
name: "in quotes: #1"
hint: 'also in quotes'
url: https://example.org/a#b
tags: [deploy, ops and more, c++]
none: []
aliases:
  - green
  - blue rollout
empty:
pinned: true
count: 42
date: 2026-03-01
created: 2026-03-01T10:00:00Z
modified: 2026-03-01 10:00:00+02:00
day: 2023-05-08T13:56
标题: 蓝绿部署
"""


def test_plain_frontmatter_has_the_values_of_yaml() -> None:
    plain = PLAIN.partition("标题")[0]

    assert plain_yaml.read(plain) == yaml.safe_load(plain)


@pytest.mark.parametrize(
    "raw",
    [
        "a: b: c",
        "a: b #comment",
        "a: &anchor b",
        "a: *alias",
        "a: |\n  text",
        "a: {b: c}",
        "a: [b, [c]]",
        "a: [yes]",
        "a: [1]",
        "a: [b, ]",
        "a:\n  b: c",
        "a:\n  - b\n - c",
        "a: b\n  c",
        "a: b\na: c",
        "yes: a",
        "a: 1.5",
        "a: 0x1f",
        "a: 12:30:00",
        'a: "\\n"',
        "a: 'it''s'",
        "a: b\tc",
        "a: \ufeffb",
        "a: b\x00",
        "a: b\u2028c",
        "- a",
        "? a",
        "!!set a",
        "text",
        "标题: a",
    ],
)
def test_other_frontmatter_is_left_to_the_parser(raw: str) -> None:
    assert plain_yaml.read(raw) is None


SAFE = ["word", "é", "数据", "a b", "B-c", "x", "2", " "]
RISKY = [
    *(": ", ":", "#", " #", "-", "- ", "[", "]", "[]", "{", ",", ", ", '"', "'", "\\", "|", ">"),
    *(
        "&",
        "*",
        "!",
        "%",
        "@",
        "?",
        "~",
        "null",
        "yes",
        "No",
        "true",
        "OFF",
        "0",
        "1.0",
        "0x1",
        "1_0",
    ),
    *(
        "2026-03-01",
        "2026-13-01",
        "T10:00",
        ":00",
        " 10:00:00",
        "Z",
        "+02:00",
        "12:30",
        "T24:00:00",
    ),
    *("\t", "\u3000", "\xa0", "\u2028", "\x85", "\ufeff", "\x00", "🙂", "...", "---", "\n", "\n  "),
]
VALUE = st.lists(st.sampled_from(SAFE * 8 + RISKY), max_size=4).map("".join)
LIST = st.lists(VALUE, max_size=3).map(", ".join).map("[{}]".format)
QUOTED = st.builds("{0}{1}{0}".format, st.sampled_from("\"'"), VALUE)
KEY = st.sampled_from(["title", "tags", "date", "x-1", "y", "on", "é", "1"])
LINE = st.one_of(
    st.builds("{}: {}".format, KEY, VALUE | LIST | QUOTED),
    st.builds("{}:".format, KEY),
    st.builds("{}- {}".format, st.sampled_from(["", "  ", "    "]), VALUE),
    VALUE,
)


@settings(max_examples=400)
@given(st.lists(LINE, max_size=3).map("\n".join))
def test_the_values_are_those_of_the_parser(raw: str) -> None:
    plain = plain_yaml.read(raw)

    if plain is not None:
        values, problems = yaml_mapping.read(raw, 2)
        assert (plain, []) == (values, problems)
        assert repr(plain) == repr(values), "the types differ"
