from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memcairn.errors import OutsideRoot, UsageError
from memcairn.fs import names

OUTSIDE = [
    "/etc/passwd",
    "//server/share",
    "~",
    "~/.ssh/id_rsa",
    "..",
    "../x.md",
    "a/../../x.md",
    "a/..",
    "a/./b",
    ".",
    "C:",
    "C:/x.md",
    "c:\\x.md",
]
RESERVED = [
    ".git",
    ".git/config",
    "a/.git/hooks/pre-commit",
    ".GIT/config",
    ".Git",
    ".git.",
    ".git ",
    ".git . .",
    ".g\u200cit/config",
    "\ufeff.git",
    "\u2024git",
    ".\uff47it",
    ".memcairn.toml",
    ".MemCairn.toml",
    ".memcairn-0011.tmp",
    "a/.memcairnignore",
    ".me\u200dmcairn.toml",
]
IMPOSSIBLE = [
    "",
    "a\0b",
    "\0",
    "a//b",
    "a/",
    "a/b/",
    "x" * 256,
    "é" * 128,
    "a/" * 600 + "b",
    "d/" * 32 + "x.md",
    "\ud800.md",
]
PLAIN = [
    "a.md",
    "notes/plan.md",
    ".hidden/x.md",
    ".gitignore",
    ".github/x.md",
    "git",
    "memcairn.toml",
    "c: an idea.md",
    "~notes.md",
    "a..b/...c",
    "日本/ノート.md",
    "x" * 255,
    "d/" * 31 + "x.md",
]


@pytest.mark.parametrize("path", OUTSIDE + RESERVED)
def test_a_path_that_leads_out_or_is_reserved_is_refused(path: str) -> None:
    with pytest.raises(OutsideRoot):
        names.parts(path)


@pytest.mark.parametrize("path", IMPOSSIBLE)
def test_a_path_that_no_file_has_is_refused(path: str) -> None:
    with pytest.raises(UsageError):
        names.parts(path)


@pytest.mark.parametrize("path", PLAIN)
def test_a_plain_path_is_its_components(path: str) -> None:
    assert "/".join(names.parts(path)) == path


def test_a_leading_dot_slash_is_dropped() -> None:
    assert names.parts("././notes/plan.md") == ("notes", "plan.md")


@pytest.mark.parametrize("path", ["", ".", "./"])
def test_the_root_itself_is_a_folder(path: str) -> None:
    assert names.folder_parts(path) == ()


def test_one_slash_may_end_the_path_of_a_folder() -> None:
    assert names.folder_parts("notes/") == ("notes",)
    with pytest.raises(UsageError):
        names.folder_parts("notes//")
    with pytest.raises(OutsideRoot):
        names.folder_parts("/")


@pytest.mark.parametrize("path", OUTSIDE + RESERVED + IMPOSSIBLE + ["\x1b[2J/../x", "a\nb/.git"])
def test_a_message_about_a_path_is_short_and_printable(path: str) -> None:
    with pytest.raises((OutsideRoot, UsageError)) as refusal:
        names.parts(path)

    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize("name", ["a\\b", "a\nb", "\x1b[31m", "a\x7f", "a\x9bb"])
def test_a_new_name_has_no_backslash_and_no_control_character(name: str) -> None:
    with pytest.raises(UsageError):
        names.require_creatable(("notes", name))


@given(st.text())
def test_components_never_lead_out(path: str) -> None:
    try:
        components = names.parts(path)
    except (OutsideRoot, UsageError):
        return

    assert components
    assert not {"", ".", ".."} & set(components)
    assert not any("/" in name or "\0" in name or names.is_reserved(name) for name in components)


@given(st.sampled_from([".git", ".memcairn.toml"]), st.data())
def test_no_case_of_a_reserved_name_is_free(name: str, data: st.DataObject) -> None:
    spelled = "".join(data.draw(st.sampled_from([c, c.upper(), c.lower()])) for c in name)
    end = data.draw(st.text(". ", max_size=3))

    assert names.is_reserved(spelled + end)
