"""Decisions and notes that replace or amend others, in both directions; citations of code that changed."""

import os
import subprocess

import pytest

from memcairn import Memory, Query
from memcairn.notes.decision_record import others
from memcairn.root import observe
from memcairn.root.observe import Observation


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("## Status\n\nSupersedes [4](0004-cache.md)", (("0004-cache.md",), (), ())),
        ("## Status\n\nAccepted\n\nSupercedes ADR-0004", (("ADR-0004",), (), ())),
        ("## Status\n\nAmends [5](0005-names.md)", ((), ("0005-names.md",), ())),
        ("* Status: accepted\n* Supersedes: [[0004-cache]]", (("[[0004-cache]]",), (), ())),
        ("## Status\n\nAmended by [7](0007.md)", ((), (), ("0007.md",))),
        ("## Context\n\nIt supersedes nothing.", ((), (), ())),
        ("Replaces the whole old engine.", ((), (), ())),
    ],
)
def test_a_decision_names_others(text, found):
    assert others(text.split("\n")) == found


@pytest.fixture
def memory(home):
    with Memory(semantic=False) as memory:
        yield memory


@pytest.fixture
def root(memory, tmp_path):
    (tmp_path / "notes").mkdir()
    opened = memory.open_root(tmp_path / "notes")
    opened.adopt()
    yield opened
    opened.close()


CACHE = (
    "# 4. Cache pages\n\n## Status\n\nAccepted\n\n## Context\n\nPages are slow without a cache.\n"
)


@pytest.mark.parametrize(
    "newer",
    [
        "# 9. No cache\n\n## Status\n\nSupersedes [4](0004-cache.md)\n\nPages are fast without a cache.\n",
        "# 9. No cache\n\n## Status\n\nSupersedes ADR-4\n\nPages are fast without a cache.\n",
        "---\nsupersedes: adr/0004-cache.md\n---\n# 9. No cache\n\nPages are fast without a cache.\n",
        "---\nsupersedes: [[0004-cache]]\n---\n# 9. No cache\n\nPages are fast without a cache.\n",
    ],
)
def test_a_note_that_supersedes_another_one_marks_it(memory, root, newer):
    root.write("adr/0004-cache.md", CACHE)
    assert "0004-cache" in root.read("MEMORY.md").text
    root.write("adr/0009-no-cache.md", newer)

    query = Query("pages slow cache", root=root.root)
    by_path = {os.path.basename(p.path): p for p in memory.search(query)}
    assert by_path["0004-cache.md"].superseded_by == f"{root.root}/adr/0009-no-cache.md"
    assert by_path["0009-no-cache.md"].superseded_by is None
    assert next(iter(by_path)) == "0009-no-cache.md"
    assert "0004-cache" not in root.read("MEMORY.md").text

    root.remove("adr/0009-no-cache.md")
    assert {found.superseded_by for found in memory.search(query)} == {None}
    assert "0004-cache" in root.read("MEMORY.md").text


def test_a_replaced_note_is_never_first_for_its_own_question(memory, root):
    """Neither the second nor the third note has a word of the question."""
    root.write(
        "a.md", "---\nsuperseded_by: b.md\n---\n# Blue-green\n\nWe deploy with blue-green.\n"
    )
    root.write("b.md", "---\nsuperseded_by: c.md\n---\n# Canary\n\nTraffic moves in steps.\n")
    root.write("c.md", "# Rolling\n\nOne machine after another.\n")
    found = memory.search(Query("do we deploy with blue-green", root=root.root))
    first, *others = [os.path.basename(one.path) for one in found]
    assert first == "c.md"
    assert set(others) == {"a.md", "b.md"}


