"""What stands between <private> and </private> stays in the file, and nowhere else."""

import io
from pathlib import Path

import pytest

from memcairn import Memory, Query
from memcairn.archive import exporting
from memcairn.hosts.payload import from_fields
from memcairn.root import observe
from memcairn.root.observe import Observation
from memcairn.safety.private import without_private

SECRET = "zebrafish"


@pytest.mark.parametrize(
    ("text", "public"),
    [
        (f"a <private>{SECRET}</private> b", "a  b"),
        (f"a <PRIVATE>\n{SECRET}\n</PRIVATE> b", "a \n\n b"),
        (f"a <private>x <private>{SECRET}</private> {SECRET}</private> b", "a  b"),
        (f"a <private>\n{SECRET}", "a \n"),
        ("the tag `<private>` hides a part", "the tag `<private>` hides a part"),
        ("a </private> b", "a  b"),
    ],
)
def test_private_parts_are_left_out_and_lines_keep_their_numbers(text, public):
    found = without_private(text, "", keep_lines=True)
    assert found == public
    assert found.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        f"# Rollout\n\nWe deploy on Mondays.\n\n<private>\nThe {SECRET} knows.\n</private>\n\nThen rest.\n",
        f"---\ntitle: Rollout\ndescription: <private>{SECRET}</private>\n---\n\nWe deploy on Mondays.\n",
        f"<private># {SECRET}</private>\n\nWe deploy on Mondays.\n",
        f"# Rollout\n\nWe deploy on Mondays. <private>{SECRET} is open to the end",
    ],
)
def test_a_private_part_of_a_note_is_not_found_listed_or_exported(home, tmp_path, text):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text(text)
    with Memory(semantic=False) as memory:
        memory.index(folder)
        memory.refresh_memory_md(folder)
        assert memory.search(SECRET) == []
        (found, *_) = memory.search("when do we deploy")
        lines = text.split("\n")
        assert "Mondays" in lines[found.start_line - 1]
        assert SECRET not in str(memory.search("when do we deploy"))
    assert SECRET not in (folder / "MEMORY.md").read_text()
    for form in ("json", "tar"):
        archive = io.BytesIO()
        exporting.export(folder, archive, form=form)
        assert SECRET.encode() not in archive.getvalue()
    assert (folder / "a.md").read_text() == text


def test_a_memory_with_a_private_part_keeps_it_in_its_file_only(home, tmp_path):
    said = f"Deploys are on Mondays. <private>{SECRET}</private>"
    tmp_path = tmp_path / "notes"
    tmp_path.mkdir()
    with Memory(semantic=False) as memory:
        path = memory.observe(said, root=tmp_path)
        assert path.read_text().endswith(f"\n{said}\n")
        assert SECRET not in path.name
        assert path.read_text().count(SECRET) == 1
        assert memory.search(Query(SECRET, root=tmp_path)) == []
        memory.observe("Deploys are on Fridays.", root=tmp_path)
        assert SECRET in path.read_text()


def test_a_private_prompt_is_not_searched_for():
    event = from_fields(
        "user-prompt", "claude-code", {"prompt": f"fix it <private>{SECRET}</private> now"}
    )
    assert event.prompt.split() == ["fix", "it", "now"]


def test_a_memory_that_is_all_private_is_refused():
    with pytest.raises(Exception, match="private"):
        observe.validated(Observation(f"<private>{SECRET}</private>"), allow_secret=False)
    assert not Path("observed").exists()
