import pytest

from memcairn.memory_md.links import Target, missing_note, note_of, targets


class Root:
    def __init__(self, *paths):
        self.paths = paths

    def at(self, path):
        return path if path in self.paths else None

    def with_file_name(self, name):
        return [path for path in self.paths if path.rpartition("/")[2] == name]


ROOT = Root(
    "role.md",
    "a b.md",
    "f(x).md",
    "日本語.md",
    "100%.md",
    "sub/plan.md",
    "other/deep/plan.md",
    "a:b.md",
    "caf\udce9.md",
)


def notes_in(text):
    return [note_of(target, ROOT) for target in targets(text)]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("- [Role](role.md) — staff engineer", "role.md"),
        ("see [the role](./role.md 'title') there", "role.md"),
        ("[r](role.md#section)", "role.md"),
        ("[r](sub/../role.md)", "role.md"),
        ("[x](a%20b.md)", "a b.md"),
        ("[x](<a b.md>)", "a b.md"),
        ("[x](f(x).md)", "f(x).md"),
        (r"[x](f\(x\).md)", "f(x).md"),
        ("[x](%E6%97%A5%E6%9C%AC%E8%AA%9E.md)", "日本語.md"),
        ("[x](日本語.md)", "日本語.md"),
        ("[x](100%.md)", "100%.md"),
        ("[x](100%25.md)", "100%.md"),
        ("[x](caf%E9.md)", "caf\udce9.md"),
        ("[x](a:b.md)", "a:b.md"),
        ("[x][ref]\n\n[ref]: role.md", "role.md"),
        ("[[role]]", "role.md"),
        ("[[role.md|My role]]", "role.md"),
        ("[[role#part]]", "role.md"),
        ("[[sub/plan]]", "sub/plan.md"),
        ("[[plan]]", "sub/plan.md"),
        ("| a |\n|---|\n| [r](role.md) |", "role.md"),
    ],
)
def test_a_link_by_hand_leads_to_its_note(text, path):
    assert notes_in(text) == [path]


@pytest.mark.parametrize(
    "text",
    [
        "plain words, role.md",
        "`[r](role.md)`",
        "```\n[r](role.md)\n```",
        "<!-- [r](role.md) -->",
        "![picture](role.md)",
        "\\[r](role.md)",
        '<a href="role.md">r</a>',
    ],
)
def test_text_that_is_not_a_link_has_no_target(text):
    assert targets(text) == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("gone.md", "gone.md"),
        ("my%20gone.md#x", "my gone.md"),
        ("https://example.org/a.md", None),
        ("mailto:a@example.org", None),
        ("//host/a.md", None),
        ("/etc/a.md", None),
        ("#part", None),
        ("../out.md", None),
        ("src/app.py", None),
    ],
)
def test_a_link_to_no_note_is_an_orphan_if_it_looks_like_a_note(text, missing):
    assert note_of(Target(text), ROOT) is None
    assert missing_note(Target(text)) == missing


def test_a_wiki_link_to_no_note_is_an_orphan():
    assert missing_note(Target("gone#part", wiki=True)) == "gone"


def test_text_that_is_not_utf_8_is_read():
    assert notes_in("caf\udce9 [r](role.md)") == ["role.md"]
