"""Edits of JSON files that people wrote: nothing of theirs moves."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.hosts import jsonc

ENTRY = {"command": "/usr/bin/memcairn", "args": ["serve"]}
PATH = ("mcpServers", "memcairn")

WRITTEN = [
    '{"a": 1}',
    '{"mcpServers": {"x": {"command": "y"}}}\n',
    '{\n  "mcpServers": {\n    "x": {}\n  }\n}\n',
    '{\n\t"mcpServers": {\n\t\t"x": {} // mine\n\t}\n}',
    '{\r\n    "a": [1, 2],\r\n    "mcpServers": {\r\n        "x": {},\r\n    },\r\n}\r\n',
    '// first\n{\n  /* a */ "a": 1, // about a\n  // before b\n  "b": 2 // about b\n  // last\n}\n// end\n',
    '\ufeff{"mcpServers":{"x":{}},"b":1}',
    '{\n "a":1,"mcpServers":{"x":1,\n   "y":2}}',
    '{\n  "mcpServers": {\n    // none yet\n  }\n}\n',
    '{"url": "http://x//y", "s": "/* no comment */", "mcpServers": {"q": "\\"}"}}',
]


@pytest.mark.parametrize("text", WRITTEN)
def test_inserting_and_removing_leaves_the_text_unchanged(text: str) -> None:
    had_servers = jsonc.read(text).at(("mcpServers",)) is not None

    changed = jsonc.put(text, PATH, ENTRY)

    assert changed != text
    assert jsonc.read(changed).at(PATH).value == ENTRY  # type: ignore[union-attr]
    assert jsonc.remove(changed, PATH if had_servers else PATH[:1]) == text


@pytest.mark.parametrize("text", WRITTEN)
def test_an_entry_that_is_there_is_not_put_in_again(text: str) -> None:
    once = jsonc.put(text, PATH, ENTRY)

    assert jsonc.put(once, PATH, ENTRY) == once


@pytest.mark.parametrize("text", WRITTEN)
def test_an_entry_is_replaced_where_it_stands(text: str) -> None:
    once = jsonc.put(text, PATH, {"command": "/old/memcairn"})
    later = jsonc.put(once, ("zzz",), 1)

    assert jsonc.put(once, PATH, ENTRY) == jsonc.put(text, PATH, ENTRY)
    assert jsonc.remove(jsonc.put(later, PATH, ENTRY), ("zzz",)) == jsonc.put(text, PATH, ENTRY)


def test_an_empty_file_becomes_an_object() -> None:
    assert json.loads(jsonc.put("", PATH, ENTRY)) == {"mcpServers": {"memcairn": ENTRY}}


def test_a_new_object_is_indented_as_the_rest_of_the_file() -> None:
    changed = jsonc.put('{\n    "a": 1\n}\n', PATH, {"command": "m"})

    assert changed == (
        '{\n    "a": 1,\n    "mcpServers": {\n        "memcairn": {\n'
        '            "command": "m"\n        }\n    }\n}\n'
    )


def test_a_comment_stays_beside_what_it_is_about() -> None:
    changed = jsonc.put('{\n  "a": 1 // about a\n}\n', ("b",), 2)

    assert changed == '{\n  "a": 1, // about a\n  "b": 2\n}\n'


def test_elements_are_appended_and_removed() -> None:
    text = '{\n  "hooks": {"Stop": [{"command": "theirs"}]}\n}\n'

    changed = jsonc.append(text, ("hooks", "Stop"), {"command": "ours"})
    added = jsonc.append(changed, ("hooks", "Start"), {"command": "ours"})

    assert jsonc.read(added).value == {
        "hooks": {
            "Stop": [{"command": "theirs"}, {"command": "ours"}],
            "Start": [{"command": "ours"}],
        }
    }
    assert jsonc.remove(jsonc.remove(added, ("hooks", "Start")), ("hooks", "Stop", 1)) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n  "a": 1\n  "b": 2\n}', 3),
        ('{\n  "a": \n}', 3),
        ("{\n  'a': 1\n}", 2),
        ('{"a": 1}\n\n}', 3),
        ('{\n "a": "x\n"}', 2),
        ("{\n/* never\n ends", 2),
        ("{" * 5, 1),
        ('{"a": 1', 1),
        ("nonsense", 1),
        ("[" * 5000, 1),
    ],
)
def test_a_broken_file_is_reported_with_its_line(text: str, line: int) -> None:
    with pytest.raises(jsonc.NotJson) as caught:
        jsonc.read(text)

    assert caught.value.line == line


@pytest.mark.parametrize("text", ['{"mcpServers": []}', '{"mcpServers": "x"}', "[]", "1"])
def test_a_value_that_is_not_an_object_is_not_edited(text: str) -> None:
    with pytest.raises(jsonc.NotJson, match="is no object"):
        jsonc.put(text, PATH, ENTRY)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text('ab/*"\\é', max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "//", "é"]), inner, max_size=3)
    ),
    max_leaves=8,
)
SPACES = st.sampled_from(
    ["", "", " ", "\n", "\n  ", "\t", "\r\n", " // note\n", "/* c */", "/* a\nb */"]
)


@st.composite
def texts(draw: st.DrawFn, value: object | None = None) -> str:
    """A value as a person might have written it."""

    def written(item: object) -> str:
        before, after = draw(SPACES), draw(SPACES)
        if isinstance(item, dict):
            parts = [
                f"{draw(SPACES)}{json.dumps(key, ensure_ascii=False)}{draw(SPACES)}:{written(inner)}"
                for key, inner in item.items()
            ]
            return f"{before}{{{joined(parts)}{draw(SPACES)}}}{after}"
        if isinstance(item, list):
            return f"{before}[{joined([written(inner) for inner in item])}{draw(SPACES)}]{after}"
        return f"{before}{json.dumps(item, ensure_ascii=False)}{after}"

    def joined(parts: list[str]) -> str:
        return ",".join(parts) + ("," if parts and draw(st.booleans()) else "")

    return written(draw(st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=3)))


@settings(max_examples=150, deadline=None)
@given(texts(), VALUES)
def test_no_text_keeps_an_edit_from_saying_just_what_was_asked(text: str, value: object) -> None:
    before = jsonc.read(text).value

    changed = jsonc.put(text, ("ours", "x"), value)

    assert jsonc.read(changed).value == {**before, "ours": {"x": value}}
    assert jsonc.read(jsonc.remove(changed, ("ours",))).value == before
    if before:
        assert jsonc.remove(changed, ("ours",)) == text


@settings(max_examples=150, deadline=None)
@given(texts(), st.data())
def test_any_part_can_be_removed(text: str, data: st.DataObject) -> None:
    before = jsonc.read(text).value
    if not before:
        return
    key = data.draw(st.sampled_from(sorted(before)))

    changed = jsonc.remove(text, (key,))

    assert jsonc.read(changed).value == {k: v for k, v in before.items() if k != key}
    # What was not of that part stands there still.
    node = jsonc.read(text).part(key)
    assert node is not None
    its_own = text[node.key_start : node.end].count("// note")
    assert changed.count("// note") >= text.count("// note") - its_own - 1
