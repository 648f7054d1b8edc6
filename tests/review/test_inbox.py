"""The inbox: proposals wait, are decided, are undone, and are void once a note has changed."""

import os

import pytest

from memcairn import Memory
from memcairn.errors import NoteChanged, NoteMissing, SecretFound, StateError, UsageError
from memcairn.root import inbox
from memcairn.root.review import accept, decide, decline, evidence, proposals, propose, undo
from support import unreadable

NOTES = {
    "a.md": "---\ntitle: Old port\n---\n\nThe database listens on 5433.\n",
    "b.md": "The database listens on 5440. See [the old one](a.md), [[a]] and [x][y].\n\n[y]: a.md\n",
    "sub/c.md": "Compare [a](../a.md#top) and [[a|that]].\n",
}


@pytest.fixture
def root(home, tmp_path):
    folder = tmp_path / "notes"
    for name, text in NOTES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with Memory() as memory:
        memory.index(folder)
        opened = memory.open_root(folder)
        yield opened
        opened.close()


def read(root, path):
    return root.read_bytes(path).decode()


def state(root):
    return {path: read(root, path) for path in NOTES}


def test_a_proposal_changes_no_note_and_waits(root):
    made = propose(root, "forget", ["a.md"], why="It is old.")
    assert state(root) == NOTES
    assert proposals(root) == [made]
    (shown,) = evidence(root, made)
    assert (shown.title, shown.text, shown.source) == ("Old port", NOTES["a.md"], "")


def test_the_same_proposal_is_made_once_even_after_a_decision(root):
    made = propose(root, "forget", ["a.md"])
    assert propose(root, "forget", ["a.md"]) == made
    decline(root, made.id)
    assert propose(root, "forget", ["a.md"]).decision == "keep"
    assert proposals(root) == []
    assert [one.id for one in proposals(root, decided=True)] == [made.id]


@pytest.mark.parametrize(
    ("action", "paths", "text"),
    [
        ("edit", ["a.md"], "It listens on 5440."),
        ("merge", ["b.md", "a.md"], ""),
        ("merge", ["b.md", "a.md"], "Both."),
        ("supersede", ["a.md", "b.md"], ""),
        ("archive", ["a.md"], ""),
        ("forget", ["a.md", "b.md"], ""),
        ("add", [], "The cache holds 4 GB."),
    ],
)
def test_a_decision_is_one_revision_and_can_be_undone(root, action, paths, text):
    made = propose(root, action, paths, text=text)
    before = len(root.history.log())
    done = accept(root, made.id)
    assert done.decision == action
    new = root.history.log()[: len(root.history.log()) - before]
    assert [one.id for one in new if one.tool != "found"] == [done.revision]
    assert len(root.read_index(lambda db: db.execute("SELECT path FROM note").fetchall())) != 0
    assert undo(root, made.id).decision == ""
    assert state(root) == NOTES
    assert [one.id for one in proposals(root)] == [made.id]


def test_the_links_to_a_merged_note_lead_to_the_one_that_stays(root):
    accept(root, propose(root, "merge", ["b.md", "a.md"], text="Both.").id)
    assert read(root, "b.md") == "Both.\n"
    assert read(root, "sub/c.md") == "Compare [a](../b.md#top) and [[b|that]].\n"
    with pytest.raises(NoteMissing):
        read(root, "a.md")


def test_supersede_marks_both_notes(root):
    accept(root, propose(root, "supersede", ["a.md", "b.md"]).id)
    assert "superseded_by: b.md\n" in read(root, "a.md")
    assert "supersedes: a.md\n" in read(root, "b.md")
    assert root.engine.search("database listens")[0].path.endswith("b.md")


def test_an_edit_keeps_the_frontmatter(root):
    accept(root, propose(root, "edit", ["a.md"], text="It listens on 5440.").id)
    assert read(root, "a.md") == "---\ntitle: Old port\n---\n\nIt listens on 5440.\n"


def test_a_proposal_is_void_once_its_note_has_changed(root):
    made = propose(root, "forget", ["a.md"])
    root.edit("a.md", "5433", "5434")
    with pytest.raises(NoteChanged):
        accept(root, made.id)
    assert "5434" in read(root, "a.md")
    assert proposals(root) == []


def test_a_decision_is_not_undone_over_a_later_change(root):
    made = propose(root, "edit", ["a.md"], text="It listens on 5440.")
    accept(root, made.id)
    root.edit("a.md", "5440", "5441")
    with pytest.raises(NoteChanged):
        undo(root, made.id)
    assert "5441" in read(root, "a.md")


def test_another_decision_than_the_proposed_one(root):
    made = propose(root, "forget", ["a.md", "b.md"])
    decide(root, made.id, "archive", paths=["a.md"])
    assert "valid_until" in read(root, "a.md")
    assert read(root, "b.md") == NOTES["b.md"]
    with pytest.raises(UsageError, match="was decided"):
        decline(root, made.id)


@pytest.mark.parametrize(
    ("action", "paths", "text"),
    [
        ("burn", ["a.md"], ""),
        ("edit", ["a.md"], " "),
        ("merge", ["a.md"], ""),
        ("supersede", ["a.md", "b.md", "sub/c.md"], ""),
        ("add", ["a.md"], "x"),
        ("forget", [], ""),
    ],
)
def test_a_proposal_that_cannot_be_done_is_refused(root, action, paths, text):
    with pytest.raises(UsageError):
        propose(root, action, paths, text=text)


def test_a_secret_does_not_enter_the_inbox(root):
    with pytest.raises(SecretFound):
        propose(root, "add", [], text="the key is AKIA" + "Q3EGZ7XJWLPVN5TD")
    assert proposals(root) == []


def test_a_damaged_proposal_is_left_out(root, home):
    made = propose(root, "forget", ["a.md"])
    folder = home / "inbox" / root.key
    (folder / "0000.json").write_text("{")
    (folder / "1111.json").write_text('{"id": "2222"}')
    assert proposals(root) == [made]


def test_consent(root, home):
    assert root.inbox.consent == "observations"
    root.inbox.set_consent("all")
    assert root.inbox.consent == "all"
    with pytest.raises(UsageError):
        root.inbox.set_consent("everything")
    (home / "inbox" / root.key / "consent").write_text("al")
    assert root.inbox.consent == "nothing"


def test_a_proposal_stays_while_the_disk_cannot_read_its_note(root):
    made = propose(root, "forget", ["a.md"])

    with unreadable("a.md"):
        assert proposals(root) == [made]

    assert proposals(root) == [made]


def test_notes_are_not_taken_for_approved_while_the_disk_cannot_read_the_inbox(root):
    made = propose(root, "forget", ["a.md"])
    home = root.engine.home

    for name in (os.path.basename(root.inbox.folder), f"{made.id}.json"):
        with unreadable(name), pytest.raises(StateError, match="cannot be read"):
            inbox.held(home, [root.root])
