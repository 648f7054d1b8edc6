"""Tables in TOML files that people wrote: nothing of theirs moves."""

from __future__ import annotations

import tomllib
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.formats import toml_text
from memcairn.hosts import toml_table

PATH = ("mcp_servers", "memcairn")
TABLE = {"command": 'C:\\a "b"\\memcairn', "args": ["serve"], "env": {"A": "é"}}

WRITTEN = [
    "",
    'model = "gpt"\n',
    'model = "gpt"',
    '# mine\r\nmodel = "gpt"\r\n\r\n[mcp_servers.other]\r\ncommand = "x" # note\r\n',
    '[mcp_servers]\nx = { command = "y" }\n\n\n',
    '[a]\nb = """\n[mcp_servers.memcairn]\n"""\n',
    "[profiles.x]\nmodel = 'y'\n# the end",
    "\ufeffa = 1\n",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_inserting_and_removing_leaves_the_text_unchanged(text: str) -> None:
    changed = toml_table.put(text, PATH, TABLE)

    assert toml_table.read(changed)["mcp_servers"]["memcairn"] == TABLE
    assert changed.startswith(text)
    assert toml_table.remove(changed, PATH) in (text, text + "\n")
    assert toml_table.put(changed, PATH, TABLE) == changed


@pytest.mark.parametrize("text", WRITTEN)
def test_a_table_of_that_name_is_replaced(text: str) -> None:
    old = toml_table.put(text, PATH, {"command": "old"})

    assert toml_table.read(toml_table.put(old, PATH, TABLE)) == toml_table.read(
        toml_table.put(text, PATH, TABLE)
    )


def test_what_was_written_below_the_table_stays() -> None:
    below = "\n# about b\n[b]\nc = 1\n"
    text = toml_table.put("a = 1\n", PATH, TABLE) + below

    assert toml_table.remove(text, PATH) == "a = 1\n" + below


def test_a_header_of_the_tables_above_stays() -> None:
    text = "[mcp_servers]\n\n"

    assert toml_table.remove(toml_table.put(text, PATH, TABLE), PATH) == text


def test_a_table_with_a_quoted_name_is_removed() -> None:
    path = ("hooks", "state", "/home/a b/.codex/hooks.json:stop:0:0")
    text = f'a = 1\n\n[hooks.state."{path[2]}"]\ntrusted_hash = "sha256:x"\n\n[b]\nc = 1\n'

    assert toml_table.read(toml_table.remove(text, path)) == {"a": 1, "b": {"c": 1}}


@pytest.mark.parametrize(
    "text",
    [
        'mcp_servers = { memcairn = { command = "x" } }\n',
        'mcp_servers.memcairn.command = "x"\n',
        "mcp_servers = { x = { command = 'x' } }\n",
        "mcp_servers = 1\n",
    ],
)
def test_a_form_that_is_not_edited_here_is_said_and_left_alone(text: str) -> None:
    with pytest.raises(toml_table.NotToml):
        toml_table.put(text, PATH, TABLE)


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb = \n", 2), ("a = 1\na = 2\n", 2), ("[x\n", 1)]
)
def test_a_broken_file_is_reported_with_its_line(text: str, line: int) -> None:
    with pytest.raises(toml_table.NotToml) as caught:
        toml_table.read(text)

    assert caught.value.line == line


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "# c",
                "",
                "k{} = 1",
                "[t{}]",
                "[mcp_servers.s{}]",
                "[[l{}]]",
                "d{}.e = 'x'",
                "  [u{}]  # c",
            ]
        ),
        max_size=8,
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_an_edit_says_just_what_was_asked(lines: list[str], newline: str, ended: bool) -> None:  # noqa: FBT001
    text = newline.join(line.format(at) for at, line in enumerate(lines)) + newline * ended
    before = toml_table.read(text)

    changed = toml_table.put(text, PATH, TABLE)
    middle = changed + f"{newline}[later]{newline}x = 1{newline}"

    assert toml_table.remove(changed, PATH).rstrip() == text.rstrip()
    assert toml_table.read(toml_table.remove(middle, PATH)) == before | {"later": {"x": 1}}


def test_deeply_nested_text_is_refused() -> None:
    with pytest.raises(toml_table.NotToml, match="nested too deeply"):
        toml_table.read("a = " + "[" * 100_000)


def test_the_work_does_not_grow_with_lines_that_look_like_headers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = '[mcp_servers.memcairn]\n[x]\nkey = """[y]"""\n' * 100
    text = f"a = '''\n{fake}'''\nb = [\n{'[1],' * 100}\n  [2],\n]\n{{}}# end\n"
    old = text.format("[mcp_servers.memcairn]\ncommand = 'old'\n[z]\nc = ['[', '''\n[d]\n''']\n")
    parsed = 0

    def loads(content: str) -> dict[str, object]:
        nonlocal parsed
        parsed += 1
        return tomllib.loads(content)

    monkeypatch.setattr(toml_text, "tomllib", SimpleNamespace(**vars(tomllib) | {"loads": loads}))
    changed = toml_table.put(old, PATH, TABLE)
    removed = toml_table.remove(changed, PATH)

    assert parsed <= 8
    assert removed == text.format("[z]\nc = ['[', '''\n[d]\n''']\n")
    assert tomllib.loads(changed)["mcp_servers"]["memcairn"] == TABLE