def test_an_amendment_is_reported_and_the_older_decision_stands(memory, root):
    root.write("0004-cache.md", CACHE)
    root.write(
        "0005-more.md", "# 5. More\n\n## Status\n\nAmends [4](0004-cache.md)\n\nFor an hour.\n"
    )
    (found,) = memory.search(Query("why pages are slow", limit=1, root=root.root))
    assert (found.superseded_by, found.remarks) == (None, (f"amended by {root.root}/0005-more.md",))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Accepted", "Amends [4](0004-cache.md)"),
        ("Accepted\n\nAmended by [5](0005-more.md)", "Accepted"),
        ("Accepted\n\nAmended by ADR-5", "Accepted"),
        ("Accepted\n\nAmended by [5](0005-more.md)", "Amends [4](0004-cache.md)"),
        ("Clarified by [5](0005-more.md)", "Clarifies ADR-4"),
    ],
)
def test_an_amendment_is_reported_in_both_directions_whoever_says_it(memory, root, old, new):
    root.write("0004-cache.md", CACHE.replace("Accepted", old))
    root.write("0005-more.md", f"# 5. More\n\n## Status\n\n{new}\n\nKept for an hour.\n")

    (older_one,) = memory.search(Query("why pages are slow", limit=1, root=root.root))
    (newer_one,) = memory.search(Query("kept for an hour", limit=1, root=root.root))

    assert older_one.remarks == (f"amended by {root.root}/0005-more.md",)
    assert newer_one.remarks == (f"amends {root.root}/0004-cache.md",)
    assert older_one.superseded_by is newer_one.superseded_by is None


def test_all_amendments_are_reported(memory, root):
    root.write("0004-cache.md", CACHE)
    for number in (5, 6):
        root.write(f"000{number}-more.md", f"# {number}. More\n\n## Status\n\nAmends ADR-4\n")

    (found,) = memory.search(Query("why pages are slow", limit=1, root=root.root))

    assert found.remarks == tuple(f"amended by {root.root}/000{n}-more.md" for n in (5, 6))


def test_two_notes_that_supersede_each_other_do_not_end_a_search(memory, root):
    root.write("a.md", "---\nsupersedes: b.md\n---\nThe kettle is red.\n")
    root.write("b.md", "---\nsupersedes: a.md\n---\nThe kettle is blue.\n")
    assert len(memory.search(Query("kettle", root=root.root))) == 2


@pytest.fixture
def repository(root, tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / "src").mkdir()
    (folder / "src" / "upload.py").write_text("".join(f"line {n}\n" for n in range(1, 41)))
    monkeypatch.chdir(folder)
    return folder


def cite(root, source):
    said = Observation("Uploads are checked before they are stored.", sources=(source,))
    return root.observe(observe.validated(said, allow_secret=False)).path


@pytest.mark.parametrize("source", ["src/upload.py:10-24", "src/upload.py:12", "src/upload.py"])
def test_cited_lines_that_changed_are_reported(memory, root, repository, source):
    path = cite(root, source)
    query = Query("uploads checked", root=root.root)
    assert f"{source}@" in root.read(path).text
    assert memory.search(query)[0].remarks == ()

    file = repository / "src" / "upload.py"
    file.write_text(file.read_text().replace("line 12", "line twelve"))

    (remark,) = memory.search(query)[0].remarks
    assert remark.startswith("cited lines changed 20")
    assert remark.endswith(source)
    file.unlink()
    assert memory.search(query)[0].remarks == (f"cited code is gone: {source}",)


def test_other_lines_may_change(memory, root, repository):
    cite(root, "src/upload.py:10-24")
    file = repository / "src" / "upload.py"
    file.write_text(file.read_text().replace("line 30", "line thirty"))
    assert memory.search(Query("uploads checked", root=root.root))[0].remarks == ()


@pytest.mark.parametrize(
    "source", ["../secret.txt:1", "/etc/passwd", "https://example.com/a:b", "??", "src:1"]
)
def test_a_citation_outside_the_project_is_kept_as_it_is(memory, root, repository, source):
    path = cite(root, source)
    assert source in root.read(path).text
    assert "@" not in root.read(path).text
    assert memory.search(Query("uploads checked", root=root.root))[0].remarks == ()
