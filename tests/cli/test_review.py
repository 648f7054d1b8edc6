"""memcairn review, tidy and consent."""

import json

import pytest
from click.testing import CliRunner

from memcairn import Memory
from memcairn.cli import review as commands
from memcairn.notes.correction import relation
from memcairn.root import review
from memcairn.root.review import rules

OLD = "The staging broker listens on port 5433."
NEW = "The staging broker listens on port 5440."


@pytest.fixture
def folder(home, tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text(f"---\ndate: 2026-01-01\n---\n{OLD}\n")
    (notes / "b.md").write_text(f"---\ndate: 2026-02-01\n---\n{NEW}\n")
    (notes / "c.md").write_text("---\nvalid_until: 2020-01-01\n---\nThe office is in Bonn.\n")
    (notes / "d.md").write_text("Uploads are deleted after 14 days.\n")
    (notes / "e.md").write_text("Uploads are deleted after two weeks.\n")
    long = "\n\n".join(f"## Topic {n}\n\n" + "Some words of text here. " * 40 for n in range(6))
    (notes / "f.md").write_text(f"# Many\n\n{long}\n")
    with Memory(semantic=False) as memory:
        memory.index(notes)
    return notes


def run(command, *arguments):
    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert done.exception is None, done.output
    return done.output


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.md")}


def test_tidy_proposes_and_changes_nothing(folder):
    before = contents(folder)
    made = json.loads(run(commands.tidy, "--json"))["proposals"]
    assert contents(folder) == before
    found = {(one["kind"], one["action"], tuple(one["paths"])) for one in made}
    assert found == {
        ("contradiction", "supersede", ("a.md", "b.md")),
        ("past its date", "archive", ("c.md",)),
        ("duplicate", "merge", ("e.md", "d.md")),
        ("several subjects", "keep", ("f.md",)),
    }
    assert all(one["why"] for one in made)
    again = json.loads(run(commands.tidy, "--json"))["proposals"]
    assert {one["id"] for one in again} == {one["id"] for one in made}


def test_review_lists_with_evidence(folder):
    run(commands.tidy, "--quiet")
    rows = json.loads(run(commands.command, "--json"))["proposals"]
    (pair,) = [row for row in rows if row["kind"] == "contradiction"]
    assert [side["path"] for side in pair["evidence"]] == ["a.md", "b.md"]
    assert OLD in pair["evidence"][0]["text"]
    assert len(run(commands.command).splitlines()) == len(rows)
    assert run(commands.command, "--since", "2099") == "memcairn: nothing waits\n"


def test_review_decides_with_one_key(folder, monkeypatch):
    before = contents(folder)
    run(commands.tidy, "--quiet")
    with Memory(semantic=False) as memory:
        root = memory.open_root(folder)
        waiting = review.proposals(root)
        keys = iter(["\r", "u", "\r", *("n" for _ in waiting[1:])])
        monkeypatch.setattr("click.getchar", lambda: next(keys))
        commands._walk(root, waiting)
        (decided,) = review.proposals(root, decided=True)
        assert decided.decision == waiting[0].action
        review.undo(root, decided.id)
        assert contents(folder) == {**before, **contents(folder)}
        root.close()


def test_a_key_that_fails_says_why_and_asks_again(folder, monkeypatch, capsys):
    with Memory(semantic=False) as memory:
        root = memory.open_root(folder)
        one = review.propose(root, "forget", ["a.md"])
        keys = iter(["s", "x", "k"])
        monkeypatch.setattr("click.getchar", lambda: next(keys))
        commands._walk(root, [one])
        assert "supersede needs 2 paths" in capsys.readouterr().out
        assert review.proposals(root, decided=True)[0].decision == "keep"
        root.close()


def test_a_difference_behind_the_width_of_the_terminal_is_shown(folder, monkeypatch, capsys):
    start = "---\nsource: memcairn\n---\n"
    (folder / "a.md").write_text(f"{start}Every weekday morning the car stops at the station.\n")
    (folder / "b.md").write_text(f"{start}Every weekday morning the car stops at the harbour.\n")
    with Memory(semantic=False) as memory:
        root = memory.open_root(folder)
        one = review.propose(root, "supersede", ["a.md", "b.md"])
        monkeypatch.setattr("click.getchar", lambda: "q")
        commands._walk(root, [one])
        root.close()
    shown = capsys.readouterr().out
    assert "station." in shown
    assert "harbour." in shown
    assert "source: memcairn" not in shown


def test_a_key_without_a_meaning_is_explained(folder, monkeypatch, capsys):
    with Memory(semantic=False) as memory:
        root = memory.open_root(folder)
        one = review.propose(root, "forget", ["a.md"])
        keys = iter(["x", "u", "q"])
        monkeypatch.setattr("click.getchar", lambda: next(keys))
        commands._walk(root, [one])
        root.close()
    shown = capsys.readouterr().out
    assert "'x' is none of these keys" in shown
    assert "there is no decision to undo" in shown


def test_tidy_compares_what_notes_say_under_their_titles(home, tmp_path):
    (tmp_path / "notes").mkdir()
    for name, number in (("Retries", "three"), ("Mailer", "five")):
        text = f"# {name}\n\nThe mailer retries a message {number} times.\n"
        (tmp_path / "notes" / f"{name.lower()}.md").write_text(text)
    for name, port in (("Staging", 5433), ("Production", 5440)):
        text = f"# {name}\n\nThe broker listens on port {port}.\n"
        (tmp_path / "notes" / f"{name.lower()}.md").write_text(text)
    with Memory(semantic=False) as memory:
        memory.index(tmp_path / "notes")

    (made,) = json.loads(run(commands.tidy, "--json"))["proposals"]

    assert (made["kind"], sorted(made["paths"])) == ("contradiction", ["mailer.md", "retries.md"])


def test_consent_is_per_root(folder):
    assert run(commands.consent) == f"{folder}: observations\n"
    assert run(commands.consent, "nothing") == f"{folder}: nothing\n"
    assert json.loads(run(commands.consent, str(folder), "--json"))["consent"] == "nothing"
    assert run(commands.consent, str(folder), "all") == f"{folder}: all\n"


def test_tidy_compares_few_of_the_pairs_of_many_notes(home, tmp_path, monkeypatch):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(300):
        words = " ".join(f"w{(number * 7 + step * step) % 997}" for step in range(25))
        (folder / f"{number}.md").write_text(f"# Note {number}\n\nService {number} uses {words}.\n")
    with Memory(semantic=False) as memory:
        memory.index(folder, embed=False)
        root = memory.open_root(folder)
        compared = []
        monkeypatch.setattr(
            rules, "relation", lambda *pair: compared.append(pair) or relation(*pair)
        )
        assert review.tidy(root) == []
        assert len(compared) < 1_000
        root.close()


def test_tidy_finds_what_says_the_same_in_other_words(home, tmp_path, monkeypatch):
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "builtin")
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("Deployments are frozen from 20 December to 3 January.\n")
    (notes / "b.md").write_text("Deployment freeze: Dec 20 to Jan 3.\n")
    (notes / "c.md").write_text("Deployment freeze: Nov 20 to Jan 3.\n")
    with Memory() as memory:
        memory.index(notes)
        memory.embed()
        found = {(one.kind, frozenset(one.paths)) for one in review.tidy(memory.open_root(notes))}
    assert ("duplicate", frozenset(("a.md", "b.md"))) in found
    assert ("duplicate", frozenset(("a.md", "c.md"))) not in found
